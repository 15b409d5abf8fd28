#include "host/broker/own_grants.h"

#include <gtest/gtest.h>

namespace countersign::broker {
namespace {

using enum Access;

TEST(OwnGrants, are_read_as_mosquitto_reads_them) {
    const OwnGrants own(
        "# lamps\n"
        "topic read nobodys/#\n"
        "pattern readwrite rooms/%u/#\n"
        "pattern read by-%c/+\n"
        "user lamp\n"
        "topic read shared/#\r\n"
        "topic write a b/c\n"
        "\ttopic both/ways\n"
        "topic deny shared/secret\n"
        "user  other \n"
        "topic write shared/x");
    EXPECT_FALSE(own.allow(read, "lamp", "nobodys/x"));
    EXPECT_TRUE(own.allow(read, "lamp", "rooms/lamp/+"));
    EXPECT_TRUE(own.allow(write, "lamp", "rooms/lamp/x"));
    EXPECT_FALSE(own.allow(read, "lamp", "rooms/other/x"));
    EXPECT_TRUE(own.allow(read, "lamp", "by-lamp/x"));
    EXPECT_FALSE(own.allow(write, "lamp", "by-lamp/x"));
    EXPECT_TRUE(own.allow(read, "lamp", "shared/#"));
    EXPECT_FALSE(own.allow(write, "lamp", "shared/x"));
    EXPECT_TRUE(own.allow(write, "lamp", "a b/c"));
    EXPECT_TRUE(own.allow(read, "lamp", "both/ways") && own.allow(write, "lamp", "both/ways"));
    EXPECT_TRUE(own.allow(write, "other", "shared/x"));
    EXPECT_FALSE(own.allow(read, "other", "shared/x"));
    EXPECT_FALSE(own.allow(read, "lamp", "#"));
}

TEST(OwnGrants, what_is_no_grant_grants_nothing) {
    for (const char* text : {"", "\n\n", "user", "user lamp\ntopic", "user lamp\ntopic read", "pattern",
                             "user lamp\nlisten #", "topic #", "user lamp\ntopic deny #"}) {
        const OwnGrants own(text);
        EXPECT_FALSE(own.allow(Access::write, "lamp", "x")) << text;
        EXPECT_FALSE(OwnGrants(text).allow(Access::read, "", "x")) << text;
    }
    EXPECT_FALSE(OwnGrants().allow(Access::read, "lamp", "x"));
}

}  // namespace
}  // namespace countersign::broker
