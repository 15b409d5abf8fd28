// The process in which all boards live: a real MicroPython with the real device package.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "tests/sim/frames.h"

namespace countersign::sim {

struct BoardsConfig {
    std::filesystem::path micropython;
    std::filesystem::path package;  // the folder that has countersign/ in it
    std::filesystem::path scripts;  // tests/sim
    std::string seed;
    std::string arithmetic;  // "fast" or "python"
    std::string heap;        // "256m"
};

class Boards {
  public:
    explicit Boards(const BoardsConfig& config);
    Boards(const Boards&) = delete;
    Boards& operator=(const Boards&) = delete;
    ~Boards();  // ends the process

    // The next question: its kind is the first byte. nullopt when the process has ended.
    [[nodiscard]] std::optional<Blob> question();
    void answer(const FrameWriter& fields);

  private:
    pid_t pid_ = -1;
    int from_ = -1;
    int to_ = -1;
};

// A copy of device/countersign in a new folder, with texts replaced on the way. Each must occur exactly once
// in its file: a replacement that no longer fits is an error and not an idle one.
struct Replacement {
    std::string file, from, to;
};
class PackageCopy {
  public:
    PackageCopy(const std::filesystem::path& package, const std::vector<Replacement>& replacements);
    PackageCopy(const PackageCopy&) = delete;
    PackageCopy& operator=(const PackageCopy&) = delete;
    ~PackageCopy();
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  private:
    std::filesystem::path folder_;
};

}  // namespace countersign::sim
