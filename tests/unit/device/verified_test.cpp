// What the device's C++ module keeps of verified signatures; the rest of the module is tested where it runs,
// in tests/device.
#include "device/native/verified.h"

#include <gtest/gtest.h>

namespace countersign::native {
namespace {

Verified::Digest digest(std::uint8_t first) {
    Verified::Digest one{};
    one.front() = first;
    return one;
}

TEST(Verified, KnowsNothingAtFirstNotEvenZeros) {
    Verified verified;
    EXPECT_FALSE(verified.knows(Verified::Digest{}));
}

TEST(Verified, KnowsWhatWasAddedToTheLastByte) {
    Verified verified;
    auto one = digest(1);
    verified.add(one);
    EXPECT_TRUE(verified.knows(one));
    one.back() ^= 1;
    EXPECT_FALSE(verified.knows(one));
}

// A certificate's signature comes with every handshake, the signature of its key exchange never again.
TEST(Verified, WhatComesAgainStaysWhatDoesNotGoes) {
    Verified verified;
    const auto certificate = digest(200);
    verified.add(certificate);
    for (std::uint8_t i = 0; i < 100; ++i) {
        EXPECT_TRUE(verified.knows(certificate)) << int{i};
        verified.add(digest(i));
    }
    EXPECT_FALSE(verified.knows(digest(0)));
    EXPECT_TRUE(verified.knows(digest(99)));
}

TEST(Verified, TheFourLatestStay) {
    Verified verified;
    for (std::uint8_t i = 0; i < 5; ++i) verified.add(digest(i));
    EXPECT_FALSE(verified.knows(digest(0)));
    for (std::uint8_t i = 1; i < 5; ++i) EXPECT_TRUE(verified.knows(digest(i))) << int{i};
}

TEST(VerifiedScope, IsForOneOwnerAndThenForNobody) {
    EXPECT_EQ(VerifiedScope::current(), VerifiedScope::kNobody);
    const auto owner = VerifiedScope::new_owner();
    EXPECT_NE(owner, VerifiedScope::kNobody);
    {
        const VerifiedScope scope(owner);
        EXPECT_EQ(VerifiedScope::current(), owner);
    }
    EXPECT_EQ(VerifiedScope::current(), VerifiedScope::kNobody);
    EXPECT_NE(VerifiedScope::new_owner(), owner);
}

}  // namespace
}  // namespace countersign::native
