#include "host/base/printable.h"

#include <gtest/gtest.h>

#include "host/base/error.h"

namespace countersign {
namespace {

using namespace std::string_literals;

TEST(Printable, WritesOutWhatATerminalObeysAndLeavesTheRest) {
    EXPECT_EQ(one_line("Kühlschrank 3 – 21 °C, 日本語 😀 \\"), "Kühlschrank 3 – 21 °C, 日本語 😀 \\");
    EXPECT_EQ(one_line("\x1b[2J\a\x7f\0\n\r\t"s), "\\x1b[2J\\x07\\x7f\\x00\\x0a\\x0d\\x09");
    EXPECT_EQ(one_line("\xC2\x9b\xE2\x80\xAE\xE2\x80\xA8\xF3\xA0\x81\x81"),
              "\\u009b\\u202e\\u2028\\U000e0041");
}

TEST(Printable, WritesOutEachByteThatIsNoUtf8) {
    // Overlong, a surrogate, beyond Unicode, cut short, a lone follower.
    EXPECT_EQ(one_line("\xC0\xAF"), "\\xc0\\xaf");
    EXPECT_EQ(one_line("\xE0\x80\xAF"), "\\xe0\\x80\\xaf");
    EXPECT_EQ(one_line("\xED\xA0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(one_line("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
    EXPECT_EQ(one_line("\xE2\x82"), "\\xe2\\x82");
    EXPECT_EQ(one_line("\x80x"), "\\x80x");
}

TEST(Printable, EveryOutcomeIsItsOwnOutcome) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            EXPECT_EQ(one_line(one_line(text)), one_line(text)) << first << ' ' << second;
        }
    }
}

TEST(Printable, ALineOfAForeignTextIsNoLineOfOurs) {
    EXPECT_EQ(paragraph("one\ntwo\r"), "one\n  two\\x0d");
    EXPECT_EQ(own_lines("one\ntwo\r"), "one\ntwo\\x0d");
    const Error error(Code::FileRead, "a\x1b\nIssued x", "b\x9b");
    EXPECT_STREQ(error.what(), "E-FILE-READ: a\\x1b\n  Issued x Cure: b\\x9b");
    EXPECT_EQ(error.detail(), "a\\x1b\n  Issued x");
}

TEST(PrintableStream, WaitsForTheRestOfASequence) {
    const std::string text = "é\r\n😀\x1b\xE2\x80\xAE!";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        PrintableStream stream;
        std::string out = stream.add(text.substr(0, cut));
        out += stream.add(text.substr(cut));
        EXPECT_EQ(out, "é\n😀\\x1b\\u202e!") << cut;
    }
}

}  // namespace
}  // namespace countersign
