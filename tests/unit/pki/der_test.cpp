#include "host/pki/der.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "host/base/error.h"

namespace countersign::pki::der {
namespace {

using ::testing::ElementsAre;

Seconds at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
    return Seconds{
        std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} +
        std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second}};
}

std::string content(const Bytes& element) {
    return {element.begin() + 2, element.end()};
}

TEST(DerLength, TakesTheShortestForm) {
    const Bytes filling(70'000, 0);
    const auto header = [&](std::size_t size, std::size_t length) {
        const Bytes whole = element(kOctetString, {ByteView(filling).first(size)});
        EXPECT_EQ(whole.size(), size + length);
        return Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    };
    EXPECT_THAT(header(0, 2), ElementsAre(0x04, 0x00));
    EXPECT_THAT(header(127, 2), ElementsAre(0x04, 0x7f));
    EXPECT_THAT(header(128, 3), ElementsAre(0x04, 0x81, 0x80));
    EXPECT_THAT(header(255, 3), ElementsAre(0x04, 0x81, 0xff));
    EXPECT_THAT(header(256, 4), ElementsAre(0x04, 0x82, 0x01, 0x00));
    EXPECT_THAT(header(65'536, 5), ElementsAre(0x04, 0x83, 0x01, 0x00, 0x00));
}

TEST(DerInteger, IsPositiveAndShortest) {
    EXPECT_THAT(integer(Bytes{}), ElementsAre(0x02, 0x01, 0x00));
    EXPECT_THAT(integer(Bytes{0x00, 0x00}), ElementsAre(0x02, 0x01, 0x00));
    EXPECT_THAT(integer(Bytes{0x7f}), ElementsAre(0x02, 0x01, 0x7f));
    EXPECT_THAT(integer(Bytes{0x80}), ElementsAre(0x02, 0x02, 0x00, 0x80));
    EXPECT_THAT(integer(Bytes{0x00, 0x01, 0x00}), ElementsAre(0x02, 0x02, 0x01, 0x00));
}

// RFC 5280 4.1.2.5
TEST(DerTime, ChangesItsFormIn2050) {
    EXPECT_EQ(time(at(1950, 1, 1))[0], kUtcTime);
    EXPECT_EQ(content(time(at(1950, 1, 1))), "500101000000Z");
    EXPECT_EQ(content(time(at(2026, 11, 9, 7, 5, 3))), "261109070503Z");
    EXPECT_EQ(time(at(2049, 12, 31, 23, 59, 59))[0], kUtcTime);
    EXPECT_EQ(content(time(at(2049, 12, 31, 23, 59, 59))), "491231235959Z");
    EXPECT_EQ(time(at(2050, 1, 1))[0], kGeneralizedTime);
    EXPECT_EQ(content(time(at(2050, 1, 1))), "20500101000000Z");
    EXPECT_EQ(content(time(at(9999, 12, 31, 23, 59, 59))), "99991231235959Z");
}

TEST(DerTime, RefusesWhatItCannotWrite) {
    EXPECT_THROW((void)time(at(1949, 12, 31, 23, 59, 59)), Error);
    EXPECT_THROW((void)time(at(10'000, 1, 1)), Error);
}

TEST(DerReader, WalksElements) {
    const Bytes two{0x02, 0x01, 0x05,         // INTEGER 5
                    0x04, 0x02, 0xaa, 0xbb};  // OCTET STRING
    Reader reader(two);
    const auto first = reader.next(kInteger);
    ASSERT_TRUE(first);
    EXPECT_THAT(first->content, ElementsAre(0x05));
    EXPECT_FALSE(reader.at_end());
    const auto second = reader.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->tag, kOctetString);
    EXPECT_THAT(second->whole, ElementsAre(0x04, 0x02, 0xaa, 0xbb));
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(reader.next());
}

TEST(DerReader, RefusesWhatIsNotDerOrCutShort) {
    const auto refused = [](const Bytes& bytes) { return !Reader(bytes).next(); };
    EXPECT_TRUE(refused({})) << "nothing";
    EXPECT_TRUE(refused({0x04})) << "a tag alone";
    EXPECT_TRUE(refused({0x04, 0x03, 0x01, 0x02})) << "one octet missing";
    EXPECT_TRUE(refused({0x04, 0x82, 0x01})) << "a length cut short";
    EXPECT_TRUE(refused({0x30, 0x80, 0x00, 0x00})) << "indefinite length (BER)";
    EXPECT_TRUE(refused({0x04, 0x81, 0x01, 0xaa})) << "a long length where a short one would do";
    EXPECT_TRUE(refused({0x04, 0x84, 0x7f, 0xff, 0xff, 0xff})) << "2 GiB";
    EXPECT_TRUE(refused({0x1f, 0x81, 0x01, 0x00})) << "a tag number above 30";
    Bytes padded{0x04, 0x82, 0x00, 0x80};
    padded.resize(4 + 0x80);
    EXPECT_TRUE(refused(padded)) << "a length with a leading zero octet";
}

TEST(DerReader, RefusesAnotherTag) {
    const Bytes integer_5{0x02, 0x01, 0x05};
    EXPECT_FALSE(Reader(integer_5).next(kOctetString));
}

// SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING 0 unused, 0xaa }
const Bytes kSigned{0x30, 0x08, 0x30, 0x00, 0x30, 0x00, 0x03, 0x02, 0x00, 0xaa};

TEST(DerSigned, ComesApartAndTogether) {
    const auto parts = split_signed(kSigned);
    ASSERT_TRUE(parts);
    EXPECT_THAT(parts->to_be_signed, ElementsAre(0x30, 0x00));
    EXPECT_THAT(parts->signature, ElementsAre(0xaa));
    EXPECT_EQ(join_signed(parts->to_be_signed, parts->algorithm, parts->signature), kSigned);
}

TEST(DerSigned, RefusesEveryOtherShape) {
    const auto changed = [](std::size_t index, std::uint8_t value) {
        Bytes bytes = kSigned;
        bytes[index] = value;
        return bytes;
    };
    EXPECT_FALSE(split_signed(changed(0, 0x31))) << "a SET outside";
    EXPECT_FALSE(split_signed(changed(1, 0x07))) << "bytes behind the SEQUENCE";
    EXPECT_FALSE(split_signed(changed(2, 0x04))) << "an OCTET STRING to be signed";
    EXPECT_FALSE(split_signed(changed(4, 0x02))) << "an INTEGER as algorithm";
    EXPECT_FALSE(split_signed(changed(6, 0x04))) << "an OCTET STRING as signature";
    EXPECT_FALSE(split_signed(changed(8, 0x01))) << "unused bits in the signature";
    for (std::size_t size = 0; size < kSigned.size(); ++size) {
        EXPECT_FALSE(split_signed(ByteView(kSigned).first(size))) << "cut after " << size;
    }
    EXPECT_FALSE(split_signed(Bytes{0x30, 0x07, 0x30, 0x00, 0x30, 0x00, 0x03, 0x01, 0x00}))
        << "an empty signature";
}

}  // namespace
}  // namespace countersign::pki::der
