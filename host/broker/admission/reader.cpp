#include "host/broker/admission/reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace countersign::broker::admission {

// A file that was good when it was opened. Its descriptor stays open: that keeps its inode from being used
// again for the file that replaces it.
class Reader::OpenFile {
  public:
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (map_ != nullptr) ::munmap(map_, map_size_);
        if (fd_ >= 0) ::close(fd_);
    }

    // nullptr, and why, when it is not to be used. `info` is what the file is at this moment.
    static std::unique_ptr<OpenFile> open(const std::string& path, struct stat& info, std::string& fault) {
        std::unique_ptr<OpenFile> file(new OpenFile);
        file->fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);  // a pipe would wait
        if (file->fd_ < 0 || ::fstat(file->fd_, &info) != 0) {
            fault = std::strerror(errno);
        } else if (!S_ISREG(info.st_mode)) {
            fault = "not a file";
        } else if (!file->map_base(info.st_size)) {
            fault = "its header is not good";
        } else if (file->read_tail(info.st_size) == Tail::damaged) {
            fault = "a record is damaged";
        } else {
            return file;
        }
        return nullptr;
    }

    // Takes in what has been appended up to `size`. A file that has shrunk, or has a tail no publisher makes,
    // is damaged.
    Tail read_tail(off_t size) {
        const Header& header = table_->header();
        const auto begin = static_cast<off_t>(table_->tail_offset());
        const auto limit = static_cast<off_t>(header.base_end() + (header.max_tail() + 1) * kRecordSize);
        if (size < begin || size >= limit) return Tail::damaged;
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size - begin));
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            const ssize_t got = ::pread(fd_, bytes.data() + filled, bytes.size() - filled,
                                        begin + static_cast<off_t>(filled));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            filled += static_cast<std::size_t>(got);
        }
        bytes.resize(filled);
        return table_->extend(bytes);
    }

    // Reading a mapping past the end of its file would end the broker (SIGBUS). Countersign never shortens a
    // published file; this is against the shell's `>`.
    [[nodiscard]] bool safe_to_read() const {
        struct stat info {};
        return ::fstat(fd_, &info) == 0 && std::cmp_greater_equal(info.st_size, map_size_);
    }

    [[nodiscard]] const Table& table() const { return *table_; }

  private:
    OpenFile() = default;

    bool map_base(off_t size) {
        std::uint8_t bytes[kHeaderSize];
        if (::pread(fd_, bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) return false;
        const auto header = decode_header(bytes, static_cast<std::uint64_t>(size));
        if (!header) return false;
        map_size_ = header->base_end();
        void* const map = ::mmap(nullptr, map_size_, PROT_READ, MAP_SHARED, fd_, 0);
        if (map == MAP_FAILED) return false;
        map_ = map;
        ::madvise(map_, map_size_, MADV_RANDOM);
        table_ = Table::over({static_cast<const std::uint8_t*>(map_), map_size_});
        return table_.has_value();
    }

    int fd_ = -1;
    void* map_ = nullptr;
    std::size_t map_size_ = 0;
    std::optional<Table> table_;
};

bool Reader::Seen::same(const Seen& other) const noexcept {
    return device == other.device && inode == other.inode && size == other.size &&
           modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
}

Reader::Reader(std::string path) : path_(std::move(path)) {}
Reader::~Reader() = default;

Refresh Reader::refresh() {
    struct stat now {};
    const bool exists = ::stat(path_.c_str(), &now) == 0;
    const Seen seen = exists ? Seen{now.st_dev, now.st_ino, now.st_size, now.st_mtim} : Seen{0, 0, 0, {}};
    // A torn end is looked at again each time: it may be a write under way, finished within one tick of the
    // file system's clock and to the same size.
    if (seen.same(seen_) && !torn_) return Refresh::unchanged;
    const bool same_file = open_ != nullptr && seen.device == seen_.device && seen.inode == seen_.inode;
    seen_ = seen;
    torn_ = false;
    if (!exists) return keep("there is none");
    return same_file && fault_.empty() ? follow(now) : replace();
}

Refresh Reader::follow(const struct stat& now) {
    const std::uint64_t before = open_->table().tail_offset();
    replaced_ = false;
    const Tail tail = open_->read_tail(now.st_size);
    if (tail == Tail::damaged) return keep("a record is damaged");
    torn_ = tail == Tail::torn;
    return open_->table().tail_offset() == before ? Refresh::unchanged : Refresh::updated;
}

Refresh Reader::replace() {
    struct stat info {};
    std::string fault;
    auto opened = OpenFile::open(path_, info, fault);
    if (opened == nullptr) return keep(std::move(fault));
    open_ = std::move(opened);
    fault_.clear();
    // What was opened may be newer than what stat() saw.
    seen_ = {info.st_dev, info.st_ino, info.st_size, info.st_mtim};
    torn_ = std::cmp_less(open_->table().tail_offset(), info.st_size);
    replaced_ = true;
    return Refresh::updated;
}

Refresh Reader::keep(std::string fault) {
    fault_ = std::move(fault);
    return Refresh::kept;
}

Lookup Reader::find(const Fingerprint& fingerprint) const {
    if (open_ == nullptr) return {};
    if (!open_->safe_to_read()) return {Found::damaged, {}};
    return open_->table().find(fingerprint);
}

const std::vector<Standing>* Reader::changes() const noexcept {
    return open_ == nullptr || replaced_ ? nullptr : &open_->table().appended();
}

std::uint64_t Reader::generation() const noexcept {
    return open_ == nullptr ? 0 : open_->table().header().generation;
}

std::uint64_t Reader::bytes_read() const noexcept {
    return open_ == nullptr ? 0 : open_->table().tail_offset();
}

std::uint64_t Reader::rows() const noexcept {
    return open_ == nullptr ? 0 : open_->table().header().base_count + open_->table().tail_count();
}

}  // namespace countersign::broker::admission
