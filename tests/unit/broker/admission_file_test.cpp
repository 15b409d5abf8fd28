// Publisher and reader over real files: what one writes, killed at any byte, the other treats right.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <map>

#include "host/broker/admission/publisher.h"
#include "host/broker/admission/reader.h"
#include "tests/unit/broker/support.h"

namespace countersign::broker::admission {
namespace {

using enum CertificateState;

// Numbered fingerprints, spread so that their order is not the order of the numbers.
Fingerprint print(unsigned number) {
    Fingerprint fingerprint{};
    fingerprint[0] = static_cast<std::uint8_t>(number * 151);
    fingerprint[1] = static_cast<std::uint8_t>(number);
    fingerprint[31] = static_cast<std::uint8_t>(number >> 8);
    return fingerprint;
}

// What the registry holds, and what has changed since the last publish.
class Model {
  public:
    explicit Model(const std::filesystem::path& file) : publisher_(file) {}

    void set(unsigned number, CertificateState state) {
        const Standing standing = broker::standing(print(number), state, Role::device, 1000 + number);
        rows_[number] = standing;
        changes_.push_back(standing);
    }
    void publish() {
        stamp_ = publisher_.publish(
            stamp_,
            [&](const auto& row) {
                for (const auto& change : changes_) row(change);
            },
            [&](const auto& row) {
                for (const auto& [number, standing] : rows_) row(standing);
            });
        changes_.clear();
    }
    // Whether the reader says of every number what the model says.
    [[nodiscard]] bool agrees(const Reader& reader, unsigned numbers) const {
        for (unsigned number = 0; number < numbers; ++number) {
            const auto mine = rows_.find(number);
            const auto its = reader.find(print(number));
            if (mine == rows_.end() ? its.found != Found::no
                                    : its.found != Found::yes || its.standing != mine->second) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] std::optional<Stamp> stamp() const { return stamp_; }

  private:
    Publisher publisher_;
    std::optional<Stamp> stamp_;
    std::map<unsigned, Standing> rows_;
    std::vector<Standing> changes_;
};

class AdmissionFile : public testing::Test {
  protected:
    TemporaryFolder folder;
    std::filesystem::path file = folder.path / "admission";
    Model model{file};
};

TEST_F(AdmissionFile, nothing_is_there_until_something_is_published) {
    Reader reader(file);
    EXPECT_EQ(reader.refresh(), Refresh::kept);
    EXPECT_FALSE(reader.loaded());
    EXPECT_EQ(reader.find(print(1)).found, Found::no);
    EXPECT_EQ(reader.refresh(), Refresh::unchanged);
    model.publish();
    EXPECT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_TRUE(reader.loaded());
    EXPECT_EQ(reader.find(print(1)).found, Found::no);
}

TEST_F(AdmissionFile, the_mode_keeps_others_out) {
    model.publish();
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(AdmissionFile, small_changes_are_appended_and_many_make_a_new_file) {
    for (unsigned number = 0; number < 10; ++number) model.set(number, active);
    model.publish();
    const Stamp first = *model.stamp();
    EXPECT_EQ(first, (Stamp{1, 64 + 10 * 48}));
    model.set(3, revoked);
    model.publish();
    EXPECT_EQ(*model.stamp(), (Stamp{1, 64 + 11 * 48}));
    for (unsigned i = 0; i < 1023; ++i) model.set(4, i % 2 == 0 ? held : active);
    model.publish();
    EXPECT_EQ(*model.stamp(), (Stamp{1, 64 + (11 + 1023) * 48}));  // 1024 in the tail: just allowed
    model.set(5, revoked);
    model.publish();
    EXPECT_EQ(*model.stamp(), (Stamp{2, 64 + 10 * 48}));
    Reader reader(file);
    EXPECT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_TRUE(model.agrees(reader, 12));
}

// Any history of changes and publishes, seen by a reader that follows and by one that comes late.
RC_GTEST_FIXTURE_PROP(AdmissionFile, every_reader_sees_what_was_published, ()) {
    // Short ones: every publish waits for the disk.
    const auto history =
        *rc::gen::resize(12, rc::gen::arbitrary<std::vector<std::vector<std::pair<unsigned, unsigned>>>>());
    std::filesystem::remove(file);
    Model fresh(file);
    Reader follower(file);
    for (const auto& changes : history) {
        for (const auto& [number, state] : changes) {
            fresh.set(number % 40, static_cast<CertificateState>(1 + state % 5));
        }
        fresh.publish();
        (void)follower.refresh();
        RC_ASSERT(fresh.agrees(follower, 41));
        Reader late(file);
        RC_ASSERT(late.refresh() == Refresh::updated);
        RC_ASSERT(fresh.agrees(late, 41));
    }
}

// An append of three rows cut off after each of its bytes: the whole rows of it count, the next publish
// mends.
TEST_F(AdmissionFile, an_append_killed_at_any_byte) {
    for (unsigned number = 0; number < 5; ++number) model.set(number, active);
    model.publish();
    const std::string before = slurp(file);
    for (const unsigned number : {1u, 2u, 9u}) model.set(number, revoked);
    model.publish();
    const std::string after = slurp(file);
    ASSERT_EQ(after.size(), before.size() + std::size_t{3} * 48);
    for (std::size_t cut = before.size(); cut <= after.size(); ++cut) {
        spill(folder.path / "cut", before);
        Reader follower(folder.path / "cut");
        ASSERT_EQ(follower.refresh(), Refresh::updated);
        spill(folder.path / "cut", after.substr(0, cut));
        Reader late(folder.path / "cut");
        ASSERT_EQ(late.refresh(), Refresh::updated) << cut;
        ASSERT_NE(follower.refresh(), Refresh::kept) << cut;
        const std::size_t whole = (cut - before.size()) / 48;
        for (const Reader* reader : {&late, &follower}) {
            EXPECT_EQ(reader->find(print(1)).standing.state, whole >= 1 ? revoked : active) << cut;
            EXPECT_EQ(reader->find(print(2)).standing.state, whole >= 2 ? revoked : active) << cut;
            EXPECT_EQ(reader->find(print(9)).found, whole >= 3 ? Found::yes : Found::no) << cut;
            EXPECT_EQ(reader->find(print(0)).standing.state, active) << cut;
        }
    }
}

TEST_F(AdmissionFile, the_publish_after_a_torn_one_mends_it_and_readers_follow) {
    model.set(1, active);
    model.publish();
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    spill(file, slurp(file) + "a write that was cut");
    EXPECT_EQ(reader.refresh(), Refresh::unchanged);
    EXPECT_EQ(reader.find(print(1)).found, Found::yes);
    model.set(2, active);
    model.publish();
    EXPECT_EQ(*model.stamp(), (Stamp{2, 64 + 2 * 48}));
    EXPECT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_TRUE(model.agrees(reader, 3));
}

// A write seen half done and finished within one tick of the file system's clock keeps the time and may keep
// the size.
TEST_F(AdmissionFile, a_torn_end_is_looked_at_again_although_nothing_seems_to_have_changed) {
    model.set(1, active);
    model.publish();
    const std::string before = slurp(file);
    model.set(1, revoked);
    model.publish();
    const std::string after = slurp(file);
    std::string torn = after;
    torn.replace(before.size() + 20, 28, std::string(28, '\0'));
    spill(file, torn);
    const timespec same[2] = {{1'000'000, 0}, {1'000'000, 0}};
    ::utimensat(AT_FDCWD, file.c_str(), same, 0);
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_EQ(reader.find(print(1)).standing.state, active);
    spill(file, after);
    ::utimensat(AT_FDCWD, file.c_str(), same, 0);
    EXPECT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_EQ(reader.find(print(1)).standing.state, revoked);
}

// Bit rot in the middle of the tail: no write leaves that, and what it hid may have been a revocation.
TEST_F(AdmissionFile, a_bad_row_with_good_ones_behind_it_is_damage) {
    model.set(1, active);
    model.publish();
    Reader follower(file);
    ASSERT_EQ(follower.refresh(), Refresh::updated);
    model.set(1, revoked);
    model.set(2, active);
    model.publish();
    std::string bytes = slurp(file);
    bytes[64 + 48 + 5] ^= 1;
    spill(file, bytes);
    EXPECT_EQ(follower.refresh(), Refresh::kept);
    EXPECT_EQ(follower.refresh(), Refresh::unchanged);
    EXPECT_EQ(follower.find(print(1)).standing.state, active);  // the last good one holds
    Reader late(file);
    EXPECT_EQ(late.refresh(), Refresh::kept);
    EXPECT_FALSE(late.loaded());
    EXPECT_EQ(late.fault(), "a record is damaged");
    model.publish();  // nothing has changed for it: the damage kept the size
    std::filesystem::remove(file);
    model.publish();
    EXPECT_EQ(follower.refresh(), Refresh::updated);
    EXPECT_EQ(follower.find(print(1)).standing.state, revoked);
}

TEST_F(AdmissionFile, a_base_row_is_checked_when_it_is_used) {
    for (unsigned number = 0; number < 3; ++number) model.set(number, active);
    model.publish();
    std::string bytes = slurp(file);
    bytes[64 + 48 + 41] ^= 1;
    spill(file, bytes);
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    unsigned good = 0;
    unsigned damaged = 0;
    for (unsigned number = 0; number < 3; ++number) {
        const auto found = reader.find(print(number)).found;
        good += found == Found::yes ? 1 : 0;
        damaged += found == Found::damaged ? 1 : 0;
    }
    EXPECT_EQ(good, 2u);
    EXPECT_EQ(damaged, 1u);
}

// The pages behind its end are gone, and reading them would end the broker (SIGBUS).
TEST_F(AdmissionFile, a_file_that_somebody_shortens_in_place_is_not_read) {
    for (unsigned number = 0; number < 300; ++number) model.set(number, active);
    model.publish();
    ASSERT_GT(std::filesystem::file_size(file), 2 * 4096U);
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    ASSERT_EQ(reader.find(print(299)).found, Found::yes);
    std::filesystem::resize_file(file, 64);
    for (unsigned number = 0; number < 300; ++number)
        EXPECT_EQ(reader.find(print(number)).found, Found::damaged);
}

TEST_F(AdmissionFile, what_is_not_one_of_ours_never_replaces_the_last_good_one) {
    model.set(1, active);
    model.publish();
    const std::string good = slurp(file);
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    for (const std::string& bad : {std::string(), std::string("CSADMIT1"), std::string(64, '\0'),
                                   good.substr(0, 64 + 47), std::string(1000, 'x')}) {
        spill(folder.path / "bad", bad);
        std::filesystem::rename(folder.path / "bad", file);
        EXPECT_EQ(reader.refresh(), Refresh::kept) << bad.size();
        EXPECT_EQ(reader.refresh(), Refresh::unchanged) << bad.size();
        EXPECT_EQ(reader.find(print(1)).found, Found::yes) << bad.size();
    }
    std::filesystem::remove(file);
    EXPECT_EQ(reader.refresh(), Refresh::kept);
    std::filesystem::create_directory(file);
    EXPECT_EQ(reader.refresh(), Refresh::kept);
    EXPECT_EQ(reader.find(print(1)).found, Found::yes);
    std::filesystem::remove(file);
    model.publish();
    EXPECT_EQ(reader.refresh(), Refresh::updated);
}

TEST_F(AdmissionFile, a_tail_longer_than_any_publisher_makes_is_refused) {
    model.set(1, active);
    model.publish();
    std::string bytes = slurp(file);
    const std::string row = bytes.substr(64, 48);
    for (int i = 0; i < 1025; ++i) bytes += row;
    spill(file, bytes);
    Reader reader(file);
    EXPECT_EQ(reader.refresh(), Refresh::kept);
    spill(file, bytes.substr(0, bytes.size() - 48));
    EXPECT_EQ(reader.refresh(), Refresh::updated);
}

TEST_F(AdmissionFile, a_restored_backup_of_the_registry_writes_everything_anew) {
    model.set(1, active);
    model.publish();
    Model restored = model;  // the backup
    model.set(1, revoked);
    model.publish();
    restored.set(2, active);
    restored.publish();
    EXPECT_EQ(*restored.stamp(), (Stamp{2, 64 + 2 * 48}));
    Reader reader(file);
    ASSERT_EQ(reader.refresh(), Refresh::updated);
    EXPECT_TRUE(restored.agrees(reader, 3));
}

TEST_F(AdmissionFile, a_row_published_twice_is_a_fault_of_ours_and_writes_nothing) {
    Publisher publisher(file);
    const auto twice = [](const auto& row) {
        row(standing(print(1)));
        row(standing(print(1)));
    };
    EXPECT_EQ(code_of([&] { (void)publisher.publish(std::nullopt, twice, twice); }), "E-INTERNAL");
    EXPECT_FALSE(publisher.stamp());
}

// A disk that takes 20 bytes of a row and no more.
TEST_F(AdmissionFile, a_full_disk_leaves_the_file_as_it_was) {
    model.set(1, active);
    model.publish();
    const std::string before = slurp(file);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const rlimit full{before.size() + 20, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    model.set(1, revoked);
    const std::string code = code_of([&] { model.publish(); });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    EXPECT_EQ(code, "E-FILE-WRITE");
    EXPECT_EQ(slurp(file), before);
    model.publish();
    EXPECT_EQ(slurp(file).size(), before.size() + 48);
}

}  // namespace
}  // namespace countersign::broker::admission
