#include "host/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/locked.h"
#include "host/base/temporary.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(Code code, const fs::path& path) {
    throw Error(code, fmt::format("{}: {}.", path.string(), std::strerror(errno)));
}

// Straight into its place, which moves as seldom as possible: the content may be secret.
std::vector<std::uint8_t> read_all(int file, const fs::path& path, std::size_t max_bytes) {
    constexpr std::size_t kChunk = 16384;
    struct stat info {};
    const std::size_t expected =
        ::fstat(file, &info) == 0 && info.st_size > 0 ? static_cast<std::size_t>(info.st_size) : 0;
    std::vector<std::uint8_t> content(std::max(std::min(max_bytes, expected) + 1, kChunk));
    std::size_t size = 0;
    for (;;) {
        if (size == content.size()) content.resize(size + kChunk);
        const ssize_t got = ::read(file, content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(Code::FileRead, path);
        size += static_cast<std::size_t>(got);
        if (size > max_bytes) {
            throw Error(Code::FileRead, fmt::format("{} is larger than {} bytes.", path.string(), max_bytes));
        }
        if (got == 0) break;
    }
    content.resize(size);
    return content;
}

}  // namespace

void write_file(const fs::path& path, std::span<const std::uint8_t> content, mode_t mode) {
    TemporaryFile file(path, mode);
    file.write(content);
    file.take_its_place();
}

void write_file(const fs::path& path, std::string_view content, mode_t mode) {
    write_file(path, std::span{reinterpret_cast<const std::uint8_t*>(content.data()), content.size()}, mode);
}

void write_new_file(const fs::path& path, std::span<const std::uint8_t> content, mode_t mode, bool sync) {
    const Descriptor file = open_path(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (!file) fail(errno == EEXIST ? Code::FileExists : Code::FileWrite, path);
    // The umask only ever takes bits away, so a private file is private from the first byte. Asked before it
    // is set: what does not change costs the file system no journal entry.
    struct stat made {};
    if (::fstat(file.get(), &made) != 0) fail(Code::FileWrite, path);
    if ((made.st_mode & 07777) != mode && ::fchmod(file.get(), mode) != 0) fail(Code::FileWrite, path);
    write_all(file.get(), content, path);
    if (sync && ::fsync(file.get()) != 0) fail(Code::FileWrite, path);
}

void write_new_file(const fs::path& path, std::string_view content, mode_t mode, bool sync) {
    write_new_file(path, std::span{reinterpret_cast<const std::uint8_t*>(content.data()), content.size()},
                   mode, sync);
}

std::vector<std::uint8_t> read_file(const fs::path& path, std::size_t max_bytes) {
    return read_all(open_file(path, O_RDONLY, Code::FileRead).get(), path, max_bytes);
}

Secret read_secret(const fs::path& path, std::size_t max_bytes) {
    return read_secret(open_file(path, O_RDONLY, Code::FileRead).get(), path, max_bytes);
}

Secret read_secret(int descriptor, const fs::path& path, std::size_t max_bytes) {
    auto content = read_all(descriptor, path, max_bytes);
    Secret secret{std::span<const std::uint8_t>(content)};
    explicit_bzero(content.data(), content.size());
    return locked(std::move(secret));
}

std::string read_text(const fs::path& path, std::size_t max_bytes) {
    const auto content = read_file(path, max_bytes);
    return {content.begin(), content.end()};
}

void make_folder(const fs::path& path, mode_t mode) {
    if (open_path(path, O_PATH | O_DIRECTORY)) return;
    if (path.has_parent_path() && !fs::exists(path.parent_path())) make_folder(path.parent_path(), mode);
    if (make_new_folder(path, mode) || fs::is_directory(path)) return;
    errno = ENOTDIR;
    fail(Code::FileWrite, path);
}

bool make_new_folder(const fs::path& path, mode_t mode) {
    const Entry entry(path);
    if (!entry.folder) fail(Code::FileWrite, path);
    if (::mkdirat(entry.folder.get(), entry.name.c_str(), mode) != 0) {
        if (errno != EEXIST) fail(Code::FileWrite, path);
        return false;
    }
    // As with private files: the umask cannot open what is closed already.
    if (mode == kPrivateFolder) return true;
    const Descriptor made(
        ::openat(entry.folder.get(), entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made || ::fchmod(made.get(), mode) != 0) fail(Code::FileWrite, path);
    return true;
}

void sync_folder(const fs::path& path) {
    const fs::path folder = path.empty() ? fs::path(".") : path;
    const Descriptor handle = open_path(folder, O_RDONLY | O_DIRECTORY);
    if (!handle || ::fsync(handle.get()) != 0) fail(Code::FileWrite, folder);
}

void sync_filesystem(const fs::path& folder) {
    const Descriptor handle = open_path(folder, O_RDONLY | O_DIRECTORY);
    if (!handle || ::syncfs(handle.get()) != 0) fail(Code::FileWrite, folder);
}

FileLock::FileLock(const fs::path& path, std::chrono::milliseconds wait) : fd_(-1) {
    const Descriptor file = open_file(path, O_RDWR | O_CREAT, Code::FileWrite, kPrivateFile);
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (std::chrono::steady_clock::now() >= deadline) {
            throw Error(Code::HomeBusy, fmt::format("{} is locked by another countersign.", path.string()));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    fd_ = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);  // the lock is shared by both and goes with the last
    if (fd_ < 0) fail(Code::FileWrite, path);
}

FileLock::~FileLock() {
    ::close(fd_);
}

bool is_locked(const fs::path& path) {
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return false;
    const Descriptor file = open_file(path, O_RDONLY, Code::FileRead);
    return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace countersign
