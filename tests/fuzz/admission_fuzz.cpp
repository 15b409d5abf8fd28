// The reader of the admission file on arbitrary bytes. It must neither read outside of them nor find what
// they do not hold.
//
// Input: one byte of flags, then the file. The checksums are what a fuzzer cannot guess, so the flags may ask
// for good ones: 1 for magic, sizes and sum of the header, 2 for the sums of the records.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "host/broker/admission/format.h"
#include "host/broker/admission/table.h"

namespace {

using namespace countersign;
using namespace countersign::broker::admission;
using Bytes = std::vector<std::uint8_t>;

void put_sum(std::uint8_t* out, std::span<const std::uint8_t> of) {
    const std::uint32_t sum = crc32(of);
    for (int i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(sum >> (8 * i));
}

void mend_header(Bytes& file) {
    const auto good = encode_header({});
    std::copy_n(good.begin(), 16, file.begin());  // magic, record size, reserved
    put_sum(&file[60], std::span(file).first(60));
}

void mend_records(Bytes& file) {
    for (std::size_t at = kHeaderSize; at + kRecordSize <= file.size(); at += kRecordSize) {
        put_sum(&file[at + 44], std::span(file).subspan(at, 44));
    }
}

Fingerprint fingerprint_at(const Bytes& file, std::size_t at) {
    Fingerprint fingerprint{};
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), fingerprint.size(), fingerprint.begin());
    return fingerprint;
}

// Whether any record of the file, wherever it is, says this.
bool holds(const Bytes& file, const Standing& standing) {
    for (std::size_t at = kHeaderSize; at + kRecordSize <= file.size(); at += kRecordSize) {
        const auto record = std::span(file).subspan(at).first<kRecordSize>();
        if (decode_record(record) == standing) return true;
    }
    return false;
}

void look_up(const Table& table, const Bytes& file, const Fingerprint& fingerprint) {
    const auto lookup = table.find(fingerprint);
    if (lookup.found != Found::yes) return;
    if (lookup.standing.fingerprint != fingerprint || !holds(file, lookup.standing)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    Bytes file(data + 1, data + size);
    if ((data[0] & 1) != 0 && file.size() >= kHeaderSize) mend_header(file);
    if ((data[0] & 2) != 0) mend_records(file);

    const auto header = decode_header(file, file.size());
    if (!header) return 0;
    // As the reader does: the base mapped, exactly as long as it is, and the tail read.
    const auto base_end = static_cast<std::ptrdiff_t>(header->base_end());
    const Bytes base(file.begin(), file.begin() + base_end);
    const Bytes tail(file.begin() + base_end, file.end());
    auto table = Table::over(base);
    if (!table) std::abort();  // the header was good and the base is whole
    if (table->extend(tail) != Tail::damaged && table->tail_offset() > file.size()) std::abort();

    look_up(*table, file, {});
    Fingerprint last{};
    last.fill(0xFF);
    look_up(*table, file, last);
    for (std::size_t at = kHeaderSize; at + kRecordSize <= file.size(); at += kRecordSize) {
        look_up(*table, file, fingerprint_at(file, at));
    }
    return 0;
}
