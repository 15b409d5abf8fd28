// In whose hands a folder is: check_hands of beneath.h.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/base/beneath.h"
#include "host/base/user_name.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;

// By the descriptor: no other path is looked at than the one that was opened.
std::string path_of(int folder) {
    std::error_code ignored;
    return fs::read_symlink(fmt::format("/proc/self/fd/{}", folder), ignored).string();
}

// The group is ours and there is nobody else in it.
bool is_private(gid_t group) {
    const passwd* us = ::getpwuid(::geteuid());
    if (us == nullptr || us->pw_gid != group) return false;
    const std::string name = us->pw_name;
    if (const struct group* entry = ::getgrgid(group); entry != nullptr) {
        for (char** member = entry->gr_mem; *member != nullptr; ++member)
            if (name != *member) return false;
    }
    bool alone = true;
    ::setpwent();
    for (const passwd* entry = ::getpwent(); entry != nullptr; entry = ::getpwent())
        if (entry->pw_gid == group && name != entry->pw_name) alone = false;
    ::endpwent();
    return alone;
}

void check_one(int folder, const struct stat& info, bool above) {
    const uid_t us = ::geteuid();
    if (info.st_uid != us && info.st_uid != 0) {
        const std::string path = path_of(folder);
        throw Error(
            Code::HomeUnsafe,
            fmt::format("{} belongs to {}, who could change what is in it.", path, name_of(info.st_uid)),
            fmt::format("chown {} '{}', or run this as {}", name_of(us), path, name_of(info.st_uid)));
    }
    if (above && (info.st_mode & S_ISVTX) != 0) return;
    const bool group = (info.st_mode & S_IWGRP) != 0 && !is_private(info.st_gid);
    if (!group && (info.st_mode & S_IWOTH) == 0) return;
    const std::string path = path_of(folder);
    throw Error(Code::HomeUnsafe, fmt::format("Others may write to {}.", path),
                fmt::format("chmod go-w '{}'", path));
}

}  // namespace

void check_hands(int folder) {
    struct stat info {};
    if (::fstat(folder, &info) != 0) throw Error(Code::HomeUnsafe, std::strerror(errno));
    check_one(folder, info, false);
    Descriptor above(::openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (struct stat parent{}; above && ::fstat(above.get(), &parent) == 0; info = parent) {
        if (parent.st_ino == info.st_ino && parent.st_dev == info.st_dev)
            return;  // the root is its own parent
        check_one(above.get(), parent, true);
        above = Descriptor(::openat(above.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    throw Error(Code::HomeUnsafe, fmt::format("{}: the folders above it cannot be looked at: {}.",
                                              path_of(folder), std::strerror(errno)));
}

}  // namespace countersign
