// An admission file as bytes: looks a certificate up. No file, no clock; the caller keeps the mapped bytes
// alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/identity/standing.h"
#include "host/broker/admission/format.h"

namespace countersign::broker::admission {

enum class Tail : std::uint8_t {
    whole,   // every byte is part of a good record
    torn,    // it ends in an unfinished record: a write under way or cut short; what came before holds
    damaged  // a bad record with good ones behind it: no write leaves that, the file is not to be used
};

enum class Found : std::uint8_t { yes, no, damaged };

struct Lookup {
    Found found = Found::no;
    Standing standing{};  // when found
};

// A fingerprint is a hash already.
struct FirstBytes {
    std::size_t operator()(const Fingerprint& fingerprint) const noexcept {
        std::size_t hash = 0;
        std::memcpy(&hash, fingerprint.data(), sizeof hash);
        return hash;
    }
};

class Table {
  public:
    // `base`: the header and all base records, which are not read now but when they are used. nullopt when
    // the header is not good or `base` is shorter than it says.
    [[nodiscard]] static std::optional<Table> over(std::span<const std::uint8_t> base);

    // `bytes`: the file from tail_offset() to its end. Takes in the good records; may be called again as the
    // file grows. Nothing is taken in from a damaged one.
    [[nodiscard]] Tail extend(std::span<const std::uint8_t> bytes);

    // What the last extend() has taken in, in its order.
    [[nodiscard]] const std::vector<Standing>& appended() const noexcept { return appended_; }

    [[nodiscard]] Lookup find(const Fingerprint& fingerprint) const;

    [[nodiscard]] const Header& header() const noexcept { return header_; }
    [[nodiscard]] std::uint64_t tail_offset() const noexcept { return tail_offset_; }
    [[nodiscard]] std::size_t tail_count() const noexcept {
        return (tail_offset_ - header_.base_end()) / kRecordSize;
    }

  private:
    Table(std::span<const std::uint8_t> records, const Header& header);

    std::span<const std::uint8_t> records_;
    Header header_;
    std::uint64_t tail_offset_;
    std::unordered_map<Fingerprint, Standing, FirstBytes> tail_;
    std::vector<Standing> appended_;
};

}  // namespace countersign::broker::admission
