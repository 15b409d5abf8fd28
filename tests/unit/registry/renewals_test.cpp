// What the registry remembers for renewal.
#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/unit/registry/fixture.h"

namespace countersign::registry {
namespace {

class RenewalsTest : public RegistryTest {
  protected:
    RenewalsTest() {
        registry.add_device(device("Kitchen"));
        registry.add_certificate(certificate("Kitchen", 1, CertificateState::active));
    }
    void add_renewed(unsigned number) {
        auto renewed = certificate("Kitchen", number);
        renewed.origin = Origin::renewal;
        registry.add_certificate(renewed);
    }
    [[nodiscard]] Summary summary() const {
        Summary found;
        registry.list({}, [&](const Summary& row) { found = row; });
        return found;
    }
};

TEST_F(RenewalsTest, origin_is_kept) {
    add_renewed(2);
    EXPECT_EQ(registry.find_certificate(print(1))->origin, Origin::by_hand);
    EXPECT_EQ(registry.find_certificate(print(2))->origin, Origin::renewal);
    EXPECT_EQ(registry.certificates_of("kitchen")[1].origin, Origin::renewal);
    EXPECT_EQ(registry.events_of("kitchen").back().detail.substr(0, 16), "device, pending,");
    EXPECT_TRUE(registry.events_of("kitchen").back().detail.ends_with(", renewed"));
}

TEST_F(RenewalsTest, the_last_request_is_kept_for_each_signer) {
    EXPECT_FALSE(registry.last_request(print(1)));
    registry.set_last_request(print(1), {3, print(50)});
    registry.set_last_request(print(1), {4'000'000'000U, print(51)});
    EXPECT_EQ(registry.last_request(print(1)), (LastRequest{4'000'000'000U, print(51)}));
    EXPECT_FALSE(registry.last_request(print(2)));
}

TEST_F(RenewalsTest, a_nod_is_for_one_key) {
    EXPECT_EQ(code_of([&] { registry.approve("Kitchen", print(60)); }), "E-NOTHING-WAITS");
    EXPECT_EQ(code_of([&] { registry.approve("nobody", print(60)); }), "E-NAME-UNKNOWN");
    registry.set_waiting({"kitchen", print(60), {1, 2, 3}, {}, true});
    ASSERT_EQ(registry.waiting().size(), 1U);
    EXPECT_EQ(registry.waiting()[0].name, "Kitchen");
    EXPECT_EQ(registry.waiting()[0].request, (std::vector<std::uint8_t>{1, 2, 3}));
    EXPECT_EQ(registry.waiting()[0].since, clock.time);
    EXPECT_FALSE(registry.waiting()[0].approved) << "only approve() approves";

    registry.set_waiting({"Kitchen", print(60), {1, 2, 3}, {}, false});
    registry.set_waiting({"Kitchen", print(61), {4}, {}, false});
    ASSERT_EQ(registry.waiting_of("Kitchen").size(), 2U) << "beside the one before";
    EXPECT_EQ(kinds_of("Kitchen"), "added issued waiting waiting ");
    registry.approve("kitchen", print(61));
    ASSERT_EQ(registry.waiting_of("Kitchen").size(), 1U) << "the other waits no longer";
    EXPECT_EQ(registry.waiting_of("Kitchen")[0].key, print(61));
    EXPECT_TRUE(registry.waiting_of("Kitchen")[0].approved);

    registry.remove_waiting("Kitchen");
    EXPECT_TRUE(registry.waiting().empty());
}

TEST_F(RenewalsTest, a_flood_of_keys_fills_no_disk) {
    for (unsigned key = 60; key < 90; ++key) registry.set_waiting({"Kitchen", print(key), {1}, {}, false});
    const auto waiting = registry.waiting_of("Kitchen");
    ASSERT_EQ(waiting.size(), 8U);
    EXPECT_EQ(waiting.front().key, print(60)) << "the first are kept";
    EXPECT_EQ(waiting.back().key, print(89)) << "and the newest";
    EXPECT_EQ(registry.events_of("Kitchen").size(), 2U + 8U);
}

TEST_F(RenewalsTest, a_decision_ends_a_fork_and_leaves_suspicion) {
    registry.raise_fork("kitchen", print(1), "two keys");
    EXPECT_TRUE(registry.was_forked("kitchen"));
    registry.approve("kitchen", print(1'000'001));  // the key of the certificate that works
    EXPECT_FALSE(registry.find_device("Kitchen")->forked);
    EXPECT_TRUE(registry.was_forked("kitchen"));
    registry.add_certificate(certificate("Kitchen", 3));
    EXPECT_FALSE(registry.was_forked("kitchen")) << "a new identity by hand";
}

TEST_F(RenewalsTest, reports_say_when_and_what) {
    EXPECT_FALSE(registry.report_of("Kitchen").seen);
    registry.set_report("kitchen", print(1), print(70), 2, 5);
    auto report = registry.report_of("Kitchen");
    EXPECT_EQ(report.seen, clock.time);
    EXPECT_EQ(report.signer, print(1));
    EXPECT_EQ(report.state, print(70));
    EXPECT_EQ(report.anchors_version, 2U);
    EXPECT_EQ(report.brokers_version, 5U);
    EXPECT_FALSE(report.renew);

    clock.time += std::chrono::hours(5);
    registry.set_seen("Kitchen");
    EXPECT_EQ(registry.report_of("Kitchen").seen, clock.time);
    EXPECT_EQ(registry.report_of("Kitchen").anchors_version, 2U);
    EXPECT_EQ(summary().seen, clock.time);
    EXPECT_EQ(code_of([&] { registry.set_seen("nobody"); }), "E-NAME-UNKNOWN");
}

TEST_F(RenewalsTest, asked_to_renew_the_active_certificate) {
    EXPECT_EQ(registry.ask_renewal("kitchen"), std::nullopt);
    const auto asked = clock.time;
    clock.time += std::chrono::minutes(5);
    EXPECT_EQ(registry.ask_renewal("kitchen"), asked);
    EXPECT_EQ(registry.report_of("Kitchen").renew, print(1));
    EXPECT_EQ(kinds_of("Kitchen"), "added issued asked ") << "asking twice is asking once";
    registry.add_device(device("new"));
    EXPECT_EQ(code_of([&] { registry.ask_renewal("new"); }), "E-CERT-STATE");
    EXPECT_EQ(code_of([&] { registry.ask_renewal("nobody"); }), "E-NAME-UNKNOWN");
}

TEST_F(RenewalsTest, a_fork_is_said_once_a_day_until_a_new_identity_is_given) {
    EXPECT_TRUE(registry.raise_fork("kitchen", print(1), "number 3 came with two keys"));
    EXPECT_FALSE(registry.raise_fork("kitchen", print(1), "again"));
    EXPECT_EQ(summary().device.forked, clock.time);
    clock.time += std::chrono::hours(24);
    EXPECT_TRUE(registry.raise_fork("kitchen", print(1), "still"));
    EXPECT_EQ(kinds_of("Kitchen"), "added issued forked forked ");

    add_renewed(2);
    EXPECT_TRUE(registry.find_device("Kitchen")->forked) << "the copy renews too";
    registry.add_certificate(certificate("Kitchen", 3));
    EXPECT_FALSE(registry.find_device("Kitchen")->forked);
}

TEST_F(RenewalsTest, found_by_key) {
    add_renewed(2);
    EXPECT_EQ(registry.find_by_key(print(1'000'002))->fingerprint, print(2));
    EXPECT_FALSE(registry.find_by_key(print(1'000'003)));
    auto again = certificate("Kitchen", 9);
    again.spki_sha256 = print(1'000'002);
    registry.add_certificate(again);
    EXPECT_EQ(registry.find_by_key(print(1'000'002))->fingerprint, print(9)) << "the newest";
    const auto all = registry.certificates_of_key(print(1'000'002));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].fingerprint, print(2)) << "oldest first";
    EXPECT_EQ(all[1].fingerprint, print(9));
    EXPECT_TRUE(registry.certificates_of_key(print(1'000'003)).empty());
}

TEST_F(RenewalsTest, counts_renewals_only) {
    const Seconds before = clock.time - std::chrono::seconds(1);
    EXPECT_EQ(registry.renewed_since("Kitchen", before), 0U) << "by hand";
    add_renewed(2);
    add_renewed(3);
    EXPECT_EQ(registry.renewed_since("kitchen", before), 2U);
    EXPECT_EQ(registry.renewed_since("Kitchen", clock.time), 0U);
}

TEST_F(RenewalsTest, names_since_an_event) {
    const auto before = registry.last_event();
    registry.add_device(device("a"));
    registry.ask_renewal("Kitchen");
    registry.record("note", "", std::nullopt, "of nobody");
    EXPECT_EQ(registry.names_since(before), (std::vector<std::string>{"a", "Kitchen"}));
    EXPECT_TRUE(registry.names_since(registry.last_event()).empty());
}

// A file of version 1: what it holds stays, and its certificates were all made by hand.
TEST_F(RenewalsTest, a_registry_of_version_1_is_brought_up_to_date) {
    {
        SQLite::Database old(file.string(), SQLite::OPEN_READWRITE);
        old.exec(
            "DROP TABLE requests; DROP TABLE waiting_keys; DROP TABLE reports; DROP INDEX "
            "certificates_by_key; "
            "DROP INDEX certificates_out;"
            "ALTER TABLE certificates DROP COLUMN origin; ALTER TABLE devices DROP COLUMN forked_at;"
            "ALTER TABLE devices DROP COLUMN was_forked;"
            "PRAGMA user_version = 1");
    }
    auto opened = Registry::open(file, clock);
    ASSERT_EQ(opened.certificates_of("Kitchen").size(), 1U);
    EXPECT_EQ(opened.certificates_of("Kitchen")[0].origin, Origin::by_hand);
    opened.ask_renewal("Kitchen");
    EXPECT_EQ(opened.report_of("Kitchen").renew, print(1));
    EXPECT_EQ(opened.verify_chain().length, 3);
}

}  // namespace
}  // namespace countersign::registry
