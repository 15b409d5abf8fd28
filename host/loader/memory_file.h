// A file that exists only in memory: how a script with a key in it reaches another program without ever lying
// on a disk or standing in an argument list. It is gone with this process, however that ends.
#pragma once

#include <string>

#include "host/base/secret.h"

namespace countersign::loader {

class MemoryFile {
  public:
    // Throws Error{Internal}.
    explicit MemoryFile(const Secret& content);
    MemoryFile(MemoryFile&& other) noexcept;
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    MemoryFile& operator=(MemoryFile&&) = delete;
    // Wipes the content.
    ~MemoryFile();

    // What a program has to be started with (subprocess.h, `handed_on`), and the path it finds the file at.
    // Nobody else has one: /proc/PID/fd of this process would be open to every program of its user.
    [[nodiscard]] int descriptor() const noexcept { return fd_; }
    [[nodiscard]] std::string path() const;

  private:
    int fd_ = -1;
    std::size_t size_ = 0;
};

}  // namespace countersign::loader
