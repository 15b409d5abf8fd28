#include "host/lifecycle/csv.h"

#include <gtest/gtest.h>

#include "host/base/error.h"

namespace countersign::lifecycle {
namespace {

TEST(DeviceCsv, ReadsNamesWithOptionalKeyAndDays) {
    const auto devices = parse_device_csv("name,key,days\nuser1,p384,30\nuser2,,\n").devices;
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "user1");
    EXPECT_EQ(devices[0].key_type, "p384");
    EXPECT_EQ(devices[0].days, 30);
    EXPECT_EQ(devices[1].line, 3U);
    EXPECT_EQ(devices[1].key_type, "");
    EXPECT_EQ(devices[1].days, std::nullopt);
}

TEST(DeviceCsv, TakesColumnsInAnyOrderAndWhatSpreadsheetsWrite) {
    const auto devices =
        parse_device_csv("\xEF\xBB\xBF\"days\" , name\r\n 7 , \"user1\" \r\n\r\n,user2\r\n").devices;
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "user1");
    EXPECT_EQ(devices[0].days, 7);
    EXPECT_EQ(devices[1].name, "user2");
    EXPECT_EQ(devices[1].line, 4U) << "blank lines count as an editor counts them";
}

TEST(DeviceCsv, ReadsQuotesAsRfc4180) {
    const auto devices = parse_device_csv("name,key\n\"a\"\"b\",\"p256\"\n\"a,b\",p256\n").devices;
    ASSERT_EQ(devices.size(), 2U);
    EXPECT_EQ(devices[0].name, "a\"b");
    EXPECT_EQ(devices[1].name, "a,b");
}

TEST(DeviceCsv, ReportsABadLineWithItsNumberAndGoesOn) {
    const auto devices =
        parse_device_csv(
            "name,days\nuser1,x\nuser2,0\nuser3,1,2\n\"user4,1\nuser5,99999999999999999999\nok,1\n" +
            std::string(2000, 'a'))
            .devices;
    ASSERT_EQ(devices.size(), 7U);
    for (const std::size_t bad : {0U, 1U, 2U, 3U, 4U, 6U}) {
        EXPECT_NE(devices[bad].problem, "") << bad;
        EXPECT_EQ(devices[bad].line, bad + 2);
    }
    EXPECT_EQ(devices[5].problem, "");
}

TEST(DeviceCsv, RefusesAHeaderItDoesNotUnderstand) {
    for (const char* text :
         {"", "user1\nuser2\n", "key,days\n", "name,name\n", "name,Name\n", "\"name\n", "\xFF\xFEn\0"}) {
        EXPECT_THROW((void)parse_device_csv(text), Error) << text;
    }
}

TEST(DeviceCsv, TakesWhatEverySpreadsheetWrites) {
    for (const std::string_view text : {
             std::string_view("Name;Key;DAYS\nuser1;p384;30\nuser2;;\n"),
             std::string_view("name\tkey\tdays\r\nuser1\tp384\t30\r\nuser2\r\n"),
             std::string_view("sep=;\r\nname;key;days\r\nuser1;p384;30\r\nuser2\r\n"),
             std::string_view("name,key,days,\rname is above\r"),
             std::string_view("place,name,,key,days\n\"Hall, left\",user1,,p384,30\n,,,,\n,user2,,,,,\n"),
             std::string_view("\xFF\xFEn\0a\0m\0e\0\r\0\n\0u\0s\0e\0r\0"
                              "1\0\n\0u\0s\0e\0r\0"
                              "2\0",
                              36),
         }) {
        const auto list = parse_device_csv(text);
        const std::string shown(text.substr(0, 20));
        if (text.find("is above") != std::string_view::npos) {
            ASSERT_EQ(list.devices.size(), 1U);
            EXPECT_EQ(list.devices[0].name, "name is above");
            continue;
        }
        ASSERT_EQ(list.devices.size(), 2U) << shown;
        EXPECT_EQ(list.devices[0].name, "user1") << shown;
        EXPECT_EQ(list.devices[1].name, "user2") << shown;
        EXPECT_EQ(list.devices[0].problem + list.devices[1].problem, "") << shown;
        if (text.find("30") != std::string_view::npos) {
            EXPECT_EQ(list.devices[0].days, 30) << shown;
        }
    }
}

TEST(DeviceCsv, NamesTheColumnsItDoesNotUse) {
    const auto list = parse_device_csv("name,colour,,Room\na,red,,1\n");
    EXPECT_EQ(list.unused, (std::vector<std::string>{"colour", "Room"}));
}

TEST(DeviceCsv, CountsLinesAsAnEditorDoes) {
    EXPECT_EQ(parse_device_csv("sep=,\nname\n\nuser1\n").devices.at(0).line, 4U);
}

}  // namespace
}  // namespace countersign::lifecycle
