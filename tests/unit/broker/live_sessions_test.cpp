// Sessions that end because the registry has spoken, or because a certificate's time is up: a real Mosquitto,
// clients of OpenSSL.
#include <ctime>
#include <deque>

#include "host/broker/control_topics.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using enum CertificateState;

constexpr int kAccepted = 0;
constexpr int kNotAuthorized = 5;  // MQTT 3.1.1, table 3.1

class LiveSessions : public testing::Test {
  protected:
    static Fingerprint print_of(const std::string& name) { return authority().client(name).fingerprint; }
    static const Identity* identity(const std::string& name) { return &authority().client(name); }

    LiveBroker broker{{"anna"}};
};

struct Condemned {
    const char* name;
    CertificateState state;
    const char* words;
};

class End : public LiveSessions, public testing::WithParamInterface<Condemned> {};

TEST_P(End, without_a_reload_and_no_other) {
    broker.publish({standing(print_of("kitchen")), standing(print_of("garage"))});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    broker.append({standing(print_of("kitchen"), GetParam().state)});
    EXPECT_TRUE(broker.wait_for_log(
        std::string("countersign: ended the session of kitchen: its certificate ") + GetParam().words));
    EXPECT_FALSE(kitchen.ping());
    EXPECT_TRUE(garage.ping());
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
}

INSTANTIATE_TEST_SUITE_P(Each, End,
                         testing::Values(Condemned{"revoked", revoked, "is revoked"},
                                         Condemned{"retired", retired, "is retired"},
                                         Condemned{"held", held, "is held"}),
                         [](const auto& row) { return row.param.name; });

TEST_F(LiveSessions, one_that_the_registry_no_longer_knows_ends) {
    broker.publish({standing(print_of("kitchen")), standing(print_of("garage"))});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    broker.publish({standing(print_of("garage"))});
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen: its certificate is not registered"));
    EXPECT_FALSE(kitchen.ping());
    EXPECT_TRUE(garage.ping());
}

TEST_F(LiveSessions, one_taken_over_with_a_newer_certificate_stays_when_the_old_one_is_revoked) {
    const Identity newer = authority().another("kitchen");
    broker.publish({standing(print_of("kitchen")), standing(newer.fingerprint)});
    broker.start();
    auto old = broker.dial(identity("kitchen"));
    ASSERT_EQ(old.connect("kitchen"), kAccepted);
    auto next = broker.dial(&newer);
    ASSERT_EQ(next.connect("kitchen"), kAccepted);
    EXPECT_FALSE(old.ping());
    auto garage = broker.dial(identity("garage"));
    broker.append({standing(print_of("kitchen"), revoked), standing(print_of("garage"))});
    ASSERT_EQ(garage.connect("garage"), kAccepted);  // so the file has been read
    EXPECT_TRUE(next.ping());
    broker.append({standing(newer.fingerprint, revoked)});
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen: its certificate is revoked"));
    EXPECT_FALSE(next.ping());
    EXPECT_EQ(broker.count_log("ended the session of"), 1u);
}

TEST_F(LiveSessions, end_in_the_second_their_certificate_expires) {
    const std::int64_t soon = std::time(nullptr) + 2;
    broker.publish({standing(print_of("kitchen"), active, Role::device, soon), standing(print_of("garage"))});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_TRUE(kitchen.ping());
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen: its certificate has expired"));
    EXPECT_GT(std::time(nullptr), soon);
    EXPECT_FALSE(kitchen.ping());
    EXPECT_TRUE(garage.ping());
}

TEST_F(LiveSessions, one_taken_over_with_a_longer_certificate_does_not_end_with_the_shorter) {
    const std::int64_t soon = std::time(nullptr) + 2;
    const Identity longer = authority().another("kitchen");
    broker.publish({standing(print_of("kitchen"), active, Role::device, soon), standing(longer.fingerprint),
                    standing(print_of("garage"), active, Role::device, soon)});
    broker.start();
    auto old = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(old.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    auto next = broker.dial(&longer);
    ASSERT_EQ(next.connect("kitchen"), kAccepted);
    EXPECT_TRUE(broker.wait_for_log("ended the session of garage: its certificate has expired"));
    EXPECT_TRUE(next.ping());
    EXPECT_EQ(broker.count_log("ended the session of kitchen"), 0u);
}

TEST_F(LiveSessions, one_taken_over_with_a_shorter_certificate_ends_with_that) {
    const std::int64_t soon = std::time(nullptr) + 2;
    const Identity shorter = authority().another("kitchen");
    broker.publish(
        {standing(print_of("kitchen")), standing(shorter.fingerprint, active, Role::device, soon)});
    broker.start();
    auto old = broker.dial(identity("kitchen"));
    ASSERT_EQ(old.connect("kitchen"), kAccepted);
    auto next = broker.dial(&shorter);
    ASSERT_EQ(next.connect("kitchen"), kAccepted);
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen: its certificate has expired"));
    EXPECT_FALSE(next.ping());
}

TEST_F(LiveSessions, all_of_one_operators_end_with_the_one_certificate) {
    broker.publish({standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto one = broker.dial(identity("anna"));
    auto two = broker.dial(identity("anna"));
    ASSERT_EQ(one.connect("operator~anna/1"), kAccepted);
    ASSERT_EQ(two.connect("operator~anna/2"), kAccepted);
    broker.append({standing(print_of("anna"), revoked, Role::operator_)});
    EXPECT_TRUE(broker.wait_for_log("ended the session of operator~anna/1"));
    EXPECT_TRUE(broker.wait_for_log("ended the session of operator~anna/2"));
    EXPECT_FALSE(one.ping());
    EXPECT_FALSE(two.ping());
}

TEST_F(LiveSessions, a_file_that_vanishes_or_is_damaged_ends_nobody) {
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    std::filesystem::remove(broker.files.admission);
    EXPECT_TRUE(broker.wait_for_log("the last good one holds", 1));
    EXPECT_TRUE(kitchen.ping());
    spill(broker.home.path / "bad", std::string(200, 'x'));
    std::filesystem::rename(broker.home.path / "bad", broker.files.admission);
    EXPECT_TRUE(broker.wait_for_log("the last good one holds", 2));
    EXPECT_TRUE(kitchen.ping());
    broker.publish({standing(print_of("kitchen"), revoked)});
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen"));
    EXPECT_FALSE(kitchen.ping());
}

TEST_F(LiveSessions, the_plugin_tells_an_operator_and_nobody_else) {
    broker.publish({standing(print_of("kitchen")), standing(print_of("garage")),
                    standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    EXPECT_FALSE(garage.subscribe(std::string(kResponseTopic)));
    (void)anna.publish(kControlTopic, "sessions kitchen");
    std::string said = anna.messages();
    EXPECT_EQ(said.find(std::string(kResponseTopic) + "=sessions kitchen\nread 2 208\nlive "), 0u) << said;
    broker.append({standing(print_of("kitchen"), revoked)});
    EXPECT_TRUE(broker.wait_for_log("ended the session of kitchen"));
    (void)anna.publish(kControlTopic, "sessions kitchen");
    said = anna.messages();
    EXPECT_EQ(said.find("live"), std::string::npos) << said;
    EXPECT_NE(said.find("\nread 2 256\nended "), std::string::npos) << said;
    EXPECT_NE(said.find(" revoked kitchen\n"), std::string::npos) << said;
    (void)garage.publish(kControlTopic, "sessions anna");
    EXPECT_EQ(garage.messages(), "");
}

// A client that is gone before its CONNACK, or breaks the rules after it, leaves nothing behind.
TEST_F(LiveSessions, odd_ends_leave_no_session_behind) {
    broker.publish({standing(print_of("kitchen")), standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    for (int i = 0; i < 20; ++i) broker.dial(identity("kitchen")).connect_and_vanish("kitchen");
    auto rude = broker.dial(identity("kitchen"));
    ASSERT_EQ(rude.connect("kitchen"), kAccepted);
    EXPECT_EQ(rude.connect("kitchen"), std::nullopt);  // [MQTT-3.1.0-2]: a second CONNECT is a violation
    ASSERT_TRUE(broker.wait_for_log("countersign: admitted kitchen", 21));
    std::string said;
    for (int tries = 0; tries < 100 && said.find("\nread") == std::string::npos; ++tries) {
        (void)anna.publish(kControlTopic, "sessions kitchen");
        said = anna.messages();
        if (said.find("live") != std::string::npos) said.clear();  // its end has not come in yet
    }
    EXPECT_NE(said.find("\nread"), std::string::npos);
}

TEST_F(LiveSessions, five_hundred_survive_a_hundred_reloads_and_all_end_when_revoked) {
    constexpr std::size_t kClients = 500;
    static const auto fleet = authority().fleet("fleet", kClients);
    std::vector<Standing> rows{standing(print_of("kitchen")),
                               standing(print_of("anna"), active, Role::operator_)};
    for (const auto& one : fleet) rows.push_back(standing(one.fingerprint));
    broker.publish(rows);
    broker.start();
    {
        auto absent = broker.dial(identity("kitchen"), {.clean = false});
        ASSERT_EQ(absent.connect("kitchen"), kAccepted);
        ASSERT_TRUE(absent.subscribe("devices/kitchen/#"));
        absent.leave();
    }
    std::deque<RawClient> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.emplace_back(broker.settings.port, authority().certificate(), &fleet[i]);
        ASSERT_EQ(clients.back().connect("fleet-" + std::to_string(i)), kAccepted) << i;
        broker.drain();  // it would wait for whoever reads its log
    }
    for (std::size_t i = 1; i <= 100; ++i) {
        broker.reload();
        ASSERT_TRUE(broker.wait_for_log("Reloading config.", i));
        ASSERT_TRUE(clients.front().ping());  // it is done: a SIGHUP during a reload is lost
    }
    for (auto& client : clients) {
        ASSERT_TRUE(client.ping());
        broker.drain();
    }
    EXPECT_EQ(broker.count_log("countersign: refused"), 0u);
    EXPECT_EQ(broker.count_log("countersign: ended"), 0u);

    std::vector<Standing> out;
    for (const auto& one : fleet) out.push_back(standing(one.fingerprint, revoked));
    broker.append(out);
    EXPECT_TRUE(broker.wait_for_log("countersign: ended the session of fleet-", kClients));
    for (auto& client : clients) EXPECT_FALSE(client.ping());
    for (std::size_t i = 0; i < kClients; i += 50) {
        EXPECT_EQ(broker.dial(&fleet[i]).connect("fleet-" + std::to_string(i)), kNotAuthorized);
    }
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    auto back = broker.dial(identity("kitchen"), {.clean = false});
    ASSERT_EQ(back.connect("kitchen"), kAccepted);
    EXPECT_EQ(back.messages(), "devices/kitchen/cmd/led=on ");
}

}  // namespace
}  // namespace countersign::broker
