// How broker and `up` start, and what keeps them from it: ports, limits, lines of the owner's own, a log that
// nobody reads.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>

#include "host/base/beneath.h"
#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

// A TCP connection to the scene's broker that says nothing.
Descriptor idle_connection(const Scene& scene) {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(scene.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return client;
}

// Something else on the scene's port.
Descriptor take_port(const Scene& scene) {
    Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(scene.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    return listener;
}

std::vector<std::string> by_shell(const std::string& script, std::vector<std::string> argv) {
    argv.insert(argv.begin(), {"/bin/bash", "-c", script, "bash"});
    return argv;
}

bool publishes(const Scene& scene, const std::string& name, std::vector<std::string> more = {"-m", "x"}) {
    more.insert(more.begin(), {"-t", "devices/" + name + "/a", "-q", "1"});
    return run_command(mosquitto_client("mosquitto_pub", scene, scene.device(name), name, std::move(more)),
                       seconds(60))
               .exit_code == 0;
}

// A broker that logs, in full, into a pipe that nobody reads.
class Unread {
  public:
    explicit Unread(const Scene& scene) : pipe_(scene.file("log")) {
        EXPECT_EQ(::mkfifo(pipe_.c_str(), 0600), 0);
        reader_ = Descriptor(::open(pipe_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        broker_ =
            std::make_unique<Background>(by_shell("exec \"$@\" >" + pipe_.string() + " 2>&1",
                                                  scene.argv({"-v", "broker", "--address", "127.0.0.1"})));
        for (int tries = 0; tries < 200 && !publishes(scene, "user1"); ++tries) ::usleep(50'000);
    }
    // Some two megabytes of lines.
    static int flood(const Scene& scene) {
        std::string messages;
        for (int i = 0; i < 20'000; ++i) messages += "message\n";
        return run_command(mosquitto_client("mosquitto_pub", scene, scene.device("user1"), "user1",
                                            {"-t", "devices/user1/a", "-q", "1", "-l"}),
                           seconds(100), messages)
            .exit_code;
    }
    // What has got into the pipe.
    [[nodiscard]] std::string read() const {
        std::string text;
        char chunk[4096];
        for (ssize_t got = 0; (got = ::read(reader_.get(), chunk, sizeof chunk)) > 0;)
            text.append(chunk, static_cast<std::size_t>(got));
        return text;
    }
    [[nodiscard]] Background& broker() { return *broker_; }

  private:
    fs::path pipe_;
    Descriptor reader_;
    std::unique_ptr<Background> broker_;
};

long open_files_of_mosquitto(const Scene& scene) {
    const auto pid = read_text(scene.home() / "broker/mosquitto.pid");
    std::istringstream limits(read_text("/proc/" + pid.substr(0, pid.find('\n')) + "/limits"));
    for (std::string line; std::getline(limits, line);) {
        long soft = 0;
        if (std::sscanf(line.c_str(), "Max open files %ld", &soft) == 1) return soft;
    }
    return -1;
}

// A shell allows 1,024 files, and a client is one.
TEST(Start, TheBrokerMayOpenAsManyFilesAsTheSystemLetsIt) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    constexpr int kSoft = 128;
    Background broker(by_shell("ulimit -Sn " + std::to_string(kSoft) + "; exec \"$@\"",
                               scene.argv({"broker", "--address", "127.0.0.1"})));
    ASSERT_TRUE(broker.wait_for("listens on port")) << broker.output();
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(open_files_of_mosquitto(scene), static_cast<long>(std::min<rlim_t>(limit.rlim_max, 1'048'576)));
    // Strangers who say nothing, more than the shell's limit allows for: devices get in all the same.
    std::vector<Descriptor> idle;
    for (int i = 0; i < kSoft + 100; ++i) idle.push_back(idle_connection(scene));
    EXPECT_TRUE(publishes(scene, "user1")) << broker.output();
}

// A pager, Ctrl-S, a journal that hangs.
TEST(Start, ALogThatNobodyReadsHoldsNobodyUp) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    Unread unread(scene);
    EXPECT_EQ(Unread::flood(scene), 0) << "the broker stands still";
    EXPECT_TRUE(publishes(scene, "user1"));
    EXPECT_EQ(unread.broker().interrupt(), 0) << "its end does not wait either";
    EXPECT_TRUE(fs::exists(scene.home() / "broker/data/mosquitto.db"));
}

TEST(Start, LinesThatNobodyReadAreCounted) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    Unread unread(scene);
    ASSERT_EQ(Unread::flood(scene), 0);
    std::string text;
    for (int tries = 0; tries < 400 && text.find("lines dropped") == std::string::npos; ++tries) {
        text += unread.read();
        ::usleep(10'000);
    }
    EXPECT_NE(text.find("lines dropped: nobody read this log"), std::string::npos);
}

// The first use of a certificate does not go by the log.
TEST(Start, AFirstUseIsSeenThoughNobodyReadsTheLog) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    scene.must({"issue", "user2"});
    const Unread unread(scene);
    EXPECT_EQ(Unread::flood(scene), 0);
    EXPECT_TRUE(publishes(scene, "user2"));
    const auto state = [&] { return scene.ask({"show", "user2"})["certificates"][0]["state"]; };
    for (int tries = 0; tries < 100 && state() != "active"; ++tries) ::usleep(100'000);
    EXPECT_EQ(state(), "active");
}

// A supervisor that does nothing at all: Mosquitto's own pipe fills up.
TEST(Start, AStoppedSupervisorHoldsNobodyUpAndLearnsAfterwardsWhoCameIn) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    scene.must({"issue", "user2"});
    Background broker(scene.argv({"-v", "broker", "--address", "127.0.0.1"}));
    ASSERT_TRUE(broker.wait_for("listens on port")) << broker.output();
    ::kill(broker.process().pid(), SIGSTOP);
    EXPECT_EQ(Unread::flood(scene), 0) << "the broker stands still";
    EXPECT_TRUE(publishes(scene, "user2"));
    ::kill(broker.process().pid(), SIGCONT);
    EXPECT_TRUE(broker.wait_for("user2 uses its newest certificate")) << broker.output();
}

TEST(Start, UpEndsWithOneErrorWhenThePortIsTakenAndAnotherIsChosenByACommand) {
    Scene scene;
    scene.init();
    const auto other = take_port(scene);
    const auto refused = run_command(scene.argv({"up", "--address", "127.0.0.1"}), seconds(60));
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_FALSE(refused.timed_out) << "it tries for ever";
    const auto first = refused.output.find("E-PORT-IN-USE");
    EXPECT_NE(first, std::string::npos) << refused.output;
    EXPECT_EQ(refused.output.find("E-PORT-IN-USE", first + 1), std::string::npos) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("countersign hosts port N"));
    const auto port = free_port();
    scene.must({"hosts", "port", std::to_string(port)});
    Background up(scene.argv({"up", "--address", "127.0.0.1"}));
    EXPECT_TRUE(up.wait_for("listens on port " + std::to_string(port))) << up.output();
    EXPECT_TRUE(up.wait_for("connected to the broker")) << up.output();
    EXPECT_EQ(up.interrupt(), 0);
}

TEST(Start, ASecondUpEndsWithOneError) {
    Scene scene;
    scene.init();
    Background first(scene.argv({"up", "--address", "127.0.0.1"}));
    ASSERT_TRUE(first.wait_for("answering devices")) << first.output();
    const auto second = run_command(scene.argv({"up", "--address", "127.0.0.1"}), seconds(60));
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.output, HasSubstr("E-HOME-BUSY"));
    EXPECT_THAT(second.output, Not(HasSubstr("started again soon")));
    EXPECT_EQ(first.interrupt(), 0);
}

// Also one that nothing but a part can find.
TEST(Start, UpEndsWithOneErrorWhenABrokersFileIsMissing) {
    Scene scene;
    scene.init();
    fs::remove(scene.home() / "broker/broker.key.pem");
    const auto refused = run_command(scene.argv({"up", "--address", "127.0.0.1"}), seconds(60));
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("E-FILE-READ"));
}

// Devices that know the old port go on finding the broker, until it is let go by name.
TEST(Start, AFormerPortIsServedUntilItIsLetGo) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto port = free_port();
    EXPECT_THAT(scene.must({"hosts", "port", std::to_string(port)}), HasSubstr(std::to_string(scene.port())));
    {
        const auto broker = start_broker(scene);
        EXPECT_TRUE(publishes(scene, "user1"));
        scene.must({"send", "user1", "cmd/x", "y"});
    }
    EXPECT_THAT(scene.must({"hosts", "port", std::to_string(port), "--only"}), HasSubstr("1 device"));
    const auto broker = start_broker(scene);
    EXPECT_FALSE(publishes(scene, "user1"));
    EXPECT_EQ(scene.ask({"hosts", "list"})["former_ports"].size(), 0U);
}

// As Debian's mosquitto.conf has it.
TEST(Start, ThePrintedConfigurationStartsInDebiansConfD) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    fs::create_directories(scene.file("etc/conf.d"));
    fs::create_directories(scene.file("lib"));
    fs::permissions(scene.file("lib"), fs::perms::all);
    write_file(scene.file("etc/conf.d/countersign.conf"), scene.must({"broker", "--print-config"}),
               kPublicFile);
    const std::string lib = scene.file("lib");
    write_file(scene.file("etc/mosquitto.conf"),
               "pid_file " + lib + "/mosquitto.pid\n\npersistence true\npersistence_location " + lib +
                   "/\n\nlog_dest file " + lib + "/mosquitto.log\n\ninclude_dir " +
                   scene.file("etc/conf.d").string() + "\n",
               kPublicFile);
    Background mosquitto({find_program("mosquitto"), "-c", scene.file("etc/mosquitto.conf")});
    for (int tries = 0; tries < 100 && !publishes(scene, "user1"); ++tries) ::usleep(50'000);
    EXPECT_TRUE(publishes(scene, "user1")) << mosquitto.output();
}

TEST(Start, LinesOfOnesOwnHaveAPlaceAndEditsElsewhereAreKeptAndSaid) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto broker_folder = scene.home() / "broker";
    write_file(broker_folder / "broker.d/mine.conf", "# mine\nmax_connections 77\n", kPublicFile);
    scene.must({"issue", "user2"});
    write_file(broker_folder / "acl.local",
               "user user1\ntopic read shared/#\n\nuser user2\ntopic write shared/#\n", kPublicFile);
    {
        const auto broker = start_broker(scene);
        Background listener(mosquitto_client("mosquitto_sub", scene, scene.device("user1"), "user1",
                                             {"-t", "shared/#", "-q", "1", "-C", "1", "-d"}));
        ASSERT_TRUE(listener.wait_for("SUBACK")) << listener.output();
        (void)run_command(mosquitto_client("mosquitto_pub", scene, scene.device("user2"), "user2",
                                           {"-t", "shared/x", "-m", "for all", "-q", "1"}),
                          seconds(15));
        EXPECT_TRUE(listener.wait_for("for all")) << listener.output();
        scene.must({"issue", "anna", "--role", "operator"});
        EXPECT_THAT(read_text(broker_folder / "acl"), HasSubstr("shared/#"));
    }
    std::ofstream(broker_folder / "acl", std::ios::app) << "user zigbee\n";
    std::ofstream(broker_folder / "mosquitto.conf", std::ios::app) << "max_connections 5\n";
    Background again(scene.argv({"broker", "--address", "127.0.0.1"}));
    ASSERT_TRUE(again.wait_for("listens on port")) << again.output();
    EXPECT_THAT(again.output(), HasSubstr("broker.d/NAME.conf"));
    std::size_t kept = 0;
    for (const auto& entry : fs::directory_iterator(broker_folder)) {
        kept += entry.path().filename().string().find(".edited-") != std::string::npos ? 1U : 0U;
    }
    EXPECT_EQ(kept, 2U);
    EXPECT_THAT(read_text(broker_folder / "acl"), Not(HasSubstr("zigbee")));
}

TEST(Start, LinesThatWouldUndoWhatKeepsRootSafeAreRefused) {
    Scene scene;
    scene.init();
    const auto file = scene.home() / "broker/broker.d/mine.conf";
    for (const char* line :
         {"user root", "  user root", "plugin /tmp/evil.so", "pid_file /etc/passwd",
          "log_dest file /etc/passwd", "include_dir /tmp", "persistence_location /etc",
          "plugin_opt_admission /tmp/admission", "auth_opt_grants /tmp/acl", "acl_file /tmp/acl",
          "tls_engine /tmp/evil", "use_subject_as_username true", "check_retain_source false",
          "require_certificate false", "cafile /tmp/ca.pem", "ciphers NULL", "mount_point devices/"}) {
        write_file(file, std::string("max_connections 7\n") + line + "\n", kPublicFile);
        const auto refused = scene.ask({"broker"});
        EXPECT_EQ(refused["code"], "E-OWN-LINES") << line;
        EXPECT_THAT(std::string(refused["what"]), HasSubstr("line 2")) << line;
    }
}

TEST(Start, AListenerOfOnesOwnMayBeSetAsItsOwnerLikes) {
    Scene scene;
    scene.init();
    write_file(scene.home() / "broker/broker.d/mine.conf",
               "listener " + std::to_string(free_port()) +
                   " 127.0.0.1\nprotocol mqtt\nmount_point own/\nrequire_certificate false\n",
               kPublicFile);
    Background broker(scene.argv({"broker", "--address", "127.0.0.1"}));
    EXPECT_TRUE(broker.wait_for("listens on port")) << broker.output();
}

}  // namespace
}  // namespace countersign::e2e
