#include "host/base/temporary.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "host/base/tree.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnd = ".tmp";

std::atomic<unsigned> made{0};

[[noreturn]] void fail(const fs::path& path) {
    throw Error(Code::FileWrite, fmt::format("{}: {}.", path.string(), std::strerror(errno)));
}

// Where the file system knows no locks nothing is a leftover, nor is the home safe from two commands at once.
bool lock(int file, int how) {
    int result = 0;
    do {
        result = ::flock(file, how);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

bool is_still(int folder, const std::string& name, int file) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(file, &opened) == 0 && ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

TemporaryFile::TemporaryFile(const fs::path& target, mode_t mode) : target_(target), entry_(target) {
    if (!entry_.folder) fail(target_);
    while (!make(mode)) {
    }
    mode_ = mode;
}

// False when the name is taken (another process of this number, in another container or long ago), or when a
// command that cleans up came between the making and the lock.
bool TemporaryFile::make(mode_t mode) {
    name_ = fmt::format("{}.{}-{}{}", entry_.name, ::getpid(), made++, kEnd);
    file_ = Descriptor(
        ::openat(entry_.folder.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0700));
    if (!file_) {
        if (errno == EEXIST) return false;
        fail(target_);
    }
    if (lock(file_.get(), LOCK_EX) && !is_still(entry_.folder.get(), name_, file_.get())) return false;
    there_ = true;
    return true;
}

TemporaryFile::~TemporaryFile() {
    if (there_) ::unlinkat(entry_.folder.get(), name_.c_str(), 0);
}

void TemporaryFile::write(std::span<const std::uint8_t> content) {
    if (::fchmod(file_.get(), mode_) != 0) fail(target_);
    write_all(file_.get(), content, target_);
}

void TemporaryFile::take_its_place() {
    const int folder = entry_.folder.get();
    if (::fsync(file_.get()) != 0 || ::renameat(folder, name_.c_str(), folder, entry_.name.c_str()) != 0)
        fail(target_);
    there_ = false;
    const Descriptor readable(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!readable || ::fsync(readable.get()) != 0) fail(target_);
}

void remove_leftovers(const fs::path& folder) {
    for (const auto& found : entries_in(folder)) {
        if (!found.name.ends_with(kEnd) || found.kind != EntryKind::file) continue;
        const Entry entry(folder / found.name);
        const Descriptor file(
            ::openat(entry.folder.get(), entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        // Under the lock the name stays the file's: who is writing would have it, who begins waits for it.
        if (file && lock(file.get(), LOCK_EX | LOCK_NB) &&
            is_still(entry.folder.get(), entry.name, file.get()))
            ::unlinkat(entry.folder.get(), entry.name.c_str(), 0);
    }
}

void write_all(int fd, std::span<const std::uint8_t> content, const fs::path& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(path);
        content = content.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace countersign
