// Numbers, strings and bytes as they stand on the wire: big endian, lengths first (1.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "core/mqtt/types.h"

namespace countersign::mqtt {

inline constexpr std::uint32_t kMaxRemainingLength = 268'435'455;  // four bytes of seven bits (2.2.3)

// Counts what it is given and writes as much as fits, so the same code measures a packet and then writes it.
class Writer {
  public:
    Writer() = default;
    explicit Writer(std::span<std::uint8_t> out) noexcept : out_(out) {}

    void byte(std::uint8_t value) noexcept {
        if (size_ < out_.size()) out_[size_] = value;
        ++size_;
    }
    void u16(std::uint16_t value) noexcept {
        byte(static_cast<std::uint8_t>(value >> 8));
        byte(static_cast<std::uint8_t>(value & 0xFF));
    }
    void u32(std::uint32_t value) noexcept {
        u16(static_cast<std::uint16_t>(value >> 16));
        u16(static_cast<std::uint16_t>(value & 0xFFFF));
    }
    void raw(Bytes bytes) noexcept {
        const std::size_t room = size_ < out_.size() ? out_.size() - size_ : 0;
        const std::size_t count = bytes.size() < room ? bytes.size() : room;
        if (count != 0) std::memcpy(out_.data() + size_, bytes.data(), count);
        size_ += bytes.size();
    }
    void string(std::string_view text) noexcept {
        binary({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }
    void binary(Bytes bytes) noexcept {
        u16(static_cast<std::uint16_t>(bytes.size()));
        raw(bytes);
    }
    // Seven bits a byte, lowest first, the top bit set on all but the last (2.2.3; 5: 1.5.5).
    void varint(std::size_t value) noexcept {
        while (value > 0x7F) {
            byte(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
            value >>= 7;
        }
        byte(static_cast<std::uint8_t>(value));
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    std::span<std::uint8_t> out_{};
    std::size_t size_ = 0;
};

// Reads from the front; when there is too little, gives zeros or nothing and remembers it.
class Reader {
  public:
    explicit Reader(Bytes in) noexcept : in_(in) {}

    std::uint8_t byte() noexcept {
        const Bytes one = raw(1);
        return one.empty() ? std::uint8_t{0} : one[0];
    }
    std::uint16_t u16() noexcept {
        const Bytes two = raw(2);
        return two.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(two[0] << 8 | two[1]);
    }
    std::uint32_t u32() noexcept {
        const std::uint32_t high = u16();
        return high << 16 | u16();
    }
    // At most four bytes, and no more than are needed [5: MQTT-1.5.5-1].
    std::uint32_t varint() noexcept {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 28; shift += 7) {
            const std::uint8_t part = byte();
            value |= static_cast<std::uint32_t>(part & 0x7F) << shift;
            if ((part & 0x80) != 0) continue;
            if (part != 0 || shift == 0) return value;
            break;
        }
        short_ = true;
        return 0;
    }
    Bytes raw(std::size_t count) noexcept {
        if (count > in_.size()) {
            short_ = true;
            in_ = {};
            return {};
        }
        const Bytes taken = in_.first(count);
        in_ = in_.subspan(count);
        return taken;
    }
    Bytes binary() noexcept { return raw(u16()); }
    std::string_view string() noexcept {
        const Bytes bytes = binary();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    Bytes rest() noexcept { return raw(in_.size()); }

    // What comes cannot be understood: as if it were cut short.
    void spoil() noexcept { short_ = true; }

    [[nodiscard]] bool too_short() const noexcept { return short_; }
    [[nodiscard]] std::size_t left() const noexcept { return in_.size(); }
    [[nodiscard]] bool at_end() const noexcept { return in_.empty() && !short_; }

  private:
    Bytes in_;
    bool short_ = false;
};

}  // namespace countersign::mqtt
