#include "host/base/error.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "host/base/clock.h"

namespace countersign {
namespace {

TEST(Catalogue, CodesAreUniqueAndWellFormed) {
    const std::regex form("E-[A-Z0-9]+(-[A-Z0-9]+)*");
    std::set<std::string> seen;
    for (const auto& entry : catalogue()) {
        EXPECT_TRUE(std::regex_match(std::string(entry.code), form)) << entry.code;
        EXPECT_TRUE(seen.emplace(entry.code).second) << entry.code << " twice";
        EXPECT_EQ(&catalogue_entry(entry.id), &entry) << entry.code;
        EXPECT_EQ(find_catalogue_entry(entry.code), &entry);
    }
}

TEST(Catalogue, EveryEntrySaysWhatHappenedAndWhatCuresIt) {
    for (const auto& entry : catalogue()) {
        EXPECT_TRUE(entry.what.ends_with('.')) << entry.code;
        EXPECT_FALSE(entry.cure.empty()) << entry.code;
        EXPECT_FALSE(entry.cure.ends_with('.')) << entry.code << ": a cure is copied and pasted";
        EXPECT_EQ(entry.what.find('|'), std::string_view::npos) << entry.code << " would break the table";
    }
}

TEST(Error, IsOneLineWithCodeParticularsAndCure) {
    const Error error(Code::NameTaken, "user1 is taken.", "countersign issue user1 --replace");
    EXPECT_STREQ(error.what(), "E-NAME-TAKEN: user1 is taken. Cure: countersign issue user1 --replace");
}

TEST(Error, FallsBackToTheCatalogue) {
    const Error error(Code::NameUnknown);
    EXPECT_EQ(error.detail(), catalogue_entry(Code::NameUnknown).what);
    EXPECT_EQ(error.cure(), "countersign list");
}

TEST(Clock, FormatsUtc) {
    using namespace std::chrono;
    const Seconds time = sys_days{2050y / January / 2} + 3h + 4min + 5s;
    EXPECT_EQ(format_date(time), "2050-01-02");
    EXPECT_EQ(format_time(time), "2050-01-02T03:04:05Z");
    EXPECT_EQ(format_date(Seconds{seconds{253402300799}}), "9999-12-31");
}

}  // namespace
}  // namespace countersign
