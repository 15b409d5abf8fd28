// What a load changes of the program on a board: decided from what the board holds, done in scripts.
//
// Everything is written beside what it replaces and read back; then one short script renames and removes. So
// a power cut leaves the old program whole, or the new one, or, within that script, a mixture that the same
// load finishes. /lib/countersign is ours: modules in it that the program does not have, in the form that it
// is brought in, are removed. Files of other kinds stay, and so does everything outside of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/secret.h"
#include "host/loader/board_facts.h"
#include "host/loader/device_files.h"

namespace countersign::loader {

// MicroPython takes module.py where there is module.mpy too, so one form excludes the other.
[[nodiscard]] Form form_for(const BoardFacts& facts, bool source);

class ProgramChange {
  public:
    // `replace_main`: also a main.py that is not ours. The facts must outlive it.
    ProgramChange(const BoardFacts& facts, Form form, bool replace_main);

    [[nodiscard]] bool empty() const noexcept { return files_.empty() && removed_.empty(); }
    // main.py is somebody else's and stays.
    [[nodiscard]] bool keeps_main() const noexcept { return keeps_main_; }
    // Paths without the leading slash.
    [[nodiscard]] std::vector<std::string> written() const;
    [[nodiscard]] const std::vector<std::string>& removed() const noexcept { return removed_; }

    // Blocks of flash it takes at most while it goes on, when `free` are there.
    [[nodiscard]] std::uint64_t blocks(std::uint64_t free) const;
    // What does it; for a board that has `free` blocks. With too few for the whole program beside the old
    // one, what the new one has not goes first and each file takes its place as it comes: a load that is cut
    // then leaves no program that runs, until the next one.
    [[nodiscard]] std::vector<Secret> scripts(std::uint64_t free) const;

  private:
    struct File {
        std::string path;
        std::string_view content;
        bool staged;  // it lies beside its place already, from a load that was cut
    };

    [[nodiscard]] std::uint64_t blocks_of(const File& file) const;
    [[nodiscard]] std::uint64_t together() const;
    [[nodiscard]] std::uint64_t one_by_one() const;
    [[nodiscard]] std::uint64_t freed_first() const;
    [[nodiscard]] std::string digest_of(const std::string& path) const;
    void decide_files(Form form, bool replace_main);
    void decide_removals(Form form);

    const BoardFacts& facts_;
    std::vector<File> files_;
    std::vector<std::string> removed_;
    bool keeps_main_ = false;
};

}  // namespace countersign::loader
