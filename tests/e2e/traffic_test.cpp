// Identities that change under traffic: virtual boards with certificates that live for seconds, the real
// broker, signer and responder, and QoS 1 messages both ways of which none may be lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>

#include "host/base/files.h"
#include "tests/e2e/support/board.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kLife = 15;  // seconds; a third of it must do for a renewal on a busy machine
constexpr seconds kLong{150};

// Counts, and sends back what it is sent.
constexpr std::string_view kApp = R"(import asyncio

received = []

def on_command(command, payload):
    received.append(bytes(payload))

async def main(client):
    sent = 0
    while True:
        await client.publish("count", str(sent))
        sent += 1
        while received:
            await client.publish("echo", received.pop(0))
        await asyncio.sleep_ms(100)
)";

bool eventually(const std::function<bool()>& holds, seconds patience) {
    for (const auto end = steady_clock::now() + patience; steady_clock::now() < end; ::usleep(100'000)) {
        if (holds()) return true;
    }
    return holds();
}

class Traffic : public testing::Test {
  protected:
    Traffic() {
        scene.init();
        const auto file = scene.home() / "settings.json";
        Json settings = Json::parse(read_text(file));
        settings.update({{"lifetime_seconds", kLife}, {"renewals_per_day", 1000}});
        write_file(file, settings.dump(), kPublicFile);
    }
    ~Traffic() override { fs::remove(running()); }  // ends what sends

    void start_broker_and_signer() {
        parts.push_back(start_broker(scene));
        parts.push_back(std::make_unique<Background>(scene.argv({"signer"})));
        ASSERT_TRUE(parts.back()->wait_for("ready")) << parts.back()->output();
    }
    void start(const std::string& part, const std::string& ready) {
        auto argv = scene.argv({part});
        if (part == "up") argv.insert(argv.end(), {"--address", "127.0.0.1"});
        parts.push_back(std::make_unique<Background>(argv));
        ASSERT_TRUE(parts.back()->wait_for(ready)) << parts.back()->output();
    }

    // Loaded, connected and counting.
    [[nodiscard]] std::unique_ptr<Board> counting_board(const std::string& name) const {
        auto board = std::make_unique<Board>(scene, name);
        write_file(board->flash / ".board", std::string_view(R"({"ntp":"ok"})"), kPublicFile);
        write_file(board->flash / "app.py", kApp, kPublicFile);
        scene.must(board->load(name));
        EXPECT_TRUE(board->says("Connected to"));
        return board;
    }

    // Everything the boards say, into a file: whoever waits here reads no pipe.
    void listen() {
        auto argv =
            as_operator("mosquitto_sub", {"-v", "-q", "1", "-t", "devices/+/count", "-t", "devices/+/echo"});
        argv.insert(argv.begin(), {"sh", "-c", "exec \"$@\" >" + scene.file("heard").string(), "sh"});
        parts.push_back(std::make_unique<Background>(argv));
    }
    // Numbers to this board, five a second, until the test ends or stop_sending().
    void send_to(const std::string& name) {
        write_file(running(), std::string_view(), kPublicFile);
        auto argv = as_operator("mosquitto_pub", {"-l", "-q", "1", "-t", "devices/" + name + "/cmd/number"});
        const std::string script = "i=0; while [ -e " + running().string() + " ]; do echo $i; " +
                                   "i=$((i+1)); sleep 0.2; done | tee " + sent_file(name).string() +
                                   " | \"$@\"";
        argv.insert(argv.begin(), {"sh", "-c", script, "sh"});
        parts.push_back(std::make_unique<Background>(argv));
    }
    void stop_sending() const { fs::remove(running()); }

    // The distinct numbers heard of a board on this topic, in the order of their first coming.
    [[nodiscard]] std::vector<int> heard(const std::string& name, const std::string& topic) const {
        std::ifstream in(scene.file("heard"));
        std::vector<int> numbers;
        std::set<int> known;
        std::string from;
        for (int number = 0; in >> from >> number;) {
            if (from == "devices/" + name + "/" + topic && known.insert(number).second)
                numbers.push_back(number);
        }
        return numbers;
    }
    [[nodiscard]] std::size_t sent_to(const std::string& name) const {
        std::ifstream in(sent_file(name));
        return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
    }
    // Every number from 0 on, in order, none missing.
    static void expect_whole(const std::vector<int>& numbers, const std::string& what) {
        for (std::size_t i = 0; i < numbers.size(); ++i)
            ASSERT_EQ(numbers[i], static_cast<int>(i)) << "of " << what << " after " << i;
    }
    void expect_all_arrived(const std::string& name) const {
        EXPECT_TRUE(eventually([&] { return heard(name, "echo").size() == sent_to(name); }, kBoardPatience))
            << heard(name, "echo").size() << " of " << sent_to(name) << " came back from " << name;
        expect_whole(heard(name, "echo"), name + "'s echoes");
        expect_whole(heard(name, "count"), name + "'s count");
    }

    // Of the working certificates that were renewed: how many are in this state.
    [[nodiscard]] int renewed(const std::string& name, const std::string& state) const {
        const Json shown = scene.ask({"show", name});
        int count = 0;
        for (const auto& row : shown["certificates"]) {
            if (row["role"] == "device" && row["origin"] == "renewal" && row["state"] == state) ++count;
        }
        return count;
    }

    [[nodiscard]] std::vector<std::string> as_operator(const std::string& program,
                                                       std::vector<std::string> rest) {
        rest.insert(rest.begin(), {"-i", "operator~operator/" + std::to_string(++clients_)});
        return mosquitto_client(program, scene, scene.home() / "operator", "operator", std::move(rest));
    }
    [[nodiscard]] fs::path running() const { return scene.file("running"); }
    [[nodiscard]] fs::path sent_file(const std::string& name) const { return scene.file("sent-" + name); }

    Scene scene;
    std::vector<std::unique_ptr<Background>> parts;
    int clients_ = 0;
};

TEST_F(Traffic, RenewsManyTimesARevocationInTheMiddleAndNothingOfTheOthersIsLost) {
    start("up", "answering devices");
    listen();
    const auto good = counting_board("good");
    const auto bad = counting_board("bad");
    send_to("good");
    send_to("bad");
    // The certificates of `load` are for a year.
    scene.must({"renew", "good", "--wait", "60"});
    scene.must({"renew", "bad", "--wait", "60"});
    ASSERT_TRUE(eventually([&] { return renewed("bad", "retired") >= 1; }, kLong));

    scene.must({"revoke", "bad", "--reason", "keyCompromise"});
    EXPECT_TRUE(bad->says("E-BROKER-REFUSED"));
    ::sleep(1);  // what the broker had passed on already
    const auto before = heard("bad", "count").size();

    ASSERT_TRUE(eventually([&] { return renewed("good", "retired") >= 5; }, kLong))
        << good->board->console() << parts.front()->output();
    EXPECT_EQ(heard("bad", "count").size(), before) << "revoked, birth certificate included";
    EXPECT_EQ(renewed("bad", "active"), 0);

    stop_sending();
    expect_all_arrived("good");
    EXPECT_EQ(renewed("good", "active"), 1);
    EXPECT_EQ(good->board->console().find("with the birth certificate"), std::string::npos)
        << "each renewal came in time";
}

TEST_F(Traffic, ASessionEndsWithItsCertificateAndComesBackByTheBirthCertificateWithNothingLost) {
    start_broker_and_signer();
    start("responder", "connected");
    listen();
    const auto board = counting_board("user1");
    send_to("user1");
    scene.must({"renew", "user1", "--wait", "60"});
    // Nobody answers any more, until the certificate is over.
    EXPECT_EQ(parts[2]->interrupt(), 0);
    EXPECT_TRUE(board->says("asking for another with the birth certificate", seconds(60)));
    const auto before = heard("user1", "count").size();
    EXPECT_LT(before, static_cast<std::size_t>(10 * 2 * kLife)) << "it went on after its end";

    start("responder", "connected");
    EXPECT_TRUE(board->says("The new identity is in use", seconds(60)));
    EXPECT_TRUE(eventually([&] { return heard("user1", "count").size() > before + 10; }, kBoardPatience));
    stop_sending();
    expect_all_arrived("user1");
}

}  // namespace
}  // namespace countersign::e2e
