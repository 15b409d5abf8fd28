#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "host/base/subprocess.h"
#include "tests/unit/registry/fixture.h"

namespace countersign::registry {
namespace {

using enum CertificateState;

TEST_F(RegistryTest, keeps_every_field_over_a_restart) {
    auto wanted = certificate("kitchen-1", 42);
    {
        registry.add_device({"kitchen-1", Role::device, {}, "chip-77", "under the sink"});
        clock.time += std::chrono::seconds(5);
        registry.add_certificate(wanted);
    }
    const auto reopened = Registry::open(file, clock);
    const auto found = reopened.find_device("kitchen-1");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->role, Role::device);
    EXPECT_EQ(found->chip_id, "chip-77");
    EXPECT_EQ(found->note, "under the sink");
    EXPECT_EQ(found->created, Seconds(std::chrono::seconds(1'700'000'000)));
    const auto got = reopened.find_certificate(print(42));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->name, "kitchen-1");
    EXPECT_EQ(got->serial, wanted.serial);
    EXPECT_EQ(got->not_before, wanted.not_before);
    EXPECT_EQ(got->not_after, wanted.not_after);
    EXPECT_EQ(got->state, pending);
    EXPECT_EQ(got->issued_at, Seconds(std::chrono::seconds(1'700'000'005)));
    EXPECT_EQ(got->spki_sha256, wanted.spki_sha256);
    EXPECT_EQ(got->issuer, wanted.issuer);
    EXPECT_EQ(got->der, wanted.der);
}

TEST_F(RegistryTest, the_file_is_private_from_the_start) {
    registry.add_device(device("a"));
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat info {};
        ASSERT_EQ(::stat((file.string() + suffix).c_str(), &info), 0) << suffix;
        EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
    }
}

TEST_F(RegistryTest, a_name_is_used_once_whatever_its_case_or_role) {
    registry.add_device(device("Kitchen-1"));
    EXPECT_EQ(code_of([&] { registry.add_device(device("kitchen-1")); }), "E-NAME-TAKEN");
    EXPECT_EQ(code_of([&] { registry.add_device(device("KITCHEN-1", Role::operator_)); }), "E-NAME-TAKEN");
    EXPECT_EQ(registry.find_device("kitchen-1")->name, "Kitchen-1");
    EXPECT_EQ(registry.device_count(), 1u);
}

TEST_F(RegistryTest, refuses_a_name_that_could_not_be_in_a_topic) {
    for (const char* name : {"", ".hidden", "a/b", "a+b", "a b", "birth~a", "a\nb"}) {
        EXPECT_EQ(code_of([&] { registry.add_device(device(name)); }), "E-NAME-INVALID") << name;
    }
}

TEST_F(RegistryTest, a_certificate_needs_its_device_in_its_own_spelling) {
    EXPECT_EQ(code_of([&] { registry.add_certificate(certificate("nobody", 1)); }), "E-NAME-UNKNOWN");
    registry.add_device(device("Kitchen"));
    EXPECT_EQ(code_of([&] { registry.add_certificate(certificate("kitchen", 1)); }), "E-NAME-UNKNOWN");
    EXPECT_FALSE(registry.find_certificate(print(1)));
}

TEST_F(RegistryTest, the_same_certificate_is_registered_once) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1));
    EXPECT_EQ(code_of([&] { registry.add_certificate(certificate("a", 1)); }), "E-CERT-STATE");
    EXPECT_EQ(code_of([&] { registry.add_certificate(certificate("a", 2, revoked)); }), "E-CERT-STATE");
    EXPECT_EQ(registry.certificates_of("a").size(), 1u);
}

TEST_F(RegistryTest, only_a_confirmation_retires_and_only_what_is_older) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1, active));
    registry.add_certificate(certificate("a", 2));
    registry.add_certificate(certificate("a", 3));
    EXPECT_EQ(state_of(1), active);
    EXPECT_EQ(registry.confirm(print(2)), 1u);
    EXPECT_EQ(state_of(1), retired);
    EXPECT_EQ(state_of(2), active);
    EXPECT_EQ(state_of(3), pending);
    EXPECT_EQ(registry.confirm(print(2)), 0u);
    EXPECT_EQ(registry.confirm(print(3)), 1u);
    EXPECT_EQ(state_of(2), retired);
    EXPECT_EQ(code_of([&] { (void)registry.confirm(print(1)); }), "E-CERT-STATE");
    EXPECT_EQ(code_of([&] { (void)registry.confirm(print(99)); }), "E-CERT-STATE");
    EXPECT_EQ(kinds_of("a"), "added issued issued issued confirmed retired confirmed retired ");
}

TEST_F(RegistryTest, a_working_certificate_does_not_retire_the_birth_certificate) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1, active, Role::birth));
    registry.add_certificate(certificate("a", 2));
    EXPECT_EQ(registry.confirm(print(2)), 0u);
    EXPECT_EQ(state_of(1), active);
}

TEST_F(RegistryTest, revoking_a_name_ends_all_it_has_and_nothing_else) {
    registry.add_device(device("a"));
    registry.add_device(device("b"));
    registry.add_certificate(certificate("a", 1, active, Role::birth));
    registry.add_certificate(certificate("a", 2, active));
    registry.add_certificate(certificate("a", 3));
    registry.add_certificate(certificate("b", 4, active));
    EXPECT_EQ(registry.revoke("A", "stolen"), 3u);
    for (const unsigned number : {1u, 2u, 3u}) EXPECT_EQ(state_of(number), revoked) << number;
    EXPECT_EQ(state_of(4), active);
    EXPECT_EQ(registry.revoke("a", "again"), 0u);
    EXPECT_EQ(code_of([&] { (void)registry.revoke("nobody", ""); }), "E-NAME-UNKNOWN");
    EXPECT_EQ(registry.events_of("a").back().detail, "stolen");
    EXPECT_EQ(code_of([&] { (void)registry.confirm(print(3)); }), "E-CERT-STATE");
}

TEST_F(RegistryTest, holding_and_reinstating_gives_back_what_was) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1, active));
    registry.add_certificate(certificate("a", 2));
    EXPECT_EQ(registry.hold("a", "lost"), 2u);
    EXPECT_EQ(state_of(1), held);
    EXPECT_EQ(code_of([&] { (void)registry.confirm(print(2)); }), "E-CERT-STATE");
    EXPECT_EQ(registry.hold("a", "lost"), 0u);
    EXPECT_EQ(registry.reinstate("a"), 2u);
    EXPECT_EQ(state_of(1), active);
    EXPECT_EQ(state_of(2), pending);
}

TEST_F(RegistryTest, what_is_not_committed_has_not_happened) {
    {
        auto transaction = registry.begin();
        registry.add_device(device("a"));
        registry.add_certificate(certificate("a", 1));
    }
    EXPECT_FALSE(registry.find_device("a"));
    EXPECT_EQ(registry.last_event(), 0);
    {
        auto transaction = registry.begin();
        registry.add_device(device("b"));
        transaction.commit();
    }
    EXPECT_TRUE(registry.find_device("b"));
    EXPECT_EQ(registry.verify_chain().length, 1);
}

TEST_F(RegistryTest, a_refused_row_leaves_the_rest_of_the_transaction) {
    auto transaction = registry.begin();
    registry.add_device(device("a"));
    EXPECT_EQ(code_of([&] { registry.add_device(device("A")); }), "E-NAME-TAKEN");
    registry.add_device(device("b"));
    transaction.commit();
    EXPECT_EQ(registry.device_count(), 2u);
    EXPECT_EQ(registry.verify_chain().length, 2);
}

TEST_F(RegistryTest, enrolling_is_one_event_and_whole_or_nothing) {
    registry.enrol(device("a"), certificate("a", 1, active));
    EXPECT_EQ(kinds_of("a"), "enrolled ");
    EXPECT_EQ(state_of(1), active);
    auto transaction = registry.begin();
    EXPECT_EQ(code_of([&] { registry.enrol(device("b"), certificate("b", 1)); }), "E-CERT-STATE");
    EXPECT_EQ(code_of([&] { registry.enrol(device("A"), certificate("A", 2)); }), "E-NAME-TAKEN");
    transaction.commit();
    EXPECT_FALSE(registry.find_device("b"));
    EXPECT_EQ(registry.verify_chain().length, 1);
}

TEST_F(RegistryTest, a_second_transaction_inside_one_is_refused) {
    auto transaction = registry.begin();
    EXPECT_EQ(code_of([&] { auto second = registry.begin(); }), "E-INTERNAL");
}

TEST_F(RegistryTest, two_writers_make_one_chain) {
    auto write = [&](const std::string& prefix) {
        auto mine = Registry::open(file, clock);
        for (int i = 0; i < 40; ++i) mine.add_device(device(prefix + std::to_string(i)));
    };
    std::thread other(write, "x");
    write("y");
    other.join();
    EXPECT_EQ(registry.device_count(), 80u);
    EXPECT_EQ(registry.verify_chain().length, 80);
}

TEST_F(RegistryTest, lists_the_certificate_that_counts) {
    registry.add_device(device("b"));
    registry.add_certificate(certificate("b", 1, active));
    registry.add_certificate(certificate("b", 2));
    registry.add_device(device("A"));
    registry.add_certificate(certificate("A", 3));
    registry.add_certificate(certificate("A", 4, active, Role::birth));
    registry.add_device(device("op", Role::operator_));
    std::string lines;
    registry.list({}, [&](const Summary& row) {
        lines += row.device.name + ":" + (row.certificate ? row.certificate->serial : "none") + " ";
    });
    EXPECT_EQ(lines, "A:0a1b3 b:0a1b1 op:none ");
}

TEST_F(RegistryTest, lists_what_the_filter_asks_for) {
    registry.add_device(device("kitchen-1"));
    registry.add_certificate(certificate("kitchen-1", 1, active));  // until 1'800'000'001
    registry.add_device(device("Kitchen-2"));
    registry.add_certificate(certificate("Kitchen-2", 2));
    registry.add_device(device("op", Role::operator_));
    registry.add_certificate(certificate("op", 3, active, Role::operator_));
    auto names = [&](const Filter& filter) {
        std::string result;
        registry.list(filter, [&](const Summary& row) { result += row.device.name + " "; });
        return result;
    };
    EXPECT_EQ(names({.role = Role::operator_, .state = {}, .expires_before = {}, .name_glob = {}}), "op ");
    EXPECT_EQ(names({.role = {}, .state = active, .expires_before = {}, .name_glob = {}}), "kitchen-1 op ");
    EXPECT_EQ(names({.role = {},
                     .state = {},
                     .expires_before = Seconds(std::chrono::seconds(1'800'000'002)),
                     .name_glob = {}}),
              "kitchen-1 ");
    EXPECT_EQ(names({.role = {}, .state = {}, .expires_before = {}, .name_glob = "KITCHEN-*"}),
              "kitchen-1 Kitchen-2 ");
}

TEST_F(RegistryTest, a_walk_may_use_the_registry) {
    for (const char* name : {"a", "b"}) {
        registry.add_device(device(name));
        registry.add_certificate(certificate(name, static_cast<unsigned>(name[0])));
    }
    std::size_t seen = 0;
    registry.list({}, [&](const Summary& row) {
        registry.list({}, [&](const Summary&) { ++seen; });
        EXPECT_EQ(registry.certificates_of(row.device.name).size(), 1u);
    });
    EXPECT_EQ(seen, 4u);
}

TEST_F(RegistryTest, publishes_every_client_certificate_and_then_only_what_changed) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1, active));
    registry.add_device(device("b"));
    registry.add_certificate(certificate("b", 2, active));
    registry.add_device(device("broker", Role::broker));
    registry.add_certificate(certificate("broker", 3, active, Role::broker));
    std::vector<Standing> all;
    registry.standings([&](const Standing& row) { all.push_back(row); });
    const std::vector<Standing> expected{{print(1), 1'800'000'001, Role::device, active},
                                         {print(2), 1'800'000'002, Role::device, active}};
    EXPECT_EQ(all, expected);

    EXPECT_FALSE(registry.publication());
    registry.set_publication({registry.last_event(), 3, 160});
    registry.revoke("b", "");
    registry.record("note", "b", std::nullopt, "no certificate concerned");
    std::vector<Standing> changed;
    registry.standings_since(registry.publication()->event_seq,
                             [&](const Standing& row) { changed.push_back(row); });
    const std::vector<Standing> only_b{{print(2), 1'800'000'002, Role::device, revoked}};
    EXPECT_EQ(changed, only_b);
    registry.set_publication({registry.last_event(), 4, 208});
    EXPECT_EQ(registry.publication()->generation, 4u);
    EXPECT_EQ(registry.publication()->size, 208u);
}

TEST_F(RegistryTest, remembers_the_board_a_device_lives_on) {
    registry.add_device(device("a"));
    registry.set_chip_id("A", "c0ffee");
    registry.set_chip_id("a", "c0ffee");
    EXPECT_EQ(registry.find_device("a")->chip_id, "c0ffee");
    EXPECT_EQ(kinds_of("a"), "added board ");
    EXPECT_EQ(code_of([&] { registry.set_chip_id("b", "x"); }), "E-NAME-UNKNOWN");
}

// Whoever closes a descriptor of a file ends all locks that its process has on it (fcntl(2)): SQLite's too.
TEST(RegistryFile, opened_once_more_in_the_same_process_keeps_the_locks_of_the_first) {
    const TemporaryFolder folder;
    const HandClock clock;
    const auto path = folder.path / "registry.db";
    auto registry = Registry::create(path, clock);
    auto transaction = registry.begin();
    registry.add_device(device("a"));
    { const auto second = Registry::open(path, clock); }
    const auto result = run_command({"sqlite3", path, "BEGIN IMMEDIATE;"}, std::chrono::seconds(10));
    EXPECT_NE(result.exit_code, 0);
    EXPECT_NE(result.output.find("locked"), std::string::npos) << result.output;
    transaction.commit();
}

}  // namespace
}  // namespace countersign::registry
