// A folder that nothing leads out of: a home may have come out of a backup, or from an enemy.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "host/base/error.h"

namespace countersign {

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  private:
    int fd_;
};

// From now on, for the whole process (as umask is), every path that begins with `root` is opened by the
// functions below, and so by all of host/base/files, from a descriptor of that folder and beneath it: a
// symbolic link on the way, or at its end, is Error{HomeUnsafe}. So is the folder itself, at its first use,
// when somebody else could have put something there (check_hands). It need not be there yet.
void confine(const std::filesystem::path& root);

// open(2), close-on-exec. No descriptor, and errno, when the file cannot be opened; Error{HomeUnsafe} as
// above.
[[nodiscard]] Descriptor open_path(const std::filesystem::path& path, int flags, mode_t mode = 0);

// A plain file, never waited for: a pipe, a device or a folder is an error of this code, whoever wrote the
// path. Also throws it when the file cannot be opened, saying why.
[[nodiscard]] Descriptor open_file(const std::filesystem::path& path, int flags, Code code, mode_t mode = 0);

// Where a name is made, renamed or removed: its folder, opened as by open_path (which may have failed), and
// itself.
struct Entry {
    explicit Entry(const std::filesystem::path& path);
    Descriptor folder;
    std::string name;
};

// Throws Error{HomeUnsafe} when this folder, or one above it, belongs to neither us nor root, or may be
// written to by others: OpenSSH's StrictModes. What is written to by a group with nobody else in it is not
// (Debian's OpenSSH agrees), nor is a folder above that is sticky as /tmp is, where nobody removes what is
// another's.
void check_hands(int folder);

namespace detail {
// openat(2) beneath `folder` without symbolic links: ELOOP, EXDEV. By openat2(2), or, where the kernel
// (before 5.6) or a filter of system calls lacks it, step by step.
[[nodiscard]] int open_beneath(int folder, const std::string& relative, int flags, mode_t mode);
[[nodiscard]] int open_by_steps(int folder, const std::string& relative, int flags, mode_t mode);
}  // namespace detail

}  // namespace countersign
