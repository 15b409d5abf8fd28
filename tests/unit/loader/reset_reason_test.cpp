#include "host/loader/reset_reason.h"

#include <gtest/gtest.h>

namespace countersign::loader {
namespace {

ResetKind kind_of(std::string_view said) {
    const auto reason = last_reset(said);
    return reason ? reason->kind : ResetKind::unknown;
}

// As the ROMs of an ESP32, a C3 and an S3 print them.
TEST(ResetReason, the_roms_names_are_understood) {
    EXPECT_EQ(kind_of("ets Jul 29 2019 12:21:46\r\n\r\nrst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST"),
              ResetKind::brown_out);
    EXPECT_EQ(
        kind_of("ESP-ROM:esp32c3-api1-20210207\r\nrst:0xf (BROWN_OUT_RST),boot:0xc (SPI_FAST_FLASH_BOOT)"),
        ResetKind::brown_out);
    EXPECT_EQ(kind_of("rst:0x1 (POWERON),boot:0xc\r\n"), ResetKind::power);
    EXPECT_EQ(kind_of("rst:0x1 (POWERON_RESET),boot:0x13\r\n"), ResetKind::power);
    EXPECT_EQ(kind_of("rst:0x10 (RTCWDT_RTC_RESET),boot:0x13\r\n"), ResetKind::watchdog);
    EXPECT_EQ(kind_of("rst:0x7 (TG0WDT_SYS_RST),boot:0xc\r\n"), ResetKind::watchdog);
    EXPECT_EQ(kind_of("rst:0x5 (DEEPSLEEP_RESET),boot:0x13\r\n"), ResetKind::sleep);
    EXPECT_EQ(kind_of("rst:0xc (SW_CPU_RESET),boot:0x13\r\n"), ResetKind::program);
    EXPECT_EQ(kind_of("rst:0x3 (RTC_SW_SYS_RST),boot:0xc\r\n"), ResetKind::program);
    EXPECT_EQ(last_reset("noise rst:0x1 (POWERON),boot:0xc")->text, "rst:0x1 (POWERON)");
}

TEST(ResetReason, what_the_firmware_said_before_counts_more) {
    EXPECT_EQ(kind_of("\r\nBrownout detector was triggered\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13\r\n"),
              ResetKind::brown_out);
    EXPECT_EQ(kind_of("Guru Meditation Error: Core  0 panic'ed (LoadProhibited)\r\nRebooting...\r\nrst:0xc "
                      "(SW_CPU_RESET),boot:0x13\r\n"),
              ResetKind::crash);
    EXPECT_EQ(kind_of("E (10303) task_wdt: Task watchdog got triggered. abort() was called\r\nrst:0xc "
                      "(SW_CPU_RESET),boot:0x13\r\n"),
              ResetKind::watchdog);
    EXPECT_EQ(
        kind_of("Guru Meditation Error\r\nrst:0xc (SW_CPU_RESET),boot:0x13\r\nrst:0x1 (POWERON),boot:0xc"),
        ResetKind::power)
        << "of the reset before";
}

TEST(ResetReason, there_may_be_none_or_not_all_of_it_yet) {
    EXPECT_FALSE(last_reset(""));
    EXPECT_FALSE(last_reset("first line\r\n>>> "));
    EXPECT_FALSE(last_reset("rst:0x1 (POWER"));
    EXPECT_EQ(kind_of("rst:0x1 (POWERON),boot:0xc\r\nrst:0xf (BROWN"), ResetKind::power);
    const auto strange = last_reset("rst:0x\x1b[2J\xff (whatever),");
    ASSERT_TRUE(strange);
    EXPECT_EQ(strange->kind, ResetKind::unknown);
    EXPECT_EQ(strange->text, "rst:0x?[2J? (whatever)");
}

}  // namespace
}  // namespace countersign::loader
