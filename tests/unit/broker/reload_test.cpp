// SIGHUP: Mosquitto asks the plugin again for every session, those of absent devices included.
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using enum CertificateState;

constexpr int kAccepted = 0;

class Reload : public testing::Test {
  protected:
    static Fingerprint print_of(const std::string& name) { return authority().client(name).fingerprint; }
    static const Identity* identity(const std::string& name) { return &authority().client(name); }

    Reload() {
        broker.publish({standing(print_of("kitchen")), standing(print_of("garage")),
                        standing(print_of("anna"), active, Role::operator_)});
        broker.start();
    }
    // A session that stays while its device is away.
    void leave_a_session(const std::string& name) {
        auto absent = broker.dial(identity(name), {.clean = false});
        ASSERT_EQ(absent.connect(name), kAccepted);
        ASSERT_TRUE(absent.subscribe("devices/" + name + "/#"));
        absent.leave();
        ASSERT_TRUE(broker.wait_for_log("Client " + name + " disconnected."));
    }
    std::string messages_on_return(const std::string& name) {
        auto back = broker.dial(identity(name), {.clean = false});
        EXPECT_EQ(back.connect(name), kAccepted);
        return back.messages();
    }

    LiveBroker broker{{"anna"}};
};

TEST_F(Reload, fifty_times_drops_nobody_present_or_absent) {
    leave_a_session("kitchen");
    auto garage = broker.dial(identity("garage"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    const std::size_t admitted = broker.count_log("countersign: admitted");
    for (std::size_t i = 1; i <= 50; ++i) {
        broker.reload();
        ASSERT_TRUE(broker.wait_for_log("Reloading config.", i));
        ASSERT_TRUE(garage.ping()) << "after " << i;
        ASSERT_TRUE(anna.ping()) << "after " << i;
    }
    EXPECT_EQ(broker.count_log("countersign: admitted"), admitted);  // nothing new was said about them
    EXPECT_EQ(broker.count_log("countersign: refused"), 0u);
    EXPECT_EQ(broker.count_log("Client kitchen disconnected."), 1u);
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    EXPECT_EQ(messages_on_return("kitchen"), "devices/kitchen/cmd/led=on ");
}

TEST_F(Reload, keeps_sessions_that_a_restarted_broker_has_read_from_its_disk) {
    leave_a_session("kitchen");
    broker.stop();
    broker.start();
    broker.reload();
    ASSERT_TRUE(broker.wait_for_log("Reloading config."));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    EXPECT_EQ(broker.count_log("countersign: refused"), 0u);
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd/led", "on"));
    EXPECT_EQ(messages_on_return("kitchen"), "devices/kitchen/cmd/led=on ");
}

TEST_F(Reload, together_with_a_revocation_ends_that_session_and_no_other) {
    leave_a_session("garage");
    auto kitchen = broker.dial(identity("kitchen"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(kitchen.connect("kitchen"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    broker.append({standing(print_of("kitchen"), revoked)});
    broker.reload();
    ASSERT_TRUE(broker.wait_for_log("Reloading config."));
    EXPECT_FALSE(kitchen.ping());  // by the tick or by the reload, whichever saw it first
    EXPECT_TRUE(anna.ping());
    EXPECT_EQ(broker.dial(identity("kitchen")).connect("kitchen"), 5);
}

TEST_F(Reload, takes_in_a_new_operator) {
    broker.append({standing(print_of("bert"), active, Role::operator_)});
    auto bert = broker.dial(identity("bert"));
    ASSERT_EQ(bert.connect("operator~bert/1"), kAccepted);
    ASSERT_TRUE(bert.subscribe("#"));
    auto garage = broker.dial(identity("garage"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_TRUE(garage.publish("devices/garage/state", "1"));
    EXPECT_EQ(bert.messages(), "");
    broker.set_users({"anna", "bert"});
    broker.reload();
    ASSERT_TRUE(broker.wait_for_log("Reloading config."));
    ASSERT_TRUE(garage.publish("devices/garage/state", "2"));
    EXPECT_EQ(bert.messages(), "devices/garage/state=2 ");
}

}  // namespace
}  // namespace countersign::broker
