// Opening: what is there, what is not, what is somebody else's, what is newer.
#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>

#include "tests/unit/registry/fixture.h"

namespace countersign::registry {
namespace {

TEST_F(RegistryTest, opening_none_says_how_to_make_one) {
    EXPECT_EQ(code_of([&] { (void)Registry::open(folder.path / "none.db", clock); }), "E-HOME-MISSING");
    EXPECT_FALSE(std::filesystem::exists(folder.path / "none.db"));
}

TEST_F(RegistryTest, creating_again_keeps_what_is_there) {
    registry.add_device(device("a"));
    EXPECT_TRUE(Registry::create(file, clock).find_device("a"));
}

TEST_F(RegistryTest, a_creation_killed_before_its_schema_is_finished_by_the_next) {
    const auto other = folder.path / "other.db";
    std::ofstream(other).close();
    auto finished = Registry::create(other, clock);
    finished.add_device(device("a"));
    EXPECT_EQ(finished.device_count(), 1u);
}

TEST_F(RegistryTest, a_newer_schema_is_refused_and_untouched) {
    SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 999");
    EXPECT_EQ(code_of([&] { (void)Registry::open(file, clock); }), "E-REGISTRY-NEWER");
    EXPECT_EQ(SQLite::Database(file.string()).execAndGet("PRAGMA user_version").getInt(), 999);
}

TEST_F(RegistryTest, somebody_elses_database_is_refused) {
    const auto other = folder.path / "other.db";
    SQLite::Database(other.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t (x)");
    EXPECT_EQ(code_of([&] { (void)Registry::create(other, clock); }), "E-REGISTRY-BROKEN");
}

TEST_F(RegistryTest, a_file_that_is_no_database_is_refused) {
    const auto other = folder.path / "other.db";
    std::ofstream(other) << std::string(4096, 'x');
    EXPECT_EQ(code_of([&] { (void)Registry::open(other, clock); }), "E-REGISTRY-BROKEN");
}

TEST_F(RegistryTest, a_state_no_version_knows_is_damage_and_not_a_guess) {
    registry.add_device(device("a"));
    registry.add_certificate(certificate("a", 1));
    SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("UPDATE certificates SET state = 77");
    EXPECT_EQ(code_of([&] { (void)registry.find_certificate(print(1)); }), "E-REGISTRY-BROKEN");
}

}  // namespace
}  // namespace countersign::registry
