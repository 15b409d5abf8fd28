// Mosquitto's database of retained messages, queued messages and sessions, damaged in the ways power cuts and
// disks do it. Judged by Mosquitto itself.
#include "host/broker/saved_state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/base/subprocess.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

namespace fs = std::filesystem;

// A broker that has kept a retained message and a session with a message in it, stopped.
class SavedState : public testing::Test {
  protected:
    SavedState() {
        broker.publish({standing(kitchen.fingerprint),
                        standing(anna.fingerprint, CertificateState::active, Role::operator_)});
        broker.start();
        EXPECT_EQ(
            client("mosquitto_sub", anna, {"-i", "operator~anna/1", "-c", "-q", "1", "-t", "devices/#", "-E"})
                .exit_code,
            0);
        EXPECT_TRUE(say("before"));
        broker.stop();
        good = slurp(file);
    }

    CommandResult client(std::string program, const Identity& identity, std::vector<std::string> more) {
        std::vector<std::string> argv{std::move(program),
                                      "-h",
                                      "127.0.0.1",
                                      "-p",
                                      std::to_string(broker.settings.port),
                                      "--cafile",
                                      authority().certificate().string(),
                                      "--cert",
                                      identity.certificate.string(),
                                      "--key",
                                      identity.key.string()};
        argv.insert(argv.end(), more.begin(), more.end());
        return run_command(argv, std::chrono::seconds(20));
    }
    bool say(const std::string& text) {
        return client("mosquitto_pub", kitchen,
                      {"-i", "kitchen", "-q", "1", "-r", "-t", "devices/kitchen/state", "-m", text})
                   .exit_code == 0;
    }
    // Files that were moved aside.
    std::vector<std::string> aside() {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(broker.files.data)) {
            if (entry.path().filename().string().starts_with("mosquitto.db.broken-"))
                found.push_back(slurp(entry));
        }
        return found;
    }

    LiveBroker broker{{"anna"}};
    const Identity& kitchen = authority().client("kitchen");
    const Identity& anna = authority().client("anna");
    const fs::path file = broker.files.data / "mosquitto.db";
    std::string good;
};

TEST_F(SavedState, a_good_file_is_loaded_and_left_alone) {
    EXPECT_EQ(saved_state_fault(broker.files.data), "");
    EXPECT_EQ(saved_state_damage(broker.files.data), "");
    broker.start();
    EXPECT_EQ(broker.count_log("E-SAVED-STATE"), 0u);
    EXPECT_EQ(client("mosquitto_sub", anna,
                     {"-i", "operator~anna/1", "-c", "-q", "1", "-t", "devices/#", "-C", "1"})
                  .output,
              "before\n");
    EXPECT_TRUE(aside().empty());
}

struct Damage {
    const char* name;
    std::string (*of)(std::string good);
};

class SavedStateDamaged : public SavedState, public testing::WithParamInterface<Damage> {};

TEST_P(SavedStateDamaged, is_moved_aside_and_the_broker_starts) {
    const std::string damaged = GetParam().of(good);
    spill(file, damaged);
    EXPECT_NE(saved_state_damage(broker.files.data), "");
    broker.start();
    EXPECT_EQ(broker.count_log("E-SAVED-STATE"), 1u);
    EXPECT_EQ(broker.count_log("are lost"), 1u);
    ASSERT_EQ(aside().size(), 1u);
    EXPECT_EQ(aside().front(), damaged) << "nothing that could be of use is thrown away";
    EXPECT_TRUE(say("after"));
    broker.stop();
    EXPECT_EQ(saved_state_damage(broker.files.data), "");
    broker.start();
    EXPECT_EQ(broker.count_log("E-SAVED-STATE"), 1u) << "once";
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, SavedStateDamaged,
    testing::Values(
        Damage{"zeros", [](std::string good) { return std::string(good.size(), '\0'); }},
        Damage{"a_few_zeros", [](std::string) { return std::string(3, '\0'); }},
        Damage{"cut_in_the_magic", [](std::string good) { return good.substr(0, 9); }},
        Damage{"cut_in_the_first_section", [](std::string good) { return good.substr(0, 40); }},
        Damage{"cut_in_the_last_section", [](std::string good) { return good.substr(0, good.size() - 1); }},
        Damage{"text",
               [](std::string) { return std::string("not a database of any kind, but long enough\n"); }}),
    [](const auto& one) { return one.param.name; });

// Mosquitto itself goes on with what comes before: so it is left in its place, and said.
TEST_F(SavedState, a_tail_of_zeros_costs_only_what_it_replaced) {
    spill(file, good + std::string(4000, '\0'));
    EXPECT_NE(saved_state_damage(broker.files.data), "");
    broker.start();
    EXPECT_EQ(broker.count_log("A part of"), 1u) << "once, not once a section";
    EXPECT_TRUE(aside().empty());
    EXPECT_EQ(client("mosquitto_sub", anna,
                     {"-i", "operator~anna/1", "-c", "-q", "1", "-t", "devices/#", "-C", "1"})
                  .output,
              "before\n");
}

TEST_F(SavedState, an_empty_or_missing_file_is_no_damage) {
    spill(file, "");
    EXPECT_EQ(saved_state_damage(broker.files.data), "");
    broker.start();
    broker.stop();
    fs::remove(file);
    EXPECT_EQ(saved_state_damage(broker.files.data), "");
    broker.start();
    EXPECT_EQ(broker.count_log("E-SAVED-STATE"), 0u);
}

// A pipe would be waited for without an end.
TEST_F(SavedState, what_is_no_file_is_moved_aside) {
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(saved_state_fault(broker.files.data), "it is not a plain file");
    broker.start();
    EXPECT_EQ(broker.count_log("E-SAVED-STATE"), 1u);
}

// What keeps Mosquitto from starting is something else: the file stays where it is.
TEST_F(SavedState, a_broker_that_cannot_run_keeps_its_file) {
    spill(broker.files.certificate, "no certificate");
    EXPECT_EQ(code_of([&] { broker.start(); }), "E-BROKER-DIED");
    EXPECT_EQ(slurp(file), good);
    EXPECT_TRUE(aside().empty());
}

}  // namespace
}  // namespace countersign::broker
