// Files that are never half-written: temp file beside the target, fsync, rename, fsync of the folder.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secret.h"

namespace countersign {

inline constexpr mode_t kPrivateFile = 0600;  // keys, from the first byte
inline constexpr mode_t kPublicFile = 0644;
inline constexpr mode_t kPrivateFolder = 0700;
inline constexpr mode_t kPublicFolder = 0755;

// Replaces `path` as a whole or not at all. Throws Error{FileWrite}.
void write_file(const std::filesystem::path& path, std::span<const std::uint8_t> content, mode_t mode);
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode);

// A file that was not there before: E-FILE-EXISTS when it was. For folders that are renamed into place as a
// whole; without `sync` the caller makes it last, sync_filesystem() for many at once.
void write_new_file(const std::filesystem::path& path, std::span<const std::uint8_t> content, mode_t mode,
                    bool sync);
void write_new_file(const std::filesystem::path& path, std::string_view content, mode_t mode, bool sync);

// At most `max_bytes`; a larger file is refused. Throws Error{FileRead}.
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path,
                                                  std::size_t max_bytes = std::size_t{1} << 20);
[[nodiscard]] std::string read_text(const std::filesystem::path& path,
                                    std::size_t max_bytes = std::size_t{1} << 20);

// The same for keys and passphrases: no copy of the content is left behind.
[[nodiscard]] Secret read_secret(const std::filesystem::path& path,
                                 std::size_t max_bytes = std::size_t{1} << 20);
// What is left to read of a file that is open, or comes through a pipe; `path` is for what is said of it.
[[nodiscard]] Secret read_secret(int descriptor, const std::filesystem::path& path, std::size_t max_bytes);

// Creates the folder (and its parents) with exactly this mode, whatever the umask; an existing one keeps its
// own.
void make_folder(const std::filesystem::path& path, mode_t mode);

// A folder that was not there before, in one that is: false when something of this name is there already.
[[nodiscard]] bool make_new_folder(const std::filesystem::path& path, mode_t mode);

// Makes a rename or a new entry in this folder survive a power cut.
void sync_folder(const std::filesystem::path& path);

// Makes everything written so far on the file system of this folder survive a power cut: one call for a
// thousand files.
void sync_filesystem(const std::filesystem::path& folder);

// An exclusive lock that the kernel drops when the process dies, however it dies. Throws Error{HomeBusy} when
// another process still holds it after `wait`.
class FileLock {
  public:
    explicit FileLock(const std::filesystem::path& path, std::chrono::milliseconds wait = {});
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();

  private:
    int fd_;
};

// Whether somebody holds this lock: false when nobody does, or nobody ever has.
[[nodiscard]] bool is_locked(const std::filesystem::path& path);

}  // namespace countersign
