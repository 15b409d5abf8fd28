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

// 1.5.3 and 1.5.4 of 5: a receiver may close the connection upon these; Mosquitto does.
TEST(Utf8, WhatAReceiverMayRefuseIsNotSent) {
    for (const std::string_view text :
         {"name\n", "a\tb", "\x01", "\x1F", "\x7F", "\xC2\x80", "\xC2\x85", "\xC2\x9F", "\xEF\xB7\x90",
          "\xEF\xB7\xAF", "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xF0\x9F\xBF\xBE", "\xF4\x8F\xBF\xBF",
          "a\xED\xA0\x80"}) {
        EXPECT_FALSE(is_sendable_text(text)) << testing::PrintToString(std::string(text));
    }
    EXPECT_FALSE(is_sendable_text("a\0b"s));
    for (const std::string_view text :
         {"", " ~", "\xC2\xA0", "\xC3\x9F", "\xEF\xB7\x8F", "\xEF\xB7\xB0", "\xEF\xBF\xBD", "\xEF\xBB\xBF",
          "\xF0\x9F\x98\x80", "\xF0\x9F\xBF\xBD", "\xF0\x9F\xBE\xBF"}) {
        EXPECT_TRUE(is_sendable_text(text)) << testing::PrintToString(std::string(text));
    }
}

}  // namespace
}  // namespace countersign::mqtt
