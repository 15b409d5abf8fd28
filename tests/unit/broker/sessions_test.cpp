// Who is in, as the events of Mosquitto come: also in the odd orders they come in.
#include "host/broker/plugin/sessions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace countersign::broker::plugin {
namespace {

// Mosquitto's pointers, as numbers.
Sessions::Client client(std::uintptr_t number) {
    return reinterpret_cast<Sessions::Client>(number);  // NOLINT(performance-no-int-to-ptr)
}

Fingerprint print(std::uint8_t number) {
    Fingerprint fingerprint{};
    fingerprint[0] = number;
    return fingerprint;
}

TEST(Sessions, a_takeover_lets_the_new_one_in_before_the_old_one_goes) {
    Sessions sessions;
    EXPECT_TRUE(sessions.begin(client(1), {print(1), 100, "kitchen"}));
    EXPECT_TRUE(sessions.begin(client(2), {print(2), 200, "kitchen"}));
    EXPECT_FALSE(sessions.holds_its_client_id(client(1)));
    EXPECT_TRUE(sessions.holds_its_client_id(client(2)));
    sessions.end(client(1));
    EXPECT_TRUE(sessions.holds_its_client_id(client(2)));
    EXPECT_TRUE(sessions.with(print(1)).empty());
    EXPECT_EQ(sessions.with(print(2)), std::vector{client(2)});
    EXPECT_TRUE(sessions.expired(150).empty());
}

TEST(Sessions, one_let_in_and_refused_after_all_gives_the_client_id_back) {
    Sessions sessions;
    sessions.begin(client(1), {print(1), 100, "kitchen"});
    sessions.begin(client(2), {print(1), 100, "kitchen"});
    sessions.end(client(2));
    EXPECT_TRUE(sessions.holds_its_client_id(client(1)));
    EXPECT_EQ(sessions.with(print(1)), std::vector{client(1)});
}

TEST(Sessions, a_pointer_used_again_is_somebody_else) {
    Sessions sessions;
    sessions.begin(client(1), {print(1), 100, "kitchen"});
    EXPECT_TRUE(sessions.begin(client(1), {print(2), 200, "garage"}));
    EXPECT_EQ(sessions.find(client(1))->client_id, "garage");
    EXPECT_TRUE(sessions.with(print(1)).empty());
    EXPECT_TRUE(sessions.expired(150).empty());
    EXPECT_EQ(sessions.size(), 1u);
}

TEST(Sessions, asked_again_about_the_same_one_says_so) {
    Sessions sessions;
    EXPECT_TRUE(sessions.begin(client(1), {print(1), 100, "kitchen"}));
    EXPECT_FALSE(sessions.begin(client(1), {print(1), 100, "kitchen"}));
    EXPECT_EQ(sessions.with(print(1)).size(), 1u);
}

// RFC 5280, 4.1.2.5: the last second belongs to the validity period.
TEST(Sessions, expire_after_their_last_second_the_first_of_them_first) {
    Sessions sessions;
    sessions.begin(client(1), {print(1), 200, "a"});
    sessions.begin(client(2), {print(2), 100, "b"});
    EXPECT_TRUE(sessions.expired(100).empty());
    EXPECT_EQ(sessions.expired(101), std::vector{client(2)});
    EXPECT_EQ(sessions.expired(201), (std::vector{client(2), client(1)}));
}

TEST(Sessions, ending_one_that_is_not_here_is_nothing) {
    Sessions sessions;
    sessions.end(client(1));
    EXPECT_EQ(sessions.find(client(1)), nullptr);
    EXPECT_FALSE(sessions.holds_its_client_id(client(1)));
}

// Against lists that are searched from end to end.
RC_GTEST_PROP(Sessions, agree_with_plain_lists, ()) {
    struct Row {
        Sessions::Client client;
        Session session;
    };
    Sessions sessions;
    std::vector<Row> rows;
    const auto steps = *rc::gen::container<std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t>>>(
        rc::gen::tuple(rc::gen::inRange<std::uint8_t>(0, 8), rc::gen::inRange<std::uint8_t>(0, 4),
                       rc::gen::inRange<std::uint8_t>(0, 3)));
    const auto same = [](Sessions::Client wanted) {
        return [wanted](const Row& row) { return row.client == wanted; };
    };
    for (const auto& [pointer, certificate, act] : steps) {
        const auto who = client(std::uintptr_t{pointer} + 1);
        const auto known = std::find_if(rows.begin(), rows.end(), same(who));
        if (act == 0) {
            sessions.end(who);
            if (known != rows.end()) rows.erase(known);
        } else {
            const Session session{print(certificate), certificate * 10, std::string(1, char('a' + act))};
            const bool again = known != rows.end() && known->session.fingerprint == session.fingerprint &&
                               known->session.client_id == session.client_id;
            RC_ASSERT(sessions.begin(who, session) == !again);
            if (again) continue;
            if (known != rows.end()) rows.erase(known);
            rows.push_back({who, session});
        }
    }
    RC_ASSERT(sessions.size() == rows.size());
    for (std::uint8_t certificate = 0; certificate < 4; ++certificate) {
        std::vector<Sessions::Client> expected;
        for (const auto& row : rows) {
            if (row.session.fingerprint == print(certificate)) expected.push_back(row.client);
        }
        RC_ASSERT((sessions.with(print(certificate)) == expected));
    }
    for (std::int64_t now = 0; now <= 40; now += 5) {
        const auto due = std::count_if(rows.begin(), rows.end(),
                                       [&](const Row& row) { return row.session.not_after < now; });
        RC_ASSERT(sessions.expired(now).size() == static_cast<std::size_t>(due));
    }
    std::map<std::string, Sessions::Client> holders;
    for (const auto& row : rows) holders[row.session.client_id] = row.client;
    for (const auto& row : rows) {
        RC_ASSERT(sessions.holds_its_client_id(row.client) == (holders[row.session.client_id] == row.client));
    }
}

}  // namespace
}  // namespace countersign::broker::plugin
