// The bytes of docs/architecture.md, laid out by hand.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "host/broker/admission/format.h"

namespace countersign::broker::admission {
namespace {

using namespace std::string_literals;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_of(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

// Little endian, of zlib's crc32 (python3 -c 'import zlib; …').
const std::string kHeader =
    "CSADMIT1"s              // magic
    "\x30\0\0\0"s            // record size 48
    "\0\0\0\0"s              // reserved
    "\x02\0\0\0\0\0\0\0"s    // base records
    "\x05\0\0\0\0\0\0\0"s +  // generation
    std::string(28, '\0') +  // reserved
    "\xEF\xD0\xDD\x12"s;     // CRC-32 of the above

const std::string kRecord = std::string(31, '\xAB') + "\xCD"s +    // fingerprint
                            "\xFF\xE3\x0B\xDA\xFF\x00\x00\x00"s +  // notAfter
                            "\x03"s                                // role: operator
                            "\x02"s                                // state: active
                            "\0\0"s                                // reserved
                            "\x79\x89\xB9\xDE"s;                   // CRC-32 of the above

// The check value of CRC-32/ISO-HDLC.
TEST(AdmissionFormat, crc32_is_the_one_of_ieee_802_3) {
    EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926u);
    EXPECT_EQ(crc32({}), 0u);
}

TEST(AdmissionFormat, header_both_ways) {
    EXPECT_EQ(text_of(encode_header({2, 5})), kHeader);
    const auto header = decode_header(bytes_of(kHeader), 64 + 2 * 48);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->base_count, 2u);
    EXPECT_EQ(header->generation, 5u);
    EXPECT_EQ(header->base_end(), 160u);
}

TEST(AdmissionFormat, record_both_ways) {
    Standing standing{{}, 0xFFDA0BE3FF, Role::operator_, CertificateState::active};
    standing.fingerprint.fill(0xAB);
    standing.fingerprint[31] = 0xCD;
    EXPECT_EQ(text_of(encode_record(standing)), kRecord);
    EXPECT_EQ(decode_record(bytes_of(kRecord).first<48>()), standing);
}

TEST(AdmissionFormat, a_fresh_one_says_so) {
    Standing standing{{}, 1, Role::device, CertificateState::pending, true};
    const auto record = encode_record(standing);
    EXPECT_EQ(record[42], 1);
    EXPECT_EQ(record[43], 0);
    EXPECT_EQ(decode_record(record), standing);
    for (const std::uint8_t flags : std::initializer_list<std::uint8_t>{2, 3, 128}) {
        auto odd = record;
        odd[42] = flags;
        const std::uint32_t sum = crc32(std::span(odd).first(44));
        for (std::size_t i = 0; i < 4; ++i) odd[44 + i] = static_cast<std::uint8_t>(sum >> (8 * i));
        EXPECT_EQ(decode_record(odd), std::nullopt) << int{flags};
    }
}

TEST(AdmissionFormat, times_before_1970_and_far_ahead) {
    for (const std::int64_t time : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                    std::int64_t{253402300799}, std::numeric_limits<std::int64_t>::max()}) {
        const Standing standing{{}, time, Role::device, CertificateState::held};
        EXPECT_EQ(decode_record(encode_record(standing)), standing) << time;
    }
}

TEST(AdmissionFormat, every_flipped_bit_of_a_header_is_noticed) {
    for (std::size_t bit = 0; bit < kHeader.size() * 8; ++bit) {
        std::string damaged = kHeader;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(decode_header(bytes_of(damaged), 1 << 20)) << bit;
    }
}

TEST(AdmissionFormat, every_flipped_bit_of_a_record_is_noticed) {
    for (std::size_t bit = 0; bit < kRecord.size() * 8; ++bit) {
        std::string damaged = kRecord;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(decode_record(bytes_of(damaged).first<48>())) << bit;
    }
}

TEST(AdmissionFormat, a_header_must_fit_its_file) {
    EXPECT_FALSE(decode_header(bytes_of(kHeader), 64 + 2 * 48 - 1));
    EXPECT_FALSE(decode_header(bytes_of(kHeader).first(63), 1000));
    // 48 times this count is 32 modulo 2^64.
    const auto forged = encode_header({0x0555555555555556, 1});
    EXPECT_FALSE(decode_header(forged, 1000));
}

TEST(AdmissionFormat, what_no_publisher_writes_is_refused_even_with_a_good_sum) {
    const Standing good{{}, 1, Role::device, CertificateState::active};
    Standing no_client = good;
    no_client.role = Role::broker;
    Standing no_role = good;
    no_role.role = Role{};
    Standing no_state = good;
    no_state.state = CertificateState{6};
    EXPECT_TRUE(decode_record(encode_record(good)));
    EXPECT_FALSE(decode_record(encode_record(no_client)));
    EXPECT_FALSE(decode_record(encode_record(no_role)));
    EXPECT_FALSE(decode_record(encode_record(no_state)));
}

}  // namespace
}  // namespace countersign::broker::admission
