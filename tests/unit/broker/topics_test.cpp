// What a birth identity and a responder may touch: Mosquitto's access list and the plugin together.
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

using enum CertificateState;

constexpr int kAccepted = 0;

class RoleTopics : public testing::Test {
  protected:
    static Fingerprint print_of(const std::string& name) { return authority().client(name).fingerprint; }
    static const Identity* identity(const std::string& name) { return &authority().client(name); }

    RoleTopics() {
        broker.publish({standing(print_of("kitchen"), active, Role::birth), standing(print_of("garage")),
                        standing(print_of("anna"), active, Role::operator_),
                        standing(print_of("desk"), active, Role::responder)});
        broker.set_users({"anna"}, {"desk"});
        broker.start();
    }

    LiveBroker broker;
};

TEST_F(RoleTopics, a_birth_identity_asks_for_its_renewal_and_reads_the_answer) {
    auto birth = broker.dial(identity("kitchen"));
    auto desk = broker.dial(identity("desk"));
    ASSERT_EQ(birth.connect("birth~kitchen"), kAccepted);
    ASSERT_EQ(desk.connect("responder~desk/1"), kAccepted);
    ASSERT_TRUE(desk.subscribe("countersign/+/request"));
    ASSERT_TRUE(desk.subscribe("countersign/+/state"));
    ASSERT_TRUE(birth.subscribe("countersign/birth~kitchen/#"));
    ASSERT_TRUE(birth.publish("countersign/birth~kitchen/request", "1"));
    ASSERT_TRUE(birth.publish("countersign/birth~kitchen/state", "2"));
    ASSERT_TRUE(desk.publish("countersign/birth~kitchen/certificate", "3"));
    ASSERT_TRUE(desk.publish("countersign/birth~kitchen/command", "4"));
    EXPECT_EQ(desk.messages(), "countersign/birth~kitchen/request=1 countersign/birth~kitchen/state=2 ");
    // Its own request and state come back to it as well: it has subscribed to everything below its name.
    EXPECT_EQ(birth.messages(),
              "countersign/birth~kitchen/request=1 countersign/birth~kitchen/state=2 "
              "countersign/birth~kitchen/certificate=3 countersign/birth~kitchen/command=4 ");
}

TEST_F(RoleTopics, a_birth_identity_can_do_nothing_else) {
    auto birth = broker.dial(identity("kitchen"));
    auto anna = broker.dial(identity("anna"));
    ASSERT_EQ(birth.connect("birth~kitchen"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_TRUE(anna.subscribe("#"));
    for (const char* topic : {"devices/birth~kitchen/state", "devices/kitchen/state", "devices/garage/state",
                              "countersign/birth~kitchen/certificate", "countersign/birth~kitchen/command",
                              "countersign/kitchen/request", "countersign/garage/request", "other"}) {
        ASSERT_TRUE(birth.publish(topic, "x")) << topic;
    }
    for (const char* filter :
         {"#", "devices/birth~kitchen/#", "devices/kitchen/#", "countersign/kitchen/#"}) {
        EXPECT_FALSE(birth.subscribe(filter)) << filter;
    }
    ASSERT_TRUE(anna.publish("devices/birth~kitchen/cmd", "y"));
    ASSERT_TRUE(anna.publish("devices/kitchen/cmd", "y"));
    EXPECT_EQ(birth.messages(), "");
    EXPECT_EQ(anna.messages(), "devices/birth~kitchen/cmd=y devices/kitchen/cmd=y ");
}

TEST_F(RoleTopics, they_hold_after_a_reload) {
    auto birth = broker.dial(identity("kitchen"));
    ASSERT_EQ(birth.connect("birth~kitchen"), kAccepted);
    broker.reload();
    ASSERT_TRUE(broker.wait_for_log("Reloading config."));
    EXPECT_FALSE(birth.subscribe("devices/birth~kitchen/#"));
    EXPECT_TRUE(birth.subscribe("countersign/birth~kitchen/#"));
}

TEST_F(RoleTopics, only_the_responder_answers) {
    auto garage = broker.dial(identity("garage"));
    auto anna = broker.dial(identity("anna"));
    auto desk = broker.dial(identity("desk"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_EQ(anna.connect("operator~anna/1"), kAccepted);
    ASSERT_EQ(desk.connect("responder~desk/1"), kAccepted);
    ASSERT_TRUE(garage.subscribe("countersign/garage/#"));
    for (auto* client : {&garage, &anna}) {
        ASSERT_TRUE(client->publish("countersign/garage/certificate", "forged"));
        ASSERT_TRUE(client->publish("countersign/garage/command", "forged"));
    }
    ASSERT_TRUE(anna.publish("countersign/garage/request", "forged"));
    ASSERT_TRUE(anna.publish("countersign/garage/state", "forged"));
    EXPECT_EQ(garage.messages(), "");
    ASSERT_TRUE(desk.publish("countersign/garage/certificate", "1"));
    ASSERT_TRUE(desk.publish("countersign/garage/command", "2"));
    ASSERT_TRUE(desk.publish("devices/garage/cmd", "not for the responder"));
    EXPECT_EQ(garage.messages(), "countersign/garage/certificate=1 countersign/garage/command=2 ");
}

TEST_F(RoleTopics, a_responder_reads_no_devices_messages) {
    auto garage = broker.dial(identity("garage"));
    auto desk = broker.dial(identity("desk"));
    ASSERT_EQ(garage.connect("garage"), kAccepted);
    ASSERT_EQ(desk.connect("responder~desk/1"), kAccepted);
    EXPECT_FALSE(desk.subscribe("#"));
    EXPECT_FALSE(desk.subscribe("devices/+/state"));
    ASSERT_TRUE(desk.subscribe("countersign/+/request"));
    ASSERT_TRUE(garage.publish("devices/garage/state", "private"));
    ASSERT_TRUE(garage.publish("countersign/garage/request", "1"));
    EXPECT_EQ(desk.messages(), "countersign/garage/request=1 ");
}

}  // namespace
}  // namespace countersign::broker
