// The fields of the frames between the world and its boards; tests/sim/pipe.py has the other half and says
// what the frames mean.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::sim {

using Blob = std::vector<std::uint8_t>;
using BlobView = std::span<const std::uint8_t>;

enum class Ask : std::uint8_t {
    advance = 1,
    hello,
    publish,
    subscribe,
    disconnect,
    closed,
    says,
    cut_happened,
    enrol,
    facts,
    flipped,
    ntp
};

enum class Tell : std::uint8_t {
    acknowledged = 1,
    granted,
    message,
    lost,
    boot,
    cut,
    cut_at,
    clock,
    copy,
    born,
    report,
    end
};

class FrameWriter {
  public:
    FrameWriter& number(std::int64_t value) {
        append(&value, sizeof value);
        return *this;
    }
    FrameWriter& number(Tell value) { return number(static_cast<std::int64_t>(value)); }
    FrameWriter& bytes(BlobView value) {
        const auto size = static_cast<std::uint32_t>(value.size());
        append(&size, sizeof size);
        append(value.data(), value.size());
        return *this;
    }
    FrameWriter& text(std::string_view value) {
        return bytes({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
    }
    FrameWriter& raw(BlobView value) {
        append(value.data(), value.size());
        return *this;
    }
    [[nodiscard]] const Blob& data() const noexcept { return data_; }
    void clear() { data_.clear(); }

  private:
    void append(const void* from, std::size_t size) {
        const auto* start = static_cast<const std::uint8_t*>(from);
        data_.insert(data_.end(), start, start + size);
    }
    Blob data_;
};

class FrameReader {
  public:
    explicit FrameReader(BlobView data) : rest_(data) {}

    [[nodiscard]] std::int64_t number() { return take<std::int64_t>(); }
    [[nodiscard]] BlobView bytes() { return cut(take<std::uint32_t>()); }
    [[nodiscard]] Blob blob() {
        const auto found = bytes();
        return {found.begin(), found.end()};
    }
    [[nodiscard]] std::string text() {
        const auto found = bytes();
        return {found.begin(), found.end()};
    }

  private:
    template <class T>
    T take() {
        T value;
        std::memcpy(&value, cut(sizeof value).data(), sizeof value);
        return value;
    }
    BlobView cut(std::size_t size) {
        if (size > rest_.size()) throw std::runtime_error("a frame that is cut short");
        const auto found = rest_.first(size);
        rest_ = rest_.subspan(size);
        return found;
    }
    BlobView rest_;
};

}  // namespace countersign::sim
