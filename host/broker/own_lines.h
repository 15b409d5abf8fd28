// What the owner adds to the files that we make: lines for Mosquitto in broker.d/*.conf, grants in acl.local.
// Edits of the files themselves are noticed and kept aside, since they are made anew.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace countersign::broker {

// Where they belong, in the broker's folder.
struct OwnFiles {
    explicit OwnFiles(const std::filesystem::path& folder)
        : config(folder / "broker.d"), access(folder / "acl.local") {}
    std::filesystem::path config, access;
};

// Throws Error{OwnLines} for a line of broker.d/*.conf that would undo what keeps root, home or clients safe.
void check_own_config(const std::filesystem::path& folder);

// The content of acl.local; "" when there is none.
[[nodiscard]] std::string own_access(const std::filesystem::path& folder);

// Writes a file that we make, with a mark by which an edit shows. An edited one is renamed to
// <path>.edited-<time> first.
void write_generated(const std::filesystem::path& path, const std::string& text, mode_t mode);

// Files of that name in the broker's folder.
[[nodiscard]] std::vector<std::filesystem::path> edited_files(const std::filesystem::path& folder);

}  // namespace countersign::broker
