// What write_file() writes into until it takes the target's place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "host/base/beneath.h"

namespace countersign {

class TemporaryFile {
  public:
    // Beside the target: `<target>.<process>-<n>.tmp`. It is locked as long as its writer lives. Throws
    // Error{FileWrite}, as everything here.
    TemporaryFile(const std::filesystem::path& target, mode_t mode);
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile();

    void write(std::span<const std::uint8_t> content);
    // Synced, renamed, the folder synced.
    void take_its_place();

  private:
    bool make(mode_t mode);

    std::filesystem::path target_;
    Entry entry_;
    std::string name_;
    Descriptor file_;
    mode_t mode_ = 0;
    bool there_ = false;
};

// Removes the temporary files in this folder whose writers are dead. Those of the living are locked: by the
// file, not by the number of a process, which another may have by now, or which is another's in a container.
void remove_leftovers(const std::filesystem::path& folder);

// To the last byte. Throws Error{FileWrite} with this path.
void write_all(int fd, std::span<const std::uint8_t> content, const std::filesystem::path& path);

}  // namespace countersign
