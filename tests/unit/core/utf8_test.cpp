#include "core/mqtt/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::mqtt {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsEveryLength) {
    EXPECT_TRUE(is_valid_utf8(""));
    EXPECT_TRUE(is_valid_utf8("devices/a"));
    EXPECT_TRUE(is_valid_utf8("\xC2\x80"));          // U+0080, the first of two bytes
    EXPECT_TRUE(is_valid_utf8("\xDF\xBF"));          // U+07FF, the last
    EXPECT_TRUE(is_valid_utf8("\xE0\xA0\x80"));      // U+0800, the first of three
    EXPECT_TRUE(is_valid_utf8("\xED\x9F\xBF"));      // U+D7FF, before the surrogates
    EXPECT_TRUE(is_valid_utf8("\xEE\x80\x80"));      // U+E000, after them
    EXPECT_TRUE(is_valid_utf8("\xF0\x90\x80\x80"));  // U+10000, the first of four
    EXPECT_TRUE(is_valid_utf8("\xF4\x8F\xBF\xBF"));  // U+10FFFF, the last of all
}

TEST(Utf8, mqtt_1_5_3_1_IllFormedIsRefused) {
    EXPECT_FALSE(is_valid_utf8("\x80"));              // a continuation byte alone
    EXPECT_FALSE(is_valid_utf8("\xC2"));              // unfinished
    EXPECT_FALSE(is_valid_utf8("\xE2\x82"));          // unfinished
    EXPECT_FALSE(is_valid_utf8("\xC2 "));             // not a continuation byte
    EXPECT_FALSE(is_valid_utf8("\xE2\x82\xC0"));      // the last one not a continuation byte
    EXPECT_FALSE(is_valid_utf8("\xC1\xBF"));          // overlong U+007F
    EXPECT_FALSE(is_valid_utf8("\xE0\x9F\xBF"));      // overlong U+07FF
    EXPECT_FALSE(is_valid_utf8("\xF0\x8F\xBF\xBF"));  // overlong U+FFFF
    EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));      // surrogate U+D800
    EXPECT_FALSE(is_valid_utf8("\xED\xBF\xBF"));      // surrogate U+DFFF
    EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // U+110000
    EXPECT_FALSE(is_valid_utf8("\xF5\x80\x80\x80"));  // never a lead byte
    EXPECT_FALSE(is_valid_utf8("\xFF"));
}

TEST(Utf8, mqtt_1_5_3_2_NulIsRefused) {
    EXPECT_FALSE(is_valid_utf8("a\0b"s));
    EXPECT_FALSE(is_valid_utf8("\xC0\x80"));  // an overlong NUL
}

TEST(Utf8, mqtt_1_5_3_3_ByteOrderMarkIsACharacterLikeAnyOther) {
    EXPECT_TRUE(is_valid_utf8("a\xEF\xBB\xBF"));  // [5: MQTT-1.5.4-3]
}

}  // namespace
}  // namespace countersign::mqtt
