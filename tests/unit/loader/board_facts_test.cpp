// What follows from a board's own words. The lines of /slots were made by hand; their checksums are from
// Python's zlib.crc32.
#include "host/loader/board_facts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/base/error.h"
#include "host/loader/digest.h"

namespace countersign::loader {
namespace {

using nlohmann::json;

constexpr const char* kPointer1a = "countersign-pointer 1 1 a 79c29acf\n";
constexpr const char* kPointer2b = "countersign-pointer 1 2 b 405a66e2\n";

json whole_slot() {
    return {{"identity", R"({"version":1,"name":"user1","brokers":[],"anchors":1,)"
                         R"("sha256":{"key.der":"k","cert.der":"c","anchor0.der":"a"}})"},
            {"sha256", {{"key.der", "k"}, {"cert.der", "c"}, {"anchor0.der", "a"}, {"identity.json", "i"}}}};
}

json empty_slot() {
    return {{"identity", ""}, {"sha256", json::object()}};
}

json some_facts() {
    return {{"name", "micropython"},
            {"version", {1, 25, 0}},
            {"machine", "ESP32C3 module with ESP32C3"},
            {"block", 4096},
            {"free", 1000},
            {"files", {{"main.py", ""}}},
            {"pointers", {"", ""}},
            {"floors", {"", ""}},
            {"main", ""},
            {"slots", {{"a", empty_slot()}, {"b", empty_slot()}}}};
}

BoardFacts parsed(const json& facts) {
    return parse_facts("boot noise\nCS-FACTS " + facts.dump() + "\nmore\n");
}

TEST(Digest, crc32_check_value) {
    EXPECT_EQ(crc32("123456789"), 0xCBF43926U);  // the check value of CRC-32/ISO-HDLC
}

TEST(Digest, base64_of_rfc_4648) {
    std::string out = ">";
    for (const std::string_view text : {"", "f", "fo", "foo", "foobar"}) {
        append_base64(out, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
        out += '|';
    }
    EXPECT_EQ(out, ">|Zg==|Zm8=|Zm9v|Zm9vYmFy|");
}

TEST(BoardFacts, lines_as_the_device_writes_them) {
    EXPECT_EQ(pointer_line(1, 'a'), kPointer1a);
    EXPECT_EQ(pointer_line(2, 'b'), kPointer2b);
    EXPECT_EQ(floor_line(Seconds(std::chrono::seconds(1900000000))),
              "countersign-floor 1 1900000000 3ee9aef1\n");
}

TEST(BoardFacts, an_empty_board_begins_with_slot_a_and_pointer_0) {
    const auto facts = parsed(some_facts());
    EXPECT_EQ(facts.version_text(), "1.25.0");
    EXPECT_EQ(facts.machine, "ESP32C3 module with ESP32C3");
    EXPECT_EQ(facts.free_slot, 'a');
    EXPECT_EQ(facts.next_pointer, 0);
    EXPECT_EQ(facts.next_sequence, 1U);
    EXPECT_EQ(facts.floor, Seconds{});
}

TEST(BoardFacts, the_newest_pointer_to_a_whole_slot_holds) {
    auto facts = some_facts();
    facts["pointers"] = {kPointer1a, kPointer2b};
    facts["slots"] = {{"a", whole_slot()}, {"b", whole_slot()}};
    EXPECT_EQ(parsed(facts).free_slot, 'a');
    EXPECT_EQ(parsed(facts).next_pointer, 0);
    EXPECT_EQ(parsed(facts).next_sequence, 3U);
    facts["slots"]["b"]["sha256"]["cert.der"] = "rot";
    EXPECT_EQ(parsed(facts).free_slot, 'b');
    EXPECT_EQ(parsed(facts).next_pointer, 0);
    EXPECT_EQ(parsed(facts).next_sequence, 3U);
}

TEST(BoardFacts, a_damaged_pointer_does_not_count) {
    for (const char* damaged : {"countersign-pointer 1 2 b 405a66e3\n", "countersign-pointer 1 2 b 405a66e2",
                                "countersign-pointer", "", "x", " \n"}) {
        auto facts = some_facts();
        facts["pointers"] = {kPointer1a, damaged};
        facts["slots"] = {{"a", whole_slot()}, {"b", whole_slot()}};
        EXPECT_EQ(parsed(facts).free_slot, 'b') << damaged;
        EXPECT_EQ(parsed(facts).next_pointer, 1) << damaged;
        EXPECT_EQ(parsed(facts).next_sequence, 2U) << damaged;
    }
}

TEST(BoardFacts, a_slot_with_nonsense_in_it_is_not_one) {
    for (const char* nonsense :
         {"", "{", "[]", R"({"version":2})", R"({"version":1,"name":"u","anchors":9,"sha256":{}})",
          R"({"version":1,"name":"u","anchors":"1"})", R"({"version":1,"name":".u","anchors":1})"}) {
        auto facts = some_facts();
        facts["pointers"] = {kPointer1a, ""};
        facts["slots"] = {{"a", whole_slot()}, {"b", empty_slot()}};
        facts["slots"]["a"]["identity"] = nonsense;
        EXPECT_EQ(parsed(facts).free_slot, 'a') << nonsense;
    }
}

TEST(BoardFacts, the_higher_valid_floor_counts) {
    auto facts = some_facts();
    facts["floors"] = {"countersign-floor 1 1900000000 3ee9aef1\n",
                       "countersign-floor 1 1950000000 747eebbf\n"};
    EXPECT_EQ(parsed(facts).floor, Seconds(std::chrono::seconds(1900000000)));
}

}  // namespace
}  // namespace countersign::loader
