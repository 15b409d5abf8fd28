#include "host/lifecycle/csv.h"

#include <gtest/gtest.h>

#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

TEST(DeviceCsv, ReadsNamesWithOptionalKeyAndDays) {
    const auto devices = parse_device_csv("name,key,days\nuser1,p384,30\nuser2,,\n");
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "user1");
    EXPECT_EQ(devices[0].key_type, "p384");
    EXPECT_EQ(devices[0].days, 30);
    EXPECT_EQ(devices[1].line, 3U);
    EXPECT_EQ(devices[1].key_type, "");
    EXPECT_EQ(devices[1].days, std::nullopt);
}

TEST(DeviceCsv, TakesColumnsInAnyOrderAndWhatSpreadsheetsWrite) {
    const auto devices = parse_device_csv("\xEF\xBB\xBF\"days\" , name\r\n 7 , \"user1\" \r\n\r\n,user2\r\n");
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "user1");
    EXPECT_EQ(devices[0].days, 7);
    EXPECT_EQ(devices[1].name, "user2");
    EXPECT_EQ(devices[1].line, 4U) << "blank lines count as an editor counts them";
}

TEST(DeviceCsv, ReadsQuotesAsRfc4180) {
    const auto devices = parse_device_csv("name,key\n\"a\"\"b\",\"p256\"\n\"a,b\",p256\n");
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "a\"b");
    EXPECT_EQ(devices[1].name, "a,b");
}

TEST(DeviceCsv, ReportsABadLineWithItsNumberAndGoesOn) {
    const auto devices = parse_device_csv(
        "name,days\nuser1,x\nuser2,0\nuser3,1,2\n\"user4,1\nuser5,99999999999999999999\nok,1\n" +
        std::string(2000, 'a'));
    ASSERT_EQ(devices.size(), 7U);
    for (const std::size_t bad : {0U, 1U, 2U, 3U, 4U, 6U}) {
        EXPECT_NE(devices[bad].problem, "") << bad;
        EXPECT_EQ(devices[bad].line, bad + 2);
    }
    EXPECT_EQ(devices[5].problem, "");
}

TEST(DeviceCsv, RefusesAHeaderItDoesNotUnderstand) {
    for (const char* text :
         {"", "user1\nuser2\n", "key,days\n", "name,name\n", "name,colour\n", "\"name\n"}) {
        EXPECT_THROW((void)parse_device_csv(text), Error) << text;
    }
}

}  // namespace
}  // namespace countersign::lifecycle
