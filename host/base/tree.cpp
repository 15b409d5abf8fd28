#include "host/base/tree.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "host/base/beneath.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 32;  // ours are four deep; each costs a descriptor

struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

[[noreturn]] void fail(Code code, const fs::path& path) {
    throw Error(code, fmt::format("{}: {}.", path.string(), std::strerror(errno)));
}

EntryKind kind_of(int folder, const char* name) {
    struct stat info {};
    if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return EntryKind::other;
    if (S_ISREG(info.st_mode)) return EntryKind::file;
    return S_ISDIR(info.st_mode) ? EntryKind::folder : EntryKind::other;
}

std::vector<FolderEntry> entries_of(const Descriptor& folder, const fs::path& path) {
    const std::unique_ptr<DIR, Close> stream(
        ::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (!stream) fail(Code::FileRead, path);
    std::vector<FolderEntry> entries;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") entries.push_back({name, kind_of(folder.get(), name.c_str())});
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
}

void remove_at(int folder, const std::string& name, const fs::path& path, int depth) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM) fail(Code::FileWrite, path);
    errno = ELOOP;
    if (depth == kMaxDepth) fail(Code::FileWrite, path);
    const Descriptor inner(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner) fail(Code::FileWrite, path);
    for (const auto& entry : entries_of(inner, path))
        remove_at(inner.get(), entry.name, path / entry.name, depth + 1);
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0) fail(Code::FileWrite, path);
}

// 0, or an errno that is no reason to give up.
int try_to_rename(const fs::path& from, const fs::path& to) {
    const Entry source(from);
    const Entry target(to);
    if (!source.folder || !target.folder) fail(Code::FileWrite, source.folder ? to : from);
    if (::renameat(source.folder.get(), source.name.c_str(), target.folder.get(), target.name.c_str()) == 0)
        return 0;
    if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST && errno != EXDEV) fail(Code::FileWrite, to);
    return errno;
}

}  // namespace

std::vector<FolderEntry> entries_in(const fs::path& path) {
    const Descriptor folder = open_path(path, O_RDONLY | O_DIRECTORY);
    if (folder) return entries_of(folder, path);
    if (errno != ENOENT) fail(Code::FileRead, path);
    return {};
}

bool rename_entry(const fs::path& from, const fs::path& to) {
    const int fault = try_to_rename(from, to);
    if (fault == EXDEV)
        throw Error(Code::FileWrite, fmt::format("{}: {}.", to.string(), std::strerror(fault)));
    return fault == 0;
}

bool rename_on_one_file_system(const fs::path& from, const fs::path& to) {
    return try_to_rename(from, to) == 0;
}

void remove_file(const fs::path& path) {
    const Entry entry(path);
    if (!entry.folder && errno == ENOENT) return;
    if (!entry.folder || (::unlinkat(entry.folder.get(), entry.name.c_str(), 0) != 0 && errno != ENOENT))
        fail(Code::FileWrite, path);
}

void remove_tree(const fs::path& path) {
    const Entry entry(path);
    if (!entry.folder && errno == ENOENT) return;
    if (!entry.folder) fail(Code::FileWrite, path);
    remove_at(entry.folder.get(), entry.name, path, 0);
}

}  // namespace countersign
