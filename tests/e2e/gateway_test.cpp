// The client as other programs use it: installed, found by CMake, built into the examples, run against the
// real broker. What they publish mosquitto_sub hears; what they obey comes from the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

// One installation for all tests: building it takes longest.
class Gateway : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = std::make_unique<test::TemporaryFolder>();
        const std::string source = COUNTERSIGN_SOURCE;
        must_run(
            {"cmake", "--install", source + "/build/release", "--prefix", prefix(), "--component", "client"});
        must_run({"cmake", "-S", source + "/examples/gateway", "-B", build(),
                  "-DCMAKE_PREFIX_PATH=" + prefix().string(), "-DCMAKE_BUILD_TYPE=Debug",
                  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror"});
        const auto built = run_command({"cmake", "--build", build()}, std::chrono::minutes(3));
        ASSERT_EQ(built.exit_code, 0) << built.output;
    }
    static void TearDownTestSuite() { folder_.reset(); }
    static fs::path prefix() { return *folder_ / "installed"; }
    static fs::path build() { return *folder_ / "build"; }

    void SetUp() override {
        scene.init();
        identity = scene.file("thermometer");
        scene.must({"issue", "thermometer", "--format", "both", "--out", identity});
    }
    [[nodiscard]] std::string broker_address() const { return "127.0.0.1:" + std::to_string(scene.port()); }
    [[nodiscard]] std::vector<std::string> listen() const {
        return mosquitto_client(
            "mosquitto_sub", scene, scene.home() / "operator", "operator",
            {"-i", "operator~operator/test", "-q", "1", "-t", "devices/#", "-d", "-F", "%t %p"});
    }

    Scene scene;
    fs::path identity;

  private:
    static std::unique_ptr<test::TemporaryFolder> folder_;
};

std::unique_ptr<test::TemporaryFolder> Gateway::folder_;

TEST_F(Gateway, InstallsWhatAUserNeedsAndNoMore) {
    std::vector<std::string> headers;
    for (const auto& entry : fs::recursive_directory_iterator(prefix() / "include")) {
        if (entry.is_regular_file()) headers.push_back(entry.path().filename());
    }
    EXPECT_THAT(headers, testing::UnorderedElementsAre("client.h", "identity.h", "fault.h"));
}

TEST_F(Gateway, ANewerVersionThanIsInstalledIsNotFound) {
    const fs::path project = scene.file("wants");
    fs::create_directory(project);
    const std::vector<std::pair<std::string, int>> versions{{"0.1", 0}, {"0.2", 1}, {"1.0", 1}};
    for (const auto& [wanted, exit] : versions) {
        write_file(project / "CMakeLists.txt",
                   "cmake_minimum_required(VERSION 3.16)\nproject(wants LANGUAGES CXX)\n"
                   "find_package(countersign " +
                       wanted + " REQUIRED)\n",
                   kPublicFile);
        const auto result = run_command({"cmake", "-S", project, "-B", scene.file("found" + wanted),
                                         "-DCMAKE_PREFIX_PATH=" + prefix().string()},
                                        std::chrono::seconds(60));
        EXPECT_EQ(result.exit_code, exit) << wanted << ": " << result.output;
    }
}

TEST_F(Gateway, ThermometerIsHeardAndObeys) {
    const auto broker = start_broker(scene);
    Background listener(listen());
    ASSERT_TRUE(listener.wait_for("Subscribed"));
    Background thermometer({build() / "thermometer", identity, broker_address()});
    EXPECT_TRUE(listener.wait_for("devices/thermometer/status online")) << thermometer.output();
    EXPECT_TRUE(listener.wait_for("devices/thermometer/temperature ")) << thermometer.output();
    scene.must({"send", "thermometer", "cmd/interval", "7"});
    EXPECT_TRUE(listener.wait_for("devices/thermometer/interval 7")) << thermometer.output();
    thermometer.process().signal(SIGTERM);
    EXPECT_TRUE(listener.wait_for("devices/thermometer/status offline"));
}

TEST_F(Gateway, ThermometerOutlivesTheBrokerAndIsMissedWhenItDies) {
    auto broker = start_broker(scene);
    Background thermometer({build() / "thermometer", identity, broker_address()});
    ASSERT_TRUE(thermometer.wait_for("Connected to 127.0.0.1"));
    broker.reset();
    ASSERT_TRUE(thermometer.wait_for("Next try in"));
    broker = start_broker(scene);
    ASSERT_TRUE(thermometer.wait_for("Connected to 127.0.0.1"));
    Background listener(listen());
    ASSERT_TRUE(listener.wait_for("devices/thermometer/status online"));
    thermometer.process().signal(SIGKILL);
    EXPECT_TRUE(listener.wait_for("devices/thermometer/status offline"));  // its last will
}

TEST_F(Gateway, ReportIsDeliveredByTheBrokerThatIsThere) {
    const auto broker = start_broker(scene);
    const std::string brokers = "127.0.0.1:" + std::to_string(free_port()) + "," + broker_address();
    must_run({build() / "report", identity, brokers, "last", "a report"});
    Background listener(listen());  // it is retained
    EXPECT_TRUE(listener.wait_for("devices/thermometer/last a report"));
}

// [MQTT5-3.3.2.3.5], [MQTT5-3.3.2.3.6]: mosquitto_rr takes an answer that comes to its topic.
TEST_F(Gateway, QuestionsOfMosquittoRrAreAnsweredInMqtt5) {
    const auto broker = start_broker(scene);
    Background answerer({build() / "answerer", identity, broker_address()});
    ASSERT_TRUE(answerer.wait_for("Connected to 127.0.0.1"));
    const auto answered =
        run_command(mosquitto_client("mosquitto_rr", scene, scene.home() / "operator", "operator",
                                     {"-i",
                                      "operator~operator/test",
                                      "-V",
                                      "5",
                                      "-q",
                                      "1",
                                      "-t",
                                      "devices/thermometer/cmd/ask",
                                      "-e",
                                      "devices/thermometer/answer",
                                      "-m",
                                      "how warm?",
                                      "-D",
                                      "publish",
                                      "correlation-data",
                                      "q7",
                                      "-F",
                                      "%p %C %D",
                                      "-W",
                                      "10"}),
                    std::chrono::seconds(20));
    EXPECT_EQ(answered.exit_code, 0) << answered.output << answerer.output();
    EXPECT_THAT(answered.output, testing::StartsWith("21.5 text/plain q7")) << answerer.output();
}

TEST_F(Gateway, ReportSaysWhyItCouldNot) {
    const auto broker = start_broker(scene);
    scene.must({"revoke", "thermometer"});
    const auto refused =
        run_command({build() / "report", identity, broker_address(), "last", "x"}, std::chrono::seconds(60));
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, testing::StartsWith("E-BROKER-REFUSED: "));
    const auto nobody = run_command({build() / "report", scene.file("empty"), broker_address(), "last", "x"},
                                    std::chrono::seconds(60));
    EXPECT_EQ(nobody.exit_code, 1);
    EXPECT_THAT(nobody.output, testing::StartsWith("E-IDENTITY-MISSING: "));
}

}  // namespace
}  // namespace countersign::e2e
