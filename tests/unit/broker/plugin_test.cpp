// The plugin inside a real Mosquitto, against certificates of the openssl program and hand-made MQTT packets.
#include <fstream>

#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using enum CertificateState;

constexpr int kAccepted = 0;
constexpr int kNotAuthorized = 5;  // MQTT 3.1.1, table 3.1

class Plugin : public testing::Test {
  protected:
    static Fingerprint print_of(const std::string& name) { return authority().client(name).fingerprint; }
    static const Identity* identity(const std::string& name) { return &authority().client(name); }
};

TEST_F(Plugin, an_admitted_device_gets_the_user_name_of_its_certificate) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    auto client = broker.dial(identity("kitchen"));
    EXPECT_EQ(client.connect("kitchen"), kAccepted);
    EXPECT_TRUE(broker.wait_for_log("countersign: admitted kitchen (serial "));
    EXPECT_TRUE(broker.wait_for_log("u'kitchen')"));
}

TEST_F(Plugin, a_pending_certificate_may_connect) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"), pending)});
    broker.start();
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
}

struct Refusal {
    const char* name;
    CertificateState state;
    std::int64_t not_after;
    const char* words;
};

class Refused : public Plugin, public testing::WithParamInterface<Refusal> {};

TEST_P(Refused, is_told_and_logged_with_the_reason) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"), GetParam().state, Role::device, GetParam().not_after)});
    broker.start();
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
    EXPECT_TRUE(broker.wait_for_log(GetParam().words));
    EXPECT_EQ(broker.count_log("admitted"), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Refused,
    testing::Values(Refusal{"retired", retired, 4'000'000'000, "refused kitchen: its certificate is retired"},
                    Refusal{"held", held, 4'000'000'000, "refused kitchen: its certificate is held"},
                    Refusal{"revoked", revoked, 4'000'000'000, "refused kitchen: its certificate is revoked"},
                    Refusal{"expired", active, 1'700'000'000,
                            "refused kitchen: its certificate has expired"}),
    [](const auto& row) { return row.param.name; });

TEST_F(Plugin, a_certificate_nobody_registered_is_refused) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    EXPECT_EQ(broker.dial(identity("stranger")).connect("stranger"), kNotAuthorized);
    EXPECT_TRUE(broker.wait_for_log("refused stranger: its certificate is not registered (serial "));
}

TEST_F(Plugin, without_a_certificate_there_is_no_connection) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    EXPECT_EQ(broker.dial(nullptr).connect("kitchen"), std::nullopt);
}

class Resumed : public Plugin, public testing::WithParamInterface<int> {};

// TLS resumption skips the certificate checks; the registry is asked all the same.
TEST_P(Resumed, a_revoked_device_is_refused) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    TlsSession session;
    {
        auto client = broker.dial(identity("kitchen"), {.tls_version = GetParam()});
        ASSERT_EQ(client.connect("kitchen"), kAccepted);
        session = client.session();
    }
    {
        auto client = broker.dial(identity("kitchen"), {.tls_version = GetParam(), .resume = session.get()});
        ASSERT_TRUE(client.resumed());
        ASSERT_EQ(client.connect("kitchen"), kAccepted);
        session = client.session();
    }
    broker.append({standing(print_of("kitchen"), revoked)});
    auto client = broker.dial(identity("kitchen"), {.tls_version = GetParam(), .resume = session.get()});
    ASSERT_TRUE(client.resumed());
    EXPECT_EQ(client.connect("kitchen"), kNotAuthorized);
}

INSTANTIATE_TEST_SUITE_P(Tls, Resumed, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& row) { return row.param == TLS1_2_VERSION ? "v12" : "v13"; });

TEST_F(Plugin, a_stranger_cannot_take_over_a_client_id) {
    LiveBroker broker({"anna"});
    broker.publish({standing(print_of("kitchen")), standing(print_of("garage")),
                    standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto victim = broker.dial(identity("kitchen"));
    ASSERT_EQ(victim.connect("kitchen"), kAccepted);
    EXPECT_EQ(broker.dial(identity("garage")).connect("kitchen"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("anna")).connect("kitchen"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("stranger")).connect("kitchen"), kNotAuthorized);
    EXPECT_TRUE(broker.wait_for_log("refused garage: its certificate may not use this client id"));
    EXPECT_TRUE(victim.ping());
}

TEST_F(Plugin, a_device_takes_over_its_own_session) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    auto old = broker.dial(identity("kitchen"));
    ASSERT_EQ(old.connect("kitchen"), kAccepted);
    auto next = broker.dial(identity("kitchen"));
    EXPECT_EQ(next.connect("kitchen"), kAccepted);
    EXPECT_FALSE(old.ping());
    EXPECT_TRUE(next.ping());
}

TEST_F(Plugin, client_ids_follow_the_role) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"), active, Role::birth),
                    standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("birth~kitchen"), kAccepted);
    EXPECT_EQ(broker.dial(identity("anna")).connect("operator~anna"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("anna")).connect("operator~anna/"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("anna")).connect("operator~anna/watch-1"), kAccepted);
    EXPECT_TRUE(broker.wait_for_log("u'birth~kitchen')"));
    EXPECT_TRUE(broker.wait_for_log("u'operator~anna')"));
}

TEST_F(Plugin, a_certificate_cannot_forge_a_log_line) {
    LiveBroker broker;
    broker.start();
    (void)broker.dial(identity("x\ncountersign: admitted mallory")).connect("x");
    EXPECT_TRUE(broker.wait_for_log("refused x\\x0acountersign: admitted mallory: its certificate"));
}

TEST_F(Plugin, every_role_has_its_own_topics) {
    LiveBroker broker({"anna"});
    broker.publish({standing(print_of("kitchen")), standing(print_of("garage")),
                    standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto kitchen = broker.dial(identity("kitchen"));
    auto garage = broker.dial(identity("garage"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_TRUE(kitchen.subscribe("devices/kitchen/#"));
    ASSERT_TRUE(kitchen.subscribe("countersign/kitchen/#"));
    ASSERT_TRUE(anna.subscribe("#"));

    ASSERT_TRUE(garage.publish("devices/kitchen/state", "forged"));
    ASSERT_TRUE(garage.publish("devices/garage/state", "mine"));
    ASSERT_TRUE(garage.publish("countersign/kitchen/request", "forged"));
    ASSERT_TRUE(garage.publish("countersign/garage/request", "mine"));
    ASSERT_TRUE(garage.publish("countersign/garage/certificate", "forged"));
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    ASSERT_TRUE(anna.publish("countersign/kitchen/certificate", "forged"));

    EXPECT_EQ(kitchen.messages(), "devices/kitchen/cmd/led=on ");
    EXPECT_EQ(anna.messages(),
              "devices/garage/state=mine countersign/garage/request=mine devices/kitchen/cmd/led=on ");
}

TEST_F(Plugin, a_birth_identity_reaches_nobody_elses_topics) {
    LiveBroker broker({"anna"});
    broker.publish({standing(print_of("kitchen"), active, Role::birth),
                    standing(print_of("anna"), active, Role::operator_)});
    broker.start();
    auto birth = broker.dial(identity("kitchen"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(birth.connect("birth~kitchen"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_TRUE(anna.subscribe("#"));
    EXPECT_FALSE(birth.subscribe("devices/kitchen/#"));
    ASSERT_TRUE(birth.publish("devices/kitchen/state", "forged"));
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    EXPECT_EQ(birth.messages(), "");
    EXPECT_EQ(anna.messages(), "devices/kitchen/cmd/led=on ");
}

TEST_F(Plugin, without_an_admission_file_nobody_connects_until_there_is_one) {
    LiveBroker broker;
    const auto good = slurp(broker.files.admission);
    std::filesystem::rename(broker.files.admission, broker.home.path / "away");
    spill(broker.files.admission, "");
    broker.start();
    EXPECT_TRUE(broker.wait_for_log("nobody may connect"));
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
    broker.publish({standing(print_of("kitchen"))});
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
}

TEST_F(Plugin, a_bad_admission_file_keeps_the_last_good_one) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    spill(broker.home.path / "bad",
          "this is no admission file, but long enough to be one: " + std::string(100, 'x'));
    std::filesystem::rename(broker.home.path / "bad", broker.files.admission);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
        EXPECT_EQ(broker.dial(identity("stranger")).connect("stranger"), kNotAuthorized);
    }
    EXPECT_EQ(broker.count_log("the last good one holds"), 1u);
    std::filesystem::remove(broker.files.admission);
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
    broker.publish({standing(print_of("kitchen"), revoked)});
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
}

TEST_F(Plugin, a_damaged_row_refuses_its_certificate_and_no_other) {
    LiveBroker broker;
    std::vector<Standing> rows{standing(print_of("kitchen")), standing(print_of("garage"))};
    broker.publish(rows);
    std::string bytes = slurp(broker.files.admission);
    const bool kitchen_first = print_of("kitchen") < print_of("garage");
    bytes[64 + (kitchen_first ? 0 : 48) + 41] ^= 3;  // the state of kitchen's row
    spill(broker.files.admission, bytes);
    broker.start();
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
    EXPECT_EQ(broker.dial(identity("garage")).connect("garage"), kAccepted);
    EXPECT_TRUE(broker.wait_for_log("its row in the admission file is damaged"));
}

TEST_F(Plugin, shortening_the_file_under_the_broker_refuses_and_does_not_end_it) {
    LiveBroker broker;
    broker.publish({standing(print_of("kitchen"))});
    broker.start();
    ASSERT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
    std::filesystem::resize_file(broker.files.admission, 0);
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kNotAuthorized);
    broker.publish({standing(print_of("kitchen"))});
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), kAccepted);
}

}  // namespace
}  // namespace countersign::broker
