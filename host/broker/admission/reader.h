// The admission file as the broker sees it: mapped, followed as it grows or is replaced, and never let go for
// a bad one.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/broker/admission/table.h"

namespace countersign::broker::admission {

enum class Refresh : std::uint8_t {
    unchanged,
    updated,  // a new file, or more of the same one: changes()
    kept      // what is there now cannot be used: the last good one (or none) stays; fault() says why
};

// No output and no exception but bad_alloc: it runs inside the broker. refresh() costs one stat() when
// nothing has changed.
class Reader {
  public:
    explicit Reader(std::string path);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();

    // Says `kept` once for each bad file it meets, then `unchanged` until the file changes again.
    Refresh refresh();

    // False until a good file has been seen: nobody may connect.
    [[nodiscard]] bool loaded() const noexcept { return open_ != nullptr; }
    [[nodiscard]] Lookup find(const Fingerprint& fingerprint) const;
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    // After `updated`: the rows that have been appended, until the next refresh(). nullptr when the file is a
    // new one: any row may have changed.
    [[nodiscard]] const std::vector<Standing>* changes() const noexcept;
    // How far the file has been read: its generation, and the bytes up to the last good record. 0 and 0
    // without one.
    [[nodiscard]] std::uint64_t generation() const noexcept;
    [[nodiscard]] std::uint64_t bytes_read() const noexcept;
    // Rows of the base and of the tail.
    [[nodiscard]] std::uint64_t rows() const noexcept;

  private:
    class OpenFile;
    // What tells one state of the file from another.
    struct Seen {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = -1;
        timespec modified{};
        [[nodiscard]] bool same(const Seen& other) const noexcept;
    };

    Refresh keep(std::string fault);
    Refresh follow(const struct stat& now);
    Refresh replace();

    std::string path_;
    std::unique_ptr<OpenFile> open_;
    Seen seen_;
    bool torn_ = false;
    bool replaced_ = false;
    std::string fault_;
};

}  // namespace countersign::broker::admission
