#include "host/broker/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace countersign::broker {
namespace {

TEST(Covers, as_the_rules_of_wildcards_say) {
    struct Case {
        const char *grant, *asked;
        bool covered;
    };
    for (const Case& one : std::vector<Case>{
             {"a/b", "a/b", true},
             {"a/b", "a/c", false},
             {"a/b", "a", false},
             {"a/b", "a/b/c", false},
             {"a/b", "a/b/", false},
             {"a/#", "a", true},
             {"a/#", "a/", true},
             {"a/#", "a/b/c", true},
             {"a/#", "a/#", true},
             {"a/#", "a/+", true},
             {"a/#", "a/+/b/#", true},
             {"a/#", "ab", false},
             {"a/#", "+", false},
             {"a/#", "+/b", false},
             {"a/#", "#", false},
             {"a/+", "a/b", true},
             {"a/+", "a/+", true},
             {"a/+", "a/#", false},
             {"a/+", "a", false},
             {"a/+", "a/b/c", false},
             {"a/+/c", "a/b/c", true},
             {"a/+/c", "a/+/c", true},
             {"a/+/c", "a/+/+", false},
             {"a/b/#", "a/+/#", false},
             {"#", "#", true},
             {"#", "+/a", true},
             {"#", "/", true},
             {"#", "$SYS/broker", false},
             {"#", "$SYS/#", false},
             {"+/b", "$SYS/b", false},
             {"$SYS/#", "$SYS/#", true},
             {"$SYS/#", "$SYS", true},
             {"$SYS/#", "#", false},
             {"a/%u/#", "a/kitchen/x", true},
             {"a/%u/#", "a/%u/x", false},
             {"a/%u/#", "a/+/x", false},
             {"a/%u/#", "a/kitchen2/x", false},
             {"a/b", "", false},
             {"#", "", false},
         }) {
        EXPECT_EQ(covers(one.grant, one.asked, "kitchen"), one.covered) << one.grant << " and " << one.asked;
    }
}

// Another way to say what a filter matches: every topic up to three levels of a small alphabet.
bool matches(std::vector<std::string> filter, std::vector<std::string> topic) {
    if (filter.empty()) return topic.empty();
    if (filter[0] == "#") return true;
    const bool one = !topic.empty() && (filter[0] == "+" || filter[0] == topic[0]);
    if (!one) return false;
    return matches({filter.begin() + 1, filter.end()}, {topic.begin() + 1, topic.end()});
}

std::string joined(const std::vector<std::string>& levels) {
    std::string text;
    for (const auto& level : levels) text += (text.empty() ? "" : "/") + level;
    return text;
}

std::vector<std::vector<std::string>> all_topics(std::size_t depth) {
    std::vector<std::vector<std::string>> topics{{}};
    for (std::size_t begin = 0, level = 0; level < depth; ++level) {
        const std::size_t end = topics.size();
        for (; begin < end; ++begin) {
            for (const char* word : {"a", "b", "c"}) {
                auto longer = topics[begin];
                longer.emplace_back(word);
                topics.push_back(std::move(longer));
            }
        }
    }
    topics.erase(topics.begin());
    return topics;
}

// "c" never stands in a filter, so whatever a wildcard lets through beyond the named levels shows.
RC_GTEST_PROP(Covers, is_that_every_topic_of_the_one_is_of_the_other, ()) {
    const auto level = rc::gen::element<std::string>("a", "b", "+");
    const auto filter = [&] {
        auto levels =
            *rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(level)));
        if (levels.size() > 3) levels.resize(3);
        if (*rc::gen::arbitrary<bool>()) levels.back() = "#";
        return levels;
    };
    const auto grant = filter();
    const auto asked = filter();
    bool within = true;
    for (const auto& topic : all_topics(4))
        within = within && (!matches(asked, topic) || matches(grant, topic));
    const bool covered = covers(joined(grant), joined(asked), "nobody");
    // "+/#" is every topic, as "#" is, since none is empty; covers() need not know.
    if (joined(asked) == "#") {
        RC_ASSERT(!covered || within);
    } else {
        RC_ASSERT(covered == within);
    }
}

TEST(Shared, a_subscription_is_about_what_is_behind_its_group) {
    EXPECT_EQ(subject_of("$share/workers/devices/#"), "devices/#");
    EXPECT_EQ(subject_of("$share/workers/#"), "#");
    EXPECT_EQ(subject_of("$share/workers//"), "/");
    EXPECT_EQ(subject_of("devices/#"), "devices/#");
    EXPECT_EQ(subject_of("$shared/a/b"), "$shared/a/b");
    for (const char* odd :
         {"$share", "$share/", "$share/a", "$share/a/", "$share//a", "$share/+/a", "$share/#"}) {
        EXPECT_EQ(subject_of(odd), std::nullopt) << odd;
    }
}

TEST(Policy, a_device_has_what_is_its_own) {
    for (const char* filter :
         {"devices/kitchen/#", "devices/kitchen/cmd/#", "devices/kitchen", "devices/kitchen/+/x",
          "countersign/kitchen/#", "$share/g/devices/kitchen/cmd/#"}) {
        EXPECT_TRUE(may_subscribe("kitchen", filter)) << filter;
    }
    for (const char* filter :
         {"", "#", "+", "devices/#", "devices/+/cmd", "devices/garage/#", "devices/kitchen2/#",
          "countersign/#", "countersign/+/command", "$SYS/#", "$CONTROL/#", "$share/workers/devices/#",
          "$share/workers/#", "$share/workers/$share/x/devices/kitchen/#", "$share/devices/kitchen"}) {
        EXPECT_FALSE(may_subscribe("kitchen", filter)) << filter;
    }
}

TEST(Policy, a_device_gives_no_orders_not_even_itself) {
    for (const char* topic : {"devices/kitchen/state", "devices/kitchen/cmdx", "devices/kitchen/x/cmd",
                              "countersign/kitchen/request", "countersign/kitchen/state"}) {
        EXPECT_TRUE(may_write("kitchen", topic)) << topic;
    }
    for (const char* topic :
         {"devices/kitchen/cmd", "devices/kitchen/cmd/", "devices/kitchen/cmd/led", "devices/garage/state",
          "countersign/kitchen/certificate", "countersign/kitchen/command", "$CONTROL/countersign/v1", ""}) {
        EXPECT_FALSE(may_write("kitchen", topic)) << topic;
    }
    EXPECT_TRUE(may_read("kitchen", "devices/kitchen/cmd/led"));
}

TEST(Policy, a_birth_identity_has_its_renewal_and_no_more) {
    EXPECT_TRUE(may_write("birth~kitchen", "countersign/birth~kitchen/request"));
    EXPECT_TRUE(may_subscribe("birth~kitchen", "countersign/birth~kitchen/#"));
    for (const char* topic : {"", "#", "+/birth~kitchen/#", "countersign/#", "countersign/+/request",
                              "countersign/birth~kitchen2/request", "countersign/kitchen/request",
                              "devices/birth~kitchen/state", "devices/kitchen/state", "$SYS/#"}) {
        EXPECT_FALSE(may_subscribe("birth~kitchen", topic)) << topic;
        EXPECT_FALSE(may_write("birth~kitchen", topic)) << topic;
    }
}

TEST(Policy, an_operator_reads_all_and_a_responder_what_devices_ask) {
    for (const char* filter : {"#", "devices/#", "$SYS/#", "$share/workers/devices/+/count"}) {
        EXPECT_TRUE(may_subscribe("operator~anna", filter)) << filter;
    }
    EXPECT_TRUE(may_write("operator~anna", "devices/kitchen/cmd/led"));
    EXPECT_FALSE(may_write("operator~anna", "countersign/kitchen/command"));
    EXPECT_TRUE(may_subscribe("responder~desk", "countersign/+/request"));
    EXPECT_FALSE(may_subscribe("responder~desk", "countersign/#"));
    EXPECT_FALSE(may_subscribe("responder~desk", "devices/#"));
}

TEST(Policy, an_odd_user_name_has_nothing) {
    for (const char* user : {"", "broker~x", "operator~", "responder~", "birth~", "x~y"}) {
        EXPECT_EQ(role_of(user), std::nullopt) << user;
        EXPECT_FALSE(may_read(user, "devices/x/y")) << user;
    }
}

}  // namespace
}  // namespace countersign::broker
