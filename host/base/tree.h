// Looking into folders, renaming and removing, by the rules of beneath.h: what std::filesystem does by paths,
// and over every symbolic link on the way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace countersign {

enum class EntryKind : std::uint8_t { file, folder, other };  // other: a link, a pipe…

struct FolderEntry {
    std::string name;
    EntryKind kind;
};

// By name. Empty when the folder is not there. Throws Error{FileRead, HomeUnsafe}.
[[nodiscard]] std::vector<FolderEntry> entries_in(const std::filesystem::path& folder);

// False, and nothing done, when `from` is not there or something that is not empty is in the way. Throws
// Error{FileWrite, HomeUnsafe}.
bool rename_entry(const std::filesystem::path& from, const std::filesystem::path& to);
// The same; false too when they are on two file systems.
bool rename_on_one_file_system(const std::filesystem::path& from, const std::filesystem::path& to);

// No matter when it is not there. Throws Error{FileWrite, HomeUnsafe}.
void remove_file(const std::filesystem::path& path);
// With all that is in it; links are removed, never followed.
void remove_tree(const std::filesystem::path& path);

}  // namespace countersign
