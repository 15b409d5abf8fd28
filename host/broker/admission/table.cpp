#include "host/broker/admission/table.h"

#include <utility>

namespace countersign::broker::admission {
namespace {

std::span<const std::uint8_t, kRecordSize> record_at(std::span<const std::uint8_t> records,
                                                     std::size_t index) {
    return records.subspan(index * kRecordSize).first<kRecordSize>();
}

// Where the run of good records from the beginning ends.
std::vector<Standing> good_ones(std::span<const std::uint8_t> bytes) {
    std::vector<Standing> good;
    for (std::size_t index = 0; index < bytes.size() / kRecordSize; ++index) {
        const auto standing = decode_record(record_at(bytes, index));
        if (!standing) break;
        good.push_back(*standing);
    }
    return good;
}

bool any_good(std::span<const std::uint8_t> bytes) {
    for (std::size_t index = 0; index < bytes.size() / kRecordSize; ++index) {
        if (decode_record(record_at(bytes, index))) return true;
    }
    return false;
}

}  // namespace

Table::Table(std::span<const std::uint8_t> records, const Header& header)
    : records_(records), header_(header), tail_offset_(header.base_end()) {}

std::optional<Table> Table::over(std::span<const std::uint8_t> base) {
    const auto header = decode_header(base, base.size());
    if (!header) return std::nullopt;
    return Table(base.subspan(kHeaderSize, header->base_count * kRecordSize), *header);
}

Tail Table::extend(std::span<const std::uint8_t> bytes) {
    appended_.clear();
    auto good = good_ones(bytes);
    const auto rest = bytes.subspan(good.size() * kRecordSize);
    if (rest.size() > kRecordSize && any_good(rest.subspan(kRecordSize))) return Tail::damaged;
    for (const auto& standing : good) tail_.insert_or_assign(standing.fingerprint, standing);
    tail_offset_ += good.size() * kRecordSize;
    appended_ = std::move(good);
    return rest.empty() ? Tail::whole : Tail::torn;
}

Lookup Table::find(const Fingerprint& fingerprint) const {
    if (const auto changed = tail_.find(fingerprint); changed != tail_.end()) {
        return {Found::yes, changed->second};
    }
    std::size_t low = 0;
    std::size_t high = header_.base_count;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const auto record = record_at(records_, middle);
        const int order = std::memcmp(record.data(), fingerprint.data(), kFingerprintSize);
        if (order == 0) {
            const auto standing = decode_record(record);
            return standing ? Lookup{Found::yes, *standing} : Lookup{Found::damaged, {}};
        }
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return {};
}

}  // namespace countersign::broker::admission
