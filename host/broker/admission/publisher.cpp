#include "host/broker/admission/publisher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/admission/format.h"

namespace countersign::broker::admission {
namespace {

constexpr mode_t kMode = 0640;

// The published file, opened for appending.
class Appender {
  public:
    explicit Appender(const std::filesystem::path& path)
        : path_(path), file_(open_file(path, O_WRONLY | O_APPEND, Code::FileWrite)) {}

    // One write, so that a reader sees either none of it or (at a full disk) a torn end, which is cut off
    // again.
    void append(std::span<const std::uint8_t> bytes, std::uint64_t size_before) {
        errno = 0;
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (std::cmp_equal(written, bytes.size()) && ::fdatasync(file_.get()) == 0) return;
        const int reason = errno != 0 ? errno : ENOSPC;
        // Where even this fails the torn end stays: readers stop before it, the next publish writes a new
        // file.
        [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(size_before));
        errno = reason;
        fail();
    }

  private:
    [[noreturn]] void fail() const {
        throw Error(Code::FileWrite, fmt::format("{}: {}.", path_.string(), std::strerror(errno)));
    }
    const std::filesystem::path& path_;
    Descriptor file_;
};

// The header and the size of the file, when it is one of ours.
struct Current {
    Header header;
    std::uint64_t size;
};

std::optional<Current> inspect(const std::filesystem::path& path) {
    const Descriptor file = open_path(path, O_RDONLY | O_NONBLOCK);
    if (!file) return std::nullopt;
    std::array<std::uint8_t, kHeaderSize> bytes{};
    struct stat info {};
    const bool readable = ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) &&
                          ::pread(file.get(), bytes.data(), bytes.size(), 0) == ssize_t{kHeaderSize};
    if (!readable) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(info.st_size);
    const auto header = decode_header(bytes, size);
    if (!header) return std::nullopt;
    return Current{*header, size};
}

std::vector<std::uint8_t> encode(const std::vector<Standing>& rows) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(rows.size() * kRecordSize);
    for (const auto& row : rows) {
        const auto record = encode_record(row);
        bytes.insert(bytes.end(), record.begin(), record.end());
    }
    return bytes;
}

std::vector<Standing> gather(const Rows& rows) {
    std::vector<Standing> gathered;
    rows([&](const Standing& row) { gathered.push_back(row); });
    return gathered;
}

}  // namespace

Publisher::Publisher(std::filesystem::path file) : file_(std::move(file)) {}

std::optional<Stamp> Publisher::stamp() const {
    const auto current = inspect(file_);
    if (!current) return std::nullopt;
    return Stamp{current->header.generation, current->size};
}

Stamp Publisher::publish(const std::optional<Stamp>& known, const Rows& changes, const Rows& all) {
    const auto current = inspect(file_);
    const std::uint64_t generation = current ? current->header.generation : 0;
    if (!current || !known || *known != Stamp{generation, current->size}) return rewrite(generation, all);
    const auto rows = gather(changes);
    const std::uint64_t tail = (current->size - current->header.base_end()) / kRecordSize;
    if (tail + rows.size() > current->header.max_tail()) return rewrite(generation, all);
    if (!rows.empty()) Appender(file_).append(encode(rows), current->size);
    return {generation, current->size + rows.size() * kRecordSize};
}

Stamp Publisher::rewrite(std::uint64_t generation, const Rows& all) {
    auto rows = gather(all);
    std::sort(rows.begin(), rows.end(),
              [](const Standing& a, const Standing& b) { return a.fingerprint < b.fingerprint; });
    const auto twice = std::adjacent_find(rows.begin(), rows.end(), [](const Standing& a, const Standing& b) {
        return a.fingerprint == b.fingerprint;
    });
    if (twice != rows.end()) throw Error(Code::Internal, "A certificate is to be published twice.");
    const auto header = encode_header({rows.size(), generation + 1});
    auto bytes = encode(rows);
    bytes.insert(bytes.begin(), header.begin(), header.end());
    write_file(file_, bytes, kMode);
    return {generation + 1, bytes.size()};
}

}  // namespace countersign::broker::admission
