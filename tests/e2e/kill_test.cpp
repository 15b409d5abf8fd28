// kill -9 at random points: the same command completes afterwards, and nothing is half there. Every kill is
// drawn from a seed that is printed; COUNTERSIGN_SEED replays it, COUNTERSIGN_KILLS asks for more.
#include <gtest/gtest.h>

#include <csignal>
#include <random>
#include <thread>

#include "host/base/files.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::steady_clock;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::stoull(value) : otherwise;
}

class Killer {
  public:
    explicit Killer(std::uint64_t salt)
        : seed_(setting("COUNTERSIGN_SEED", std::random_device{}())), random_(seed_ + salt) {
        std::cout << "seed " << seed_ << "\n";
    }

    // Starts the command and kills it somewhere in the first `span`, or lets it end if it is quicker.
    void strike(const std::vector<std::string>& argv, microseconds span) {
        ChildProcess child(argv);
        std::this_thread::sleep_for(
            microseconds(std::uniform_int_distribution<std::int64_t>(0, span.count())(random_)));
        child.signal(SIGKILL);
        while (!child.ended()) std::this_thread::sleep_for(microseconds(100));
    }

  private:
    std::uint64_t seed_;
    std::mt19937_64 random_;
};

microseconds time_of(const std::function<void()>& act) {
    const auto begin = steady_clock::now();
    act();
    return std::chrono::duration_cast<microseconds>(steady_clock::now() - begin);
}

// Nobody but openssl says whether an identity is whole.
void expect_whole(const Scene& scene, const std::string& name) {
    const fs::path folder = scene.device(name);
    must_run({"openssl", "verify", "-x509_strict", "-CAfile", folder / "ca.crt.pem",
              folder / (name + ".crt.pem")});
    EXPECT_EQ(must_run({"openssl", "pkey", "-pubout", "-in", folder / (name + ".key.pem")}),
              must_run({"openssl", "x509", "-noout", "-pubkey", "-in", folder / (name + ".crt.pem")}));
}

void expect_nothing_staged(const Scene& scene) {
    for (const auto& entry : fs::recursive_directory_iterator(scene.home())) {
        EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
    }
    EXPECT_TRUE(!fs::exists(scene.home() / ".staging") || fs::is_empty(scene.home() / ".staging"));
    EXPECT_FALSE(fs::exists(scene.home() / ".init-unfinished"));
    EXPECT_FALSE(fs::exists(scene.home() / ".change"));
}

TEST(Kill, InitCompletesAfterwards) {
    Killer killer(1);
    const std::vector<std::string> command{"init", "127.0.0.1", "--no-passphrase"};
    const auto span = time_of([&] { Scene().must(command); });
    const auto kills = setting("COUNTERSIGN_KILLS", 32);
    for (std::uint64_t i = 0; i < kills; ++i) {
        const Scene scene;
        killer.strike(scene.argv(command), span);
        const auto again = scene.ask(command);
        // Killed after its last byte was written: then it had completed.
        EXPECT_TRUE(again["exit"] == 0 || again["code"] == "E-HOME-EXISTS") << again;
        scene.must({"issue", "user1"});
        expect_whole(scene, "user1");
        expect_nothing_staged(scene);
    }
}

TEST(Kill, IssueCompletesAfterwards) {
    Killer killer(2);
    Scene scene;
    scene.init();
    const auto span = time_of([&] { scene.must({"issue", "first"}); });
    const auto kills = setting("COUNTERSIGN_KILLS", 32);
    for (std::uint64_t i = 0; i < kills; ++i) {
        const std::string name = "user" + std::to_string(i);
        killer.strike(scene.argv({"issue", name}), span);
        const auto again = scene.ask({"issue", name});
        EXPECT_TRUE(again["exit"] == 0 || again["code"] == "E-NAME-TAKEN") << again;
        expect_whole(scene, name);
        EXPECT_EQ(scene.ask({"show", name})["certificates"].size(), 1U);
    }
    expect_nothing_staged(scene);
}

TEST(Kill, IssueCsvCompletesAfterwards) {
    Killer killer(3);
    constexpr int kDevices = 600;  // two batches
    std::string list = "name\n";
    for (int i = 0; i < kDevices; ++i) list += "device" + std::to_string(i) + "\n";
    const auto kills = setting("COUNTERSIGN_KILLS", 20);
    microseconds span{};
    {
        Scene scene;
        scene.init();
        write_file(scene.file("list.csv"), list, kPublicFile);
        span = time_of([&] { scene.must({"issue", "--csv", scene.file("list.csv")}); });
    }
    for (std::uint64_t i = 0; i < kills; i += 4) {
        Scene scene;
        scene.init();
        write_file(scene.file("list.csv"), list, kPublicFile);
        // Four kills on one home: a kill also hits the finishing of what the one before left.
        for (int strike = 0; strike < 4; ++strike) {
            killer.strike(scene.argv({"issue", "--csv", scene.file("list.csv")}), span / 2);
        }
        const auto answer = scene.ask({"issue", "--csv", scene.file("list.csv")});
        EXPECT_EQ(answer["exit"], 0) << answer;
        EXPECT_EQ(scene.ask({"list"})["devices"].size(), kDevices);
        for (int device = 0; device < kDevices; device += 97)
            expect_whole(scene, "device" + std::to_string(device));
        EXPECT_EQ(std::distance(fs::directory_iterator(scene.home() / "devices"), fs::directory_iterator()),
                  kDevices);
        expect_nothing_staged(scene);
    }
}

// The broker's certificate and key belong together at every moment, and the same command finishes.
TEST(Kill, HostsCompletesAfterwards) {
    Killer killer(5);
    Scene scene;
    scene.init();
    const auto certificate = (scene.home() / "broker/broker.crt.pem").string();
    const auto span = time_of([&] { scene.must({"hosts", "add", "10.0.0.1"}); });
    const auto kills = setting("COUNTERSIGN_KILLS", 20);
    for (std::uint64_t i = 0; i < kills; ++i) {
        const std::string host = "10.0.1." + std::to_string(i);
        const std::vector<std::string> command{"hosts", i % 2 == 0 ? "add" : "remove",
                                               i % 2 == 0 ? host : "10.0.1." + std::to_string(i - 1)};
        killer.strike(scene.argv(command), span);
        EXPECT_EQ(must_run({"openssl", "pkey", "-pubout", "-in", scene.home() / "broker/broker.key.pem"}),
                  must_run({"openssl", "x509", "-noout", "-pubkey", "-in", certificate}));
        const auto again = scene.ask(command);
        // Killed after its last byte was written: then it had completed.
        EXPECT_TRUE(again["exit"] == 0 || again["code"] == "E-HOST-UNKNOWN") << again;
        const auto listed = scene.ask({"hosts", "list"});
        for (const auto& row : listed["hosts"]) EXPECT_TRUE(row["in_certificate"]) << row;
        const auto names =
            must_run({"openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", certificate});
        EXPECT_EQ(names.find("IP Address:" + command.back()) != std::string::npos, i % 2 == 0) << names;
        expect_nothing_staged(scene);
    }
}

// Mosquitto finds every CA there is.
void expect_all_cas(const Scene& scene) {
    const std::string pem = read_text(scene.home() / "broker/ca.pem");
    std::ptrdiff_t count = 0;
    for (std::size_t at = 0; (at = pem.find("BEGIN CERT", at)) != std::string::npos; ++at) ++count;
    const fs::directory_iterator cas(scene.home() / "broker/cas");
    EXPECT_EQ(std::distance(begin(cas), end(cas)), count);
}

// The authority belongs together at every moment, and what was committed is finished by whatever comes next.
TEST(Kill, RolloverCompletesAfterwards) {
    Killer killer(6);
    Scene scene;
    scene.init();
    const auto span = time_of([&] { scene.must({"rollover", "issuing"}); });
    const auto kills = setting("COUNTERSIGN_KILLS", 20);
    for (std::uint64_t i = 0; i < kills; ++i) {
        killer.strike(scene.argv({"rollover", "issuing"}), span);
        if (i % 8 == 7) scene.must({"rollover", "issuing"});
        const std::string name = "user" + std::to_string(i);
        scene.must({"issue", name});
        expect_whole(scene, name);
        must_run({"openssl", "verify", "-x509_strict", "-CAfile", scene.home() / "authority/root.crt.pem",
                  "-untrusted", scene.home() / "broker/broker.crt.pem",
                  scene.home() / "broker/broker.crt.pem"});
        expect_nothing_staged(scene);
        expect_all_cas(scene);
    }
    for (std::uint64_t i = 0; i < kills / 4; ++i) {
        const Scene fresh;
        fresh.must({"init", "127.0.0.1", "--no-passphrase"});
        killer.strike(fresh.argv({"rollover", "root", "start"}), span);
        const auto again = fresh.ask({"rollover", "root", "start"});
        EXPECT_TRUE(again["exit"] == 0 || again["code"] == "E-ROLLOVER-UNDERWAY") << again;
        fresh.must({"issue", "user1"});
        fresh.must({"rollover", "root", "finish", "--without", "user1"});
        expect_nothing_staged(fresh);
        expect_all_cas(fresh);
    }
}

// Root, issuing CA, and the one that took its place.
TEST(Kill, ACompromisedKeyIsReplacedOnceHoweverOftenTheCommandIsKilled) {
    Killer killer(9);
    const std::vector<std::string> command{"rollover", "compromised", "--after", "2020-01-01"};
    const auto cas = [](const Scene& scene) {
        const std::string pem = read_text(scene.home() / "broker/ca.pem");
        std::size_t count = 0;
        for (std::size_t at = 0; (at = pem.find("BEGIN CERT", at)) != std::string::npos; ++at) ++count;
        return count;
    };
    std::chrono::microseconds span{};
    const auto kills = setting("COUNTERSIGN_KILLS", 12);
    for (std::uint64_t i = 0; i < kills; ++i) {
        Scene scene;
        scene.init();
        if (i == 0) {
            span = time_of([&] { scene.must(command); });
            EXPECT_EQ(cas(scene), 3U);
            continue;
        }
        killer.strike(scene.argv(command), span);
        const bool done = cas(scene) == 3 && !fs::exists(scene.home() / "authority/compromise");
        if (!done) scene.must(command);
        EXPECT_EQ(cas(scene), 3U) << "after kill " << i;
        EXPECT_FALSE(fs::exists(scene.home() / "authority/compromise"));
        scene.must({"issue", "user1"});
        expect_whole(scene, "user1");
        expect_nothing_staged(scene);
    }
}

void load_under_fire(Killer& killer, const Scene& scene) {
    const auto broker = start_broker(scene);
    loader::VirtualBoardOptions options;
    options.flash = scene.file("flash");
    options.port_link = scene.file("port");
    options.micropython = COUNTERSIGN_SOURCE "/build/libexec/micropython";
    const loader::VirtualBoard board(options);
    const std::vector<std::string> command{"load",        "user1", "--port", scene.file("port"),
                                           "--wifi-ssid", "home"};
    const auto span = time_of([&] { scene.must(command); });
    const auto kills = setting("COUNTERSIGN_KILLS", 12);
    for (std::uint64_t i = 0; i < kills; i += 4) {
        // From an empty board: every kind of file is still to be written.
        fs::remove_all(scene.file("flash") / "slots");
        fs::remove_all(scene.file("flash") / "lib");
        for (int strike = 0; strike < 4; ++strike) killer.strike(scene.argv(command), span);
        const auto before = board.console().size();
        scene.must(command);
        EXPECT_TRUE(board.wait_for("Sending ON", std::chrono::seconds(30), before))
            << board.console().substr(before);
    }
}

TEST(Kill, LoadCompletesAfterwards) {
    Killer killer(4);
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    load_under_fire(killer, scene);
}

TEST(Kill, EnrolmentCompletesAfterwards) {
    Killer killer(7);
    Scene scene;
    scene.init();
    load_under_fire(killer, scene);
    EXPECT_FALSE(fs::exists(scene.device("user1")));
    const auto shown = scene.ask({"show", "user1"});
    // Each time the board had lost its keys it got two certificates, however often the load was killed.
    EXPECT_LE(shown["certificates"].size(), 2 * (1 + setting("COUNTERSIGN_KILLS", 12) / 4)) << shown;
}

}  // namespace
}  // namespace countersign::e2e
