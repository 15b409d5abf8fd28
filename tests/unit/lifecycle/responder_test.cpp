// The responder, told by tests what devices and brokers say.
#include "host/lifecycle/responder.h"

#include "host/lifecycle/approval.h"
#include "host/lifecycle/broker_list.h"
#include "tests/support/protocol_examples.h"
#include "tests/unit/lifecycle/renewal_bench.h"

namespace countersign::lifecycle {
namespace {

using testing::HasSubstr;
using enum CertificateState;

class ResponderTest : public RenewalBench {
  protected:
    Identity device = enrol("user1");
    Identity next;
    pki::Bytes csr = make_csr("user1", next.key);

    // Nothing is answered, signed or changed.
    void expect_ignored(const Reaction& reaction, const std::string& why) {
        EXPECT_TRUE(reaction.answers.empty());
        EXPECT_THAT(reaction.line, HasSubstr(why));
        EXPECT_EQ(registry.last_event(), events_before);
    }
    void SetUp() override { events_before = registry.last_event(); }
    std::int64_t events_before = 0;
};

// --- as it should be

TEST_F(ResponderTest, answers_a_request_with_a_pending_certificate) {
    const auto reaction = ask("user1", make_request(device, 1, csr));
    EXPECT_EQ(reaction.answers.at(0).topic, "countersign/user1/certificate");
    const auto answer = message::decode_certificate(reaction.answers[0].payload);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->key, pki::sha256_of(next.key.public_key().spki));
    EXPECT_TRUE(std::ranges::equal(answer->issuing, bench.authority.issuing().der));
    const auto leaf = pki::parse_certificate(answer->leaf);
    EXPECT_EQ(leaf.info.name, "user1");
    EXPECT_EQ(leaf.info.not_after, pki::kNow + std::chrono::days(90));
    EXPECT_TRUE(pki::belongs(next.key, leaf));
    EXPECT_EQ(pki::Verifier(bench).verify(leaf, {"-purpose", "sslclient"}).exit_code, 0);

    const auto row = registry.find_certificate(leaf.info.fingerprint);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->state, pending);
    EXPECT_EQ(row->origin, registry::Origin::renewal);
    EXPECT_EQ(state_of(device), active) << "the old one works on";
}

TEST_F(ResponderTest, the_same_key_gets_the_same_certificate) {
    const auto request = make_request(device, 1, csr);
    const auto first = leaf_in(ask("user1", request));
    const auto events = registry.last_event();
    EXPECT_EQ(leaf_in(ask("user1", request)).der, first.der);
    EXPECT_EQ(leaf_in(ask("user1", make_request(device, 7, csr))).der, first.der) << "whatever the number";
    EXPECT_EQ(registry.last_event(), events);
}

TEST_F(ResponderTest, only_a_state_confirms_and_retires) {
    next.certificate = leaf_in(ask("user1", make_request(device, 1, csr)));
    EXPECT_EQ(state_of(device), active);
    const auto state = make_state(next, 1, 1);
    const auto reaction = tell("user1", state);
    EXPECT_EQ(state_of(next), active);
    EXPECT_EQ(state_of(device), retired);
    ASSERT_EQ(reaction.answers.size(), 3U);
    EXPECT_EQ(reaction.answers[0].topic, "countersign/user1/certificate");
    EXPECT_TRUE(reaction.answers[0].payload.empty());
    EXPECT_EQ(reaction.answers[1].topic, "countersign/birth~user1/certificate");
    EXPECT_TRUE(reaction.answers[1].payload.empty());
    EXPECT_EQ(reaction.answers[2].topic, "countersign/user1/command");
    const auto command = message::decode_command(reaction.answers[2].payload);
    ASSERT_TRUE(command);
    EXPECT_EQ(command->acknowledged, pki::sha256_of(state));
    EXPECT_FALSE(command->renew || command->brokers);
    EXPECT_EQ(registry.report_of("user1").seen, pki::kNow);
}

TEST_F(ResponderTest, the_same_state_is_acknowledged_again) {
    const auto state = make_state(device);
    tell("user1", state);
    const auto again = tell("user1", state);
    ASSERT_EQ(again.answers.size(), 1U);
    EXPECT_EQ(message::decode_command(again.answers[0].payload)->acknowledged, pki::sha256_of(state));
}

TEST_F(ResponderTest, many_renewals_leave_one_active_certificate) {
    policy.per_day = 100;
    Identity now = std::move(device);
    for (int i = 0; i < 12; ++i) now = renew(now, "user1");
    std::size_t active_ones = 0;
    for (const auto& row : registry.certificates_of("user1")) {
        if (may_connect(row.state)) ++active_ones;
    }
    EXPECT_EQ(active_ones, 1U);
    EXPECT_EQ(state_of(now), active);
}

TEST_F(ResponderTest, a_birth_certificate_renews_as_the_device) {
    const auto birth = enrol("user1", Role::birth);
    later(std::chrono::days(1000));  // the working certificate has long expired
    const auto reaction = ask("birth~user1", make_request(birth, 1, csr));
    EXPECT_EQ(reaction.answers.at(0).topic, "countersign/birth~user1/certificate");
    next.certificate = leaf_in(reaction);
    EXPECT_EQ(next.certificate.info.role, Role::device);
    tell("user1", make_state(next));
    EXPECT_EQ(state_of(next), active);
    EXPECT_EQ(state_of(device), retired);
    EXPECT_EQ(state_of(birth), active) << "birth certificates are not retired by working ones";
}

TEST_F(ResponderTest, a_birth_certificate_may_need_a_nod) {
    policy.birth_needs_nod = true;
    const auto birth = enrol("user1", Role::birth);
    const auto request = make_request(birth, 1, csr);
    EXPECT_EQ(error_in(ask("birth~user1", request)), "E-RENEWAL-WAITS");
    EXPECT_EQ(error_in(ask("birth~user1", request)), "E-RENEWAL-WAITS") << "asking twice is no nod";
    EXPECT_TRUE(responder().approved("user1").answers.empty()) << "nobody has nodded";

    EXPECT_FALSE(approve(registry, "user1", "").decided);
    const auto reaction = responder().approved("user1");
    EXPECT_EQ(reaction.answers.at(0).topic, "countersign/birth~user1/certificate");
    EXPECT_EQ(leaf_in(reaction).info.name, "user1");
    EXPECT_TRUE(registry.waiting().empty());
    EXPECT_EQ(leaf_in(ask("birth~user1", request)).info.name, "user1") << "the same again";
}

TEST_F(ResponderTest, a_nod_is_for_the_key_that_was_shown) {
    policy.birth_needs_nod = true;
    const auto birth = enrol("user1", Role::birth);
    (void)ask("birth~user1", make_request(birth, 1, csr));
    (void)approve(registry, "user1", "");
    const pki::PrivateKey other = pki::PrivateKey::generate(pki::KeyType::p256);
    EXPECT_EQ(error_in(ask("birth~user1", make_request(birth, 2, make_csr("user1", other)))),
              "E-RENEWAL-WAITS");
}

TEST_F(ResponderTest, an_expired_working_certificate_cannot_renew) {
    later(std::chrono::days(90));
    EXPECT_EQ(error_in(ask("user1", make_request(device, 1, csr))), "E-CERT-EXPIRED");
}

// Asked for, never fetched, slept on: the same key gets a new certificate.
TEST_F(ResponderTest, a_certificate_that_expired_before_it_was_fetched_is_made_anew) {
    const auto birth = enrol("user1", Role::birth);
    const auto first = leaf_in(ask("user1", make_request(device, 1, csr)));
    later(std::chrono::days(200));
    next.certificate = leaf_in(ask("birth~user1", make_request(birth, 1, csr)));
    EXPECT_NE(next.certificate.der, first.der);
    EXPECT_GT(next.certificate.info.not_after, bench.clock.now());
    tell("user1", make_state(next));
    EXPECT_EQ(state_of(next), active);
}

TEST_F(ResponderTest, no_more_than_so_many_in_a_day) {
    policy.per_day = 2;
    Identity now = renew(device, "user1");
    now = renew(now, "user1");
    EXPECT_EQ(error_in(ask("user1", make_request(now, ++now.number, csr))), "E-RENEWAL-RATE");
    later(std::chrono::hours(25));
    EXPECT_EQ(leaf_in(ask("user1", make_request(now, now.number, csr))).info.name, "user1")
        << "the same request, the next day";
}

// --- what is wanted

TEST_F(ResponderTest, a_command_holds_all_that_is_wanted) {
    wanted.list = {3, 1883, {"a.local", "10.0.0.1"}};
    EXPECT_TRUE(responder().command_for("user1").answers.empty()) << "it has not said what it has";
    registry.ask_renewal("user1");
    const auto reaction = tell("user1", make_state(device, 1, 2));
    const auto command = message::decode_command(reaction.answers.at(0).payload);
    ASSERT_TRUE(command && command->brokers);
    EXPECT_EQ(command->renew, device.certificate.info.fingerprint);
    EXPECT_EQ(command->brokers->version, 3U);
    EXPECT_EQ(command->brokers->brokers.all()[1].host, "10.0.0.1");
    EXPECT_EQ(responder().command_for("user1").answers.at(0).payload, reaction.answers[0].payload);

    const Identity renewed = renew(device, "user1");
    tell("user1", make_state(renewed, 1, 3));
    EXPECT_TRUE(responder().command_for("user1").answers.empty()) << "renewed, and has the list";
}

TEST_F(ResponderTest, brokers_come_signed_by_the_issuing_ca_and_for_older_devices_plain) {
    wanted.list = {3, 1883, {"a.local", "10.0.0.1"}};
    wanted.signed_list = make_broker_list(wanted.list, bench.authority.issuing(), bench.signer);
    const auto reaction = tell("user1", make_state(device, 1, 2));
    const auto command = message::decode_command(reaction.answers.at(0).payload);
    ASSERT_TRUE(command && command->brokers);
    const auto list = message::decode_signed_brokers(command->signed_brokers);
    ASSERT_TRUE(list);
    EXPECT_EQ(list->list.version, 3U);
    EXPECT_TRUE(std::ranges::equal(list->issuing, bench.authority.issuing().der));
    EXPECT_TRUE(pki::verify_message(pki::public_key_of(bench.authority.issuing()), list->signed_part,
                                    list->signature));

    wanted.list.version = 4;  // not signed yet
    const auto later = message::decode_command(tell("user1", make_state(device, 1, 2)).answers.at(0).payload);
    ASSERT_TRUE(later && later->brokers);
    EXPECT_TRUE(later->signed_brokers.empty());
}

TEST_F(ResponderTest, eight_brokers_with_the_longest_names_fit) {
    const std::string longest(253, 'h');
    wanted.list = {3, 1883, std::vector<std::string>(8, longest)};
    wanted.signed_list = make_broker_list(wanted.list, bench.authority.issuing(), bench.signer);
    const auto command =
        message::decode_command(tell("user1", make_state(device, 1, 2)).answers.at(0).payload);
    ASSERT_TRUE(command);
    EXPECT_FALSE(command->signed_brokers.empty());
    EXPECT_FALSE(command->brokers) << "for two lists there is no room";
}

class AnchorsTest : public ResponderTest {
  protected:
    void SetUp() override {
        wanted.anchors_version = 2;
        const pki::Bytes anchor = bench.authority.root().der;
        message::AnchorSet set;
        set.version = 2;
        set.anchors.add(anchor);
        std::vector<std::uint8_t> room(message::kMaxMessage);
        const std::size_t size = message::encode(set, room);
        wanted.anchors = signed_by(bench.root.key, std::move(room), size);
    }
    std::vector<std::uint8_t> anchors_in(const Reaction& renewal) {
        const auto certificate = message::decode_certificate(renewal.answers.at(0).payload);
        if (!certificate) throw std::runtime_error("no Certificate");
        return {certificate->anchor_set.begin(), certificate->anchor_set.end()};
    }
};

TEST_F(AnchorsTest, come_one_after_the_other) {
    const auto reaction = tell("user1", make_state(device, 1, 1));
    const auto command = message::decode_command(reaction.answers.at(0).payload);
    ASSERT_TRUE(command);
    EXPECT_TRUE(std::ranges::equal(command->anchor_set, wanted.anchors));
    EXPECT_EQ(anchors_in(ask("user1", make_request(device, 1, csr))), wanted.anchors)
        << "birth hears no Commands";
    EXPECT_TRUE(message::decode_command(tell("user1", make_state(device, 2, 1)).answers.at(0).payload)
                    ->anchor_set.empty());
}

TEST_F(AnchorsTest, a_birth_certificate_gets_the_newest_whatever_was_reported) {
    const auto birth = enrol("user1", Role::birth);
    tell("user1", make_state(device, 2, 1));
    EXPECT_TRUE(anchors_in(ask("user1", make_request(device, 1, csr))).empty());
    EXPECT_EQ(anchors_in(ask("birth~user1", make_request(birth, 1, csr))), wanted.anchors)
        << "the slot that had them may be damaged";
}

// --- a hostile broker: nothing is signed, nothing is retired

TEST_F(ResponderTest, forged_signatures) {
    Identity forger;
    forger.certificate = device.certificate;  // its name and fingerprint, another key
    expect_ignored(ask("user1", make_request(forger, 1, csr)), "signature");
    expect_ignored(tell("user1", make_state(forger)), "signature");
    auto request = make_request(device, 1, csr);
    for (const std::size_t at : {std::size_t{8}, std::size_t{40}, request.size() - 70, request.size() - 1}) {
        auto changed = request;
        changed[at] ^= 1U;
        expect_ignored(ask("user1", changed), "not answered");
    }
}

TEST_F(ResponderTest, an_example_of_the_page_is_signed_by_its_key) {
    const auto bytes = test::protocol_example("Request");
    const auto request = message::decode_request(bytes);
    ASSERT_TRUE(request);
    const auto key = pki::parse_csr(request->csr).public_key;  // RFC 6979 A.2.5
    EXPECT_TRUE(pki::verify_message(key, request->signed_part, request->signature));
    auto changed = bytes;
    changed[40] ^= 1U;
    const auto other = message::decode_request(changed);
    EXPECT_FALSE(pki::verify_message(key, other->signed_part, other->signature));
    const auto state_bytes = test::protocol_example("State");
    const auto state = message::decode_state(state_bytes);
    EXPECT_TRUE(pki::verify_message(key, state->signed_part, state->signature));
    EXPECT_FALSE(pki::verify_message(key, state->signed_part, message::Signature{})) << "r = s = 0";
    expect_ignored(ask("user1", bytes), "not in the registry");
}

TEST_F(ResponderTest, another_name_on_the_topic) {
    (void)enrol("user2");
    SetUp();
    const auto request = make_request(device, 1, csr);
    expect_ignored(ask("user2", request), "another's name");
    expect_ignored(ask("birth~user1", request), "another's name");
    expect_ignored(ask("USER1", request), "another's name");
    expect_ignored(tell("user2", make_state(device)), "another's name");
    expect_ignored(responder().received("devices/user1/request", request, true), "no topic of ours");
    expect_ignored(responder().received("countersign/user1/request/x", request, true), "no topic of ours");
    expect_ignored(responder().received("countersign/user1", request, true), "no topic of ours");
    expect_ignored(responder().received("countersign/\x1b[2J/state", request, true),
                   "countersign/?[2J/state");
}

TEST_F(ResponderTest, another_name_in_the_request) {
    (void)enrol("user2");
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user2", next.key))), "another's name");
}

TEST_F(ResponderTest, another_devices_key) {
    const auto other = enrol("user2");
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user1", other.key))), "E-KEY-USED");
    const auto birth = enrol("user1", Role::birth);
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user1", birth.key))), "E-KEY-USED");
}

// The first use of a key may be long ago, and its newest certificate a good one.
TEST_F(ResponderTest, a_key_that_was_ever_revoked_or_another_ones) {
    Identity thief;
    auto row = as_row(bench.issuer.issue(pki::Profile({Role::device, policy.lifetime}),
                                         {"user1", thief.key.public_key(), {}}),
                      Role::device, bench.authority);
    registry.add_certificate(row);
    registry.revoke_certificate(row.fingerprint, "");
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user1", thief.key))), "is revoked");
    const auto& issuing = bench.issuing.key;
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user1", issuing))), "Countersign Issuing");
}

TEST_F(ResponderTest, other_roles_do_not_renew_here) {
    const auto person = enrol("anna", Role::operator_);
    SetUp();
    expect_ignored(ask("operator~anna", make_request(person, 1, make_csr("anna", next.key))), "not a device");
    expect_ignored(tell("operator~anna", make_state(person)), "not a working");
    const auto birth = enrol("user1", Role::birth);
    SetUp();
    expect_ignored(tell("birth~user1", make_state(birth)), "not a working");
}

TEST_F(ResponderTest, revoked_and_held) {
    registry.hold("user1", "lost");
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, csr)), "held");
    expect_ignored(tell("user1", make_state(device)), "held");
    registry.revoke("user1", "stolen");
    SetUp();
    expect_ignored(ask("user1", make_request(device, 1, csr)), "revoked");
    expect_ignored(tell("user1", make_state(device)), "revoked");
}

// Asked before, revoked since: the certificate that waits on the topic is condemned, and the birth key with
// it.
TEST_F(ResponderTest, revocation_in_the_middle_of_a_renewal) {
    const auto birth = enrol("user1", Role::birth);
    next.certificate = leaf_in(ask("user1", make_request(device, 1, csr)));
    registry.revoke("user1", "stolen");
    SetUp();
    expect_ignored(tell("user1", make_state(next)), "revoked");
    expect_ignored(ask("birth~user1", make_request(birth, 1, make_csr("user1", Identity().key))), "revoked");
}

TEST_F(ResponderTest, replays) {
    const auto first_request = make_request(device, 1, csr);
    const auto first_state = make_state(device);
    tell("user1", first_state);
    next.certificate = leaf_in(ask("user1", first_request));
    tell("user1", make_state(next, 2, 2));
    const auto events = registry.last_event();

    SetUp();
    expect_ignored(tell("user1", first_state), "retired");
    expect_ignored(tell("user1", make_state(next, 1, 2)), "old state");
    expect_ignored(tell("user1", make_state(next, 2, 1)), "old state");
    EXPECT_EQ(leaf_in(ask("user1", first_request)).der, next.certificate.der) << "no alarm, nothing new";
    EXPECT_EQ(registry.last_event(), events);
    EXPECT_FALSE(registry.find_device("user1")->forked);
}

// A copy that the broker kept: its key was certified, so it is no second device.
TEST_F(ResponderTest, an_old_request_of_the_same_signer) {
    const auto birth = enrol("user1", Role::birth);
    const auto first = make_request(birth, 1, csr);
    (void)leaf_in(ask("birth~user1", first));
    (void)leaf_in(ask("birth~user1", make_request(birth, 5, make_csr("user1", Identity().key))));
    later(std::chrono::days(91));
    SetUp();
    expect_ignored(ask("birth~user1", first), "an old request");
}

// A stale copy of a request that was answered, used and has run out since.
TEST_F(ResponderTest, a_used_certificate_is_never_made_anew) {
    const auto request = make_request(device, 1, csr);
    next.certificate = leaf_in(ask("user1", request));
    tell("user1", make_state(next));
    later(std::chrono::days(91));
    SetUp();
    expect_ignored(ask("user1", request), "used, and old");
    EXPECT_FALSE(registry.find_device("user1")->forked);
}

TEST_F(ResponderTest, garbage) {
    expect_ignored(ask("user1", pki::Bytes{1, 2, 3}), "no Request");
    expect_ignored(ask("user1", make_state(device)), "no Request");
    expect_ignored(tell("user1", make_request(device, 1, csr)), "no State");
    EXPECT_TRUE(ask("user1", {}).line.empty()) << "a cleared topic says nothing";
    expect_ignored(ask("user1", make_request(device, 1, pki::Bytes{0x30, 0x00})), "not answered");
    const auto key = pki::PrivateKey::generate(pki::KeyType::p384);
    expect_ignored(ask("user1", make_request(device, 1, make_csr("user1", key))), "not P-256");
}

}  // namespace
}  // namespace countersign::lifecycle
