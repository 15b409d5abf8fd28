#include "host/base/foreign_text.h"

#include <gtest/gtest.h>

namespace countersign {
namespace {

using namespace std::string_view_literals;

TEST(ForeignText, LosesByteOrderMarksAndLineEndsOfOtherSystems) {
    EXPECT_EQ(foreign_text(""), "");
    EXPECT_EQ(foreign_text("a\nb"), "a\nb");
    EXPECT_EQ(foreign_text("\xEF\xBB\xBF"
                           "a\r\nb\rc\r\r\n"),
              "a\nb\nc\n\n");
    EXPECT_EQ(foreign_text("\xFF no UTF-8"), "\xFF no UTF-8");
}

TEST(ForeignText, OfUtf16IsUtf8) {
    EXPECT_EQ(foreign_text("\xFF\xFE"
                           "a\0\xE4\0\x3D\xD8\x00\xDE\r\0\n\0"sv),
              "a\xC3\xA4\xF0\x9F\x98\x80\n");
    EXPECT_EQ(foreign_text("\xFE\xFF\0a"sv), "a");
    EXPECT_EQ(foreign_text("\xFF\xFE"
                           "a"sv),
              std::nullopt)
        << "half a unit";
    EXPECT_EQ(foreign_text("\xFF\xFE\x3D\xD8"sv), std::nullopt) << "half a pair";
}

TEST(ForeignText, TellsUtf16ByItsMark) {
    EXPECT_TRUE(is_utf16("\xFF\xFEx"));
    EXPECT_TRUE(is_utf16("\xFE\xFF"));
    EXPECT_FALSE(is_utf16("\xEF\xBB\xBFx"));
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF secret"), " secret");
}

}  // namespace
}  // namespace countersign
