// Tags, lengths and values: what the seven messages are made of. Private to message_*.cpp.
#pragma once

#include <algorithm>
#include <bitset>
#include <initializer_list>

#include "core/identity/message.h"

namespace countersign::message {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeaderSize = 2;   // version, type
inline constexpr std::size_t kFieldHeader = 3;  // tag, length
inline constexpr std::size_t kNumberSize = 4;

enum Tag : std::uint8_t {
    kSigner = 0x01,
    kNumber = 0x02,
    kCsr = 0x03,
    kKey = 0x10,
    kLeaf = 0x11,
    kIssuing = 0x12,
    kError = 0x13,
    kRetryAfter = 0x14,
    kAnchorsVersion = 0x20,
    kAnchor = 0x21,
    kAnchorSet = 0x22,
    kBrokersVersion = 0x23,
    kBroker = 0x24,
    kAcknowledged = 0x30,
    kRenew = 0x31,
    kFirstSkipped = 0x80,   // unknown ones in this range are passed over
    kSignedBrokers = 0xA0,  // older readers pass over it
    kLastSkipped = 0xEF,
    kSignature = 0xF0
};

constexpr bool is_skipped(std::uint8_t tag) noexcept {
    return tag >= kFirstSkipped && tag <= kLastSkipped;
}

constexpr bool may_repeat(std::uint8_t tag) noexcept {
    return tag == kAnchor || tag == kBroker;
}

// Which tags a message holds.
class Seen {
  public:
    void add(std::uint8_t tag) noexcept { tags_.set(tag); }
    [[nodiscard]] bool has(std::uint8_t tag) const noexcept { return tags_[tag]; }
    [[nodiscard]] bool has_all(std::initializer_list<std::uint8_t> tags) const noexcept {
        return std::all_of(tags.begin(), tags.end(), [this](std::uint8_t tag) { return tags_[tag]; });
    }

  private:
    std::bitset<256> tags_;
};

// Walks the fields of a message of this type. `field(tag, value)` is false for a tag that does not belong to
// it or a value out of bounds, and then the whole message is refused. `known`: a tag of the range that
// readers pass over which this message has.
template <class Field>
std::optional<Seen> read_fields(Bytes message, Type type, Field field, std::uint8_t known = 0) noexcept {
    if (message.size() > kMaxMessage || type_of(message) != type) return std::nullopt;
    Bytes rest = message.subspan(kHeaderSize);
    Seen seen;
    std::uint8_t before = 0;
    while (!rest.empty()) {
        if (rest.size() < kFieldHeader) return std::nullopt;
        const std::uint8_t tag = rest[0];
        const std::size_t length = std::size_t{rest[1]} << 8U | rest[2];
        rest = rest.subspan(kFieldHeader);
        if (length > rest.size()) return std::nullopt;
        const bool skipped = is_skipped(tag) && tag != known;
        if (tag < before || (tag == before && !skipped && !may_repeat(tag))) return std::nullopt;
        if (!skipped && !field(tag, rest.first(length))) return std::nullopt;
        seen.add(tag);
        before = tag;
        rest = rest.subspan(length);
    }
    return seen;
}

[[nodiscard]] inline bool read(Bytes value, Digest& digest) noexcept {
    if (value.size() != digest.size()) return false;
    std::copy(value.begin(), value.end(), digest.begin());
    return true;
}

[[nodiscard]] inline bool read(Bytes value, std::optional<Digest>& digest) noexcept {
    return read(value, digest.emplace());
}

[[nodiscard]] inline bool read(Bytes value, std::uint32_t& number) noexcept {
    if (value.size() != kNumberSize) return false;
    number = 0;
    for (const std::uint8_t octet : value) number = number << 8U | octet;
    return true;
}

[[nodiscard]] inline bool read(Bytes value, Bytes& bytes, std::size_t limit) noexcept {
    bytes = value;
    return !value.empty() && value.size() <= limit;
}

// `value` is the message's last field: what was signed ends before its tag.
[[nodiscard]] inline bool read_signature(Bytes message, Bytes value, Bytes& signed_part,
                                         Signature& signature) noexcept {
    if (value.size() != signature.size()) return false;
    std::copy(value.begin(), value.end(), signature.begin());
    signed_part = message.first(static_cast<std::size_t>(value.data() - message.data()) - kFieldHeader);
    return true;
}

// Counts what it is given and writes as much as fits.
class FieldWriter {
  public:
    FieldWriter(Room room, Type type) noexcept : room_(room) {
        octet(kVersion);
        octet(static_cast<std::uint8_t>(type));
    }

    void field(Tag tag, Bytes value, std::size_t limit = kMaxMessage) noexcept {
        if (value.empty() || value.size() > limit) sound_ = false;
        header(tag, value.size());
        for (const std::uint8_t one : value) octet(one);
    }
    void number(Tag tag, std::uint32_t value) noexcept {
        header(tag, kNumberSize);
        for (unsigned shift = 32; shift != 0; shift -= 8) {
            octet(static_cast<std::uint8_t>(value >> (shift - 8)));
        }
    }
    void broker(const Broker& broker) noexcept {
        if (broker.host.empty() || broker.host.size() > kMaxHost) sound_ = false;
        header(kBroker, 2 + broker.host.size());
        octet(static_cast<std::uint8_t>(broker.port >> 8U));
        octet(static_cast<std::uint8_t>(broker.port & 0xFFU));
        for (const char one : broker.host) octet(static_cast<std::uint8_t>(one));
    }
    void require(bool sound) noexcept { sound_ = sound_ && sound; }

    // The size of the message, or 0.
    [[nodiscard]] std::size_t end() const noexcept {
        return sound_ && size_ <= room_.size() && size_ <= kMaxMessage ? size_ : 0;
    }

  private:
    void octet(std::uint8_t value) noexcept {
        if (size_ < room_.size()) room_[size_] = value;
        ++size_;
    }
    void header(Tag tag, std::size_t length) noexcept {
        octet(tag);
        octet(static_cast<std::uint8_t>(length >> 8U));
        octet(static_cast<std::uint8_t>(length & 0xFFU));
    }

    Room room_;
    std::size_t size_ = 0;
    bool sound_ = true;
};

}  // namespace countersign::message
