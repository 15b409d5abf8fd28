#include "core/mqtt/topic.h"

#include <gtest/gtest.h>

#include <string>

namespace countersign::mqtt {
namespace {

TEST(Topic, mqtt_4_7_3_1_AtLeastOneCharacter) {
    EXPECT_FALSE(is_valid_topic_name(""));
    EXPECT_FALSE(is_valid_topic_filter(""));
    EXPECT_TRUE(is_valid_topic_name("/"));
    EXPECT_TRUE(is_valid_topic_filter(" "));
}

TEST(Topic, mqtt_4_7_3_2_NoNul) {
    EXPECT_FALSE(is_valid_topic_name(std::string("a\0b", 3)));  // [5: MQTT-4.7.3-2]
    EXPECT_FALSE(is_valid_topic_filter(std::string("a\0b", 3)));
}

TEST(Topic, mqtt_4_7_3_3_AtMost65535Bytes) {  // [5: MQTT-4.7.3-3]
    EXPECT_TRUE(is_valid_topic_name(std::string(65535, 'a')));
    EXPECT_FALSE(is_valid_topic_name(std::string(65536, 'a')));
    EXPECT_FALSE(is_valid_topic_filter(std::string(65536, 'a')));
}

TEST(Topic, mqtt_3_3_2_2_NoWildcardsInANameToPublishTo) {
    EXPECT_FALSE(is_valid_topic_name("a/+"));  // [MQTT-4.7.1-1], [5: MQTT-4.7.0-1]
    EXPECT_FALSE(is_valid_topic_name("a#"));
    EXPECT_TRUE(is_valid_topic_name("$SYS/broker/uptime"));
}

TEST(Topic, mqtt_4_7_1_2_HashAloneInTheLastLevel) {  // [5: MQTT-4.7.1-1]
    EXPECT_TRUE(is_valid_topic_filter("#"));
    EXPECT_TRUE(is_valid_topic_filter("sport/tennis/#"));
    EXPECT_FALSE(is_valid_topic_filter("sport/tennis#"));
    EXPECT_FALSE(is_valid_topic_filter("sport/tennis/#/ranking"));
    EXPECT_FALSE(is_valid_topic_filter("#/"));
}

TEST(Topic, mqtt_4_7_1_3_PlusAloneInItsLevel) {  // [5: MQTT-4.7.1-2]
    EXPECT_TRUE(is_valid_topic_filter("+"));
    EXPECT_TRUE(is_valid_topic_filter("+/tennis/#"));
    EXPECT_TRUE(is_valid_topic_filter("sport/+/player1"));
    EXPECT_FALSE(is_valid_topic_filter("sport+"));
    EXPECT_FALSE(is_valid_topic_filter("sport/+a"));
}

TEST(Topic, NoMoreLevelsAreSentThanMosquittoTakes) {
    std::string levels = "a";
    for (int i = 1; i < 200; ++i) levels += "/a";
    EXPECT_TRUE(is_sendable_topic(levels));
    EXPECT_TRUE(is_sendable_filter(levels));
    EXPECT_FALSE(is_sendable_topic(levels + "/"));
    EXPECT_FALSE(is_sendable_filter(levels + "/#"));
    EXPECT_FALSE(is_sendable_topic("devices/u/name\n"));
    EXPECT_FALSE(is_sendable_filter("devices/\x7F/#"));
    EXPECT_TRUE(is_sendable_filter("+/\xC3\xA4/#"));
}

// The examples of sections 4.7.1.2, 4.7.1.3 and 4.7.2.
TEST(Topic, FiltersMatchAsTheSpecificationSays) {
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_TRUE(topic_matches("sport/#", "sport"));
    EXPECT_TRUE(topic_matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(topic_matches("sport/+", "sport"));
    EXPECT_TRUE(topic_matches("sport/+", "sport/"));
    EXPECT_TRUE(topic_matches("+/+", "/finance"));
    EXPECT_TRUE(topic_matches("/+", "/finance"));
    EXPECT_FALSE(topic_matches("+", "/finance"));
    EXPECT_FALSE(topic_matches("ACCOUNTS", "Accounts"));
    EXPECT_FALSE(topic_matches("a", "a/"));
    EXPECT_FALSE(topic_matches("a/", "a"));
    EXPECT_FALSE(topic_matches("a", "ab"));
}

TEST(Topic, mqtt_4_7_2_1_WildcardsAtTheFrontDoNotMatchDollarTopics) {
    EXPECT_FALSE(topic_matches("#", "$SYS/monitor/Clients"));
    EXPECT_FALSE(topic_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/monitor/Clients"));
    EXPECT_TRUE(topic_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
}

}  // namespace
}  // namespace countersign::mqtt
