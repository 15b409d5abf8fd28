#include "host/loader/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "host/base/error.h"
#include "host/base/files.h"

namespace countersign::loader {

MemoryFile::MemoryFile(const Secret& content) : size_(content.bytes().size()) {
    fd_ = ::memfd_create("countersign", MFD_CLOEXEC);
    if (fd_ < 0) throw Error(Code::Internal, "memfd_create failed.");
    (void)::fchmod(fd_, kPrivateFile);  // it is made with 0777
    std::size_t done = 0;
    while (done < size_) {
        const ssize_t written = ::write(fd_, content.bytes().data() + done, size_ - done);
        if (written <= 0) {
            ::close(fd_);
            throw Error(Code::Internal, "out of memory.");
        }
        done += static_cast<std::size_t>(written);
    }
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(std::exchange(other.size_, 0)) {}

MemoryFile::~MemoryFile() {
    if (fd_ < 0) return;
    static constexpr std::array<char, 4096> kZeros{};
    for (std::size_t done = 0; done < size_;) {
        const ssize_t written =
            ::pwrite(fd_, kZeros.data(), std::min(kZeros.size(), size_ - done), static_cast<off_t>(done));
        if (written <= 0) break;
        done += static_cast<std::size_t>(written);
    }
    ::close(fd_);
}

std::string MemoryFile::path() const {
    return "/proc/self/fd/" + std::to_string(fd_);
}

}  // namespace countersign::loader
