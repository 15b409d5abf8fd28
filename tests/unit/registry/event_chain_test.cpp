#include "host/registry/event_chain.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <openssl/sha.h>

#include "tests/unit/registry/fixture.h"

namespace countersign::registry {
namespace {

Fingerprint sha256(const std::string& bytes) {
    Fingerprint hash{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
    return hash;
}

// The canonical bytes laid out by hand.
TEST(EventChain, hashes_the_documented_bytes) {
    using namespace std::string_literals;
    const Event event{2, Seconds(std::chrono::seconds(0x0102030405)), "held", "a", print(0x0a0b0c0d), "lost"};
    std::string bytes(32, '\x11');           // hash of the event before
    bytes += "\0\0\0\0\0\0\0\x02"s;          // seq
    bytes += "\0\0\0\x01\x02\x03\x04\x05"s;  // time
    bytes += "\0\0\0\x04held"s;              // kind
    bytes +=
        "\0\0\0\x01"
        "a"s;                                                        // name
    bytes += "\0\0\0\x20\x0d\x0c\x0b\x0a"s + std::string(28, '\0');  // fingerprint
    bytes += "\0\0\0\x04lost"s;                                      // detail
    Fingerprint before{};
    before.fill(0x11);
    EXPECT_EQ(event_hash(before, event), sha256(bytes));
}

TEST(EventChain, no_fingerprint_is_an_empty_field) {
    const Event event{1, Seconds{}, "", "", std::nullopt, ""};
    EXPECT_EQ(event_hash({}, event), sha256(std::string(32 + 7, '\0') + "\x01" + std::string(8 + 16, '\0')));
}

TEST_F(RegistryTest, the_chain_grows_and_holds) {
    EXPECT_EQ(registry.verify_chain().length, 0);
    for (int i = 0; i < 20; ++i) registry.add_device(device("d" + std::to_string(i)));
    const auto chain = registry.verify_chain();
    EXPECT_EQ(chain.length, 20);
    registry.record("note", "", std::nullopt, "x");
    EXPECT_NE(registry.verify_chain().head, chain.head);
}

class TamperedChain : public RegistryTest, public testing::WithParamInterface<const char*> {};

// Somebody with the file and an SQL prompt, who takes the triggers away first.
TEST_P(TamperedChain, is_noticed) {
    for (int i = 0; i < 5; ++i) registry.add_device(device("d" + std::to_string(i)));
    SQLite::Database raw(file.string(), SQLite::OPEN_READWRITE, 1000);
    raw.exec("DROP TRIGGER events_unchanged; DROP TRIGGER events_stay; DROP TRIGGER events_in_order");
    ASSERT_GT(raw.exec(GetParam()), 0);
    EXPECT_EQ(code_of([&] { (void)registry.verify_chain(); }), "E-REGISTRY-BROKEN");
}

INSTANTIATE_TEST_SUITE_P(
    Each, TamperedChain,
    testing::Values(
        "UPDATE events SET time = time + 1 WHERE seq = 3", "UPDATE events SET kind = 'x' WHERE seq = 3",
        "UPDATE events SET name = 'x' WHERE seq = 3", "UPDATE events SET detail = '' WHERE seq = 3",
        "UPDATE events SET fingerprint = zeroblob(32) WHERE seq = 3",
        "UPDATE events SET hash = zeroblob(32) WHERE seq = 5",
        "UPDATE events SET hash = zeroblob(3) WHERE seq = 5",
        "UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 3", "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events WHERE seq = 1",
        "INSERT INTO events SELECT 7, time, kind, name, fingerprint, detail, prev_hash, hash FROM events "
        "WHERE seq = 5"));

class RefusedStatement : public RegistryTest, public testing::WithParamInterface<const char*> {};

TEST_P(RefusedStatement, does_not_change_the_record) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1));
    SQLite::Database raw(file.string(), SQLite::OPEN_READWRITE, 1000);
    EXPECT_THROW(raw.exec(GetParam()), SQLite::Exception);
    EXPECT_EQ(registry.verify_chain().length, 2);
    EXPECT_TRUE(registry.find_certificate(print(1)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedStatement,
    testing::Values(
        "UPDATE events SET detail = 'x'", "DELETE FROM events", "DELETE FROM certificates",
        "INSERT OR REPLACE INTO events SELECT seq, 0, kind, name, fingerprint, detail, prev_hash, hash FROM "
        "events WHERE seq = 1",
        "INSERT INTO events SELECT 9, time, kind, name, fingerprint, detail, prev_hash, hash FROM events "
        "WHERE seq = 1"));

}  // namespace
}  // namespace countersign::registry
