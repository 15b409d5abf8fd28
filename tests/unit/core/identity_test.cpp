#include <gtest/gtest.h>

#include <string>

#include "core/identity/name.h"
#include "core/identity/role.h"
#include "core/identity/topics.h"

namespace countersign {
namespace {

TEST(Name, Alphabet) {
    EXPECT_TRUE(is_valid_name("kitchen-1"));
    EXPECT_TRUE(is_valid_name("A.b_C-9"));
    EXPECT_TRUE(is_valid_name("-"));
    EXPECT_TRUE(is_valid_name(std::string(64, 'a')));
    EXPECT_FALSE(is_valid_name(""));
    EXPECT_FALSE(is_valid_name(std::string(65, 'a')));
    EXPECT_FALSE(is_valid_name(".hidden"));
    EXPECT_FALSE(is_valid_name(".."));
    for (const char bad : std::string("/+#$~ \t\n\"'\\%*?:;|<>&")) {
        EXPECT_FALSE(is_valid_name(std::string("a") + bad)) << bad;
    }
    EXPECT_FALSE(is_valid_name(std::string("a\0b", 3)));
    EXPECT_FALSE(
        is_valid_name("k\xC3\xBC"
                      "che"));
}

TEST(Name, ReservedInAnyCase) {
    for (const char* name :
         {"operator", "Responder", "BROKER", "birth", "signer", "root", "issuing", "CounterSign"}) {
        EXPECT_TRUE(is_reserved_name(name)) << name;
    }
    EXPECT_FALSE(is_reserved_name("operator1"));
    EXPECT_FALSE(is_reserved_name("opera"));
}

TEST(Role, RoundTrip) {
    for (const Role role : {Role::device, Role::birth, Role::operator_, Role::responder, Role::broker}) {
        EXPECT_EQ(parse_role(to_string(role)), role);
        // A user name of one role can never be another's: device names cannot hold a '~'.
        EXPECT_TRUE(role == Role::device ? username_prefix(role).empty()
                                         : username_prefix(role).ends_with('~'));
    }
    EXPECT_FALSE(parse_role("Device").has_value());
    EXPECT_FALSE(parse_role("").has_value());
}

TEST(Role, OnlyPendingAndActiveMayConnect) {
    EXPECT_TRUE(may_connect(CertificateState::pending));
    EXPECT_TRUE(may_connect(CertificateState::active));
    EXPECT_FALSE(may_connect(CertificateState::retired));
    EXPECT_FALSE(may_connect(CertificateState::held));
    EXPECT_FALSE(may_connect(CertificateState::revoked));
    EXPECT_FALSE(may_connect(static_cast<CertificateState>(0)));
}

TEST(Topics, OfADevice) {
    EXPECT_EQ(device_of_topic("devices/user1/state"), "user1");
    EXPECT_EQ(device_subtopic("devices/user1/cmd/led"), "cmd/led");
    for (const char* other : {"devices/user1", "devices/user1/", "devices//state", "devices/.x/state",
                              "device/user1/a", "countersign/user1/state", "", "devices/"}) {
        EXPECT_EQ(device_of_topic(other), "") << other;
        EXPECT_EQ(device_subtopic(other), "") << other;
    }
}

}  // namespace
}  // namespace countersign
