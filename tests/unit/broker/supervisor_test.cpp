// Mosquitto as a child: what is said before it starts, when it dies, and what is left when we die.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <csignal>

#include "host/base/files.h"
#include "host/broker/ownership.h"
#include "tests/unit/broker/live_broker.h"

namespace countersign::broker {
namespace {

class Listener {
  public:
    explicit Listener(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(fd_, 1) != 0) {
            ADD_FAILURE() << "cannot listen";
        }
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(fd_); }

  private:
    int fd_;
};

std::string message_of(LiveBroker& broker) {
    try {
        broker.start();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Supervisor, a_port_in_use_is_named) {
    LiveBroker broker;
    const Listener other(broker.settings.port);
    EXPECT_NE(message_of(broker).find("E-PORT-IN-USE: Something else listens on port " +
                                      std::to_string(broker.settings.port)),
              std::string::npos);
}

TEST(Supervisor, a_missing_file_is_named_before_anything_starts) {
    LiveBroker broker;
    std::filesystem::remove(broker.files.key);
    const std::string message = message_of(broker);
    EXPECT_NE(message.find("E-FILE-READ: " + broker.files.key.string()), std::string::npos) << message;
    EXPECT_EQ(broker.count_log("mosquitto version"), 0u);
}

TEST(Supervisor, a_broker_that_cannot_run_is_reported_with_its_last_lines) {
    LiveBroker broker;
    spill(broker.files.certificate, "no certificate");
    const std::string message = message_of(broker);
    EXPECT_NE(message.find("E-BROKER-DIED"), std::string::npos) << message;
    EXPECT_NE(message.find("Unable to load server certificate"), std::string::npos) << message;
}

TEST(Supervisor, a_broker_that_ends_by_itself_is_noticed) {
    LiveBroker broker;
    broker.start();
    ::kill(broker.pid(), SIGKILL);
    EXPECT_EQ(code_of([&] { (void)broker.wait_for_log("never said"); }), "E-BROKER-DIED");
}

TEST(Supervisor, one_broker_a_home) {
    LiveBroker broker;
    broker.start();
    Supervisor second(broker.settings, [](std::string_view) {});
    EXPECT_EQ(code_of([&] { second.start(); }), "E-HOME-BUSY");
}

TEST(Supervisor, stopping_saves_what_the_broker_holds_and_lets_it_start_again) {
    LiveBroker broker;
    broker.start();
    EXPECT_FALSE(std::filesystem::exists(broker.files.data / "mosquitto.db"));
    broker.stop();
    EXPECT_TRUE(std::filesystem::exists(broker.files.data / "mosquitto.db"));
    EXPECT_EQ(broker.count_log("terminating"), 1u);
    broker.start();
    EXPECT_GT(broker.pid(), 0);
}

TEST(Supervisor, other_commands_can_make_it_reload) {
    LiveBroker broker;
    RunningBroker control(broker.settings.folder);
    EXPECT_FALSE(control.reload());
    broker.start();
    EXPECT_TRUE(control.reload());
    EXPECT_TRUE(broker.wait_for_log("Reloading config."));
    broker.stop();
    EXPECT_FALSE(control.reload());
}

// The kernel forgets who Mosquitto's parent was when it drops root: killed, we leave it behind.
TEST(Supervisor, a_broker_left_behind_by_a_killed_countersign_is_replaced) {
    LiveBroker broker;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t killed = ::fork();
    if (killed == 0) {
        broker.start();
        const pid_t mosquitto = broker.pid();
        ::kill(::write(ready[1], &mosquitto, sizeof mosquitto) > 0 ? ::getpid() : 0, SIGKILL);
    }
    pid_t left_behind = 0;
    ASSERT_EQ(::read(ready[0], &left_behind, sizeof left_behind), static_cast<ssize_t>(sizeof left_behind));
    int status = 0;
    ::waitpid(killed, &status, 0);
    broker.start();
    EXPECT_NE(broker.pid(), left_behind);
    // Nothing, or a zombie nobody has waited for.
    EXPECT_EQ(slurp("/proc/" + std::to_string(left_behind) + "/cmdline"), "");
    ::close(ready[0]);
    ::close(ready[1]);
}

class Ownership : public testing::Test {
  protected:
    void SetUp() override {
        if (broker_user().empty()) GTEST_SKIP() << "not root: Mosquitto runs as we do";
    }
};

TEST_F(Ownership, the_key_belongs_to_the_broker_and_nobody_else_reads_it) {
    LiveBroker broker;
    broker.start();
    struct stat key {};
    ASSERT_EQ(::stat(broker.files.key.c_str(), &key), 0);
    EXPECT_NE(key.st_uid, 0u);
    EXPECT_EQ(key.st_mode & 0777, 0600u);
    struct stat admission {};
    ASSERT_EQ(::stat(broker.files.admission.c_str(), &admission), 0);
    EXPECT_EQ(admission.st_uid, 0u);
    EXPECT_EQ(admission.st_gid, key.st_gid);
    EXPECT_EQ(admission.st_mode & 0777, 0640u);
}

TEST_F(Ownership, a_folder_the_broker_cannot_enter_is_named) {
    LiveBroker broker({}, "closed/broker");
    ::chmod((broker.home.path / "closed").c_str(), 0700);
    const std::string message = message_of(broker);
    EXPECT_NE(
        message.find("E-HOME-UNREACHABLE: mosquitto cannot enter " + (broker.home.path / "closed").string()),
        std::string::npos)
        << message;
}

TEST_F(Ownership, a_file_the_broker_cannot_read_is_named) {
    LiveBroker broker;
    ::chmod(broker.files.certificate.c_str(), 0600);
    const std::string message = message_of(broker);
    EXPECT_NE(message.find("E-HOME-UNREACHABLE: mosquitto cannot read " + broker.files.certificate.string()),
              std::string::npos)
        << message;
}

// The first class that fits decides, even where a later one would allow.
TEST_F(Ownership, reachability_follows_the_kernel) {
    const TemporaryFolder folder;
    const auto file = folder.path / "file";
    spill(file, "x");
    const std::string user = broker_user();
    struct stat data {};
    make_broker_folder(folder.path / "broker");
    ASSERT_EQ(::stat((folder.path / "broker/data").c_str(), &data), 0);
    auto reachable = [&](mode_t mode, uid_t owner, gid_t group) {
        ::chmod(file.c_str(), mode);
        EXPECT_EQ(::chown(file.c_str(), owner, group), 0);
        return code_of([&] { check_reachable(file, user); }) == "no error";
    };
    EXPECT_TRUE(reachable(0400, data.st_uid, 0));
    EXPECT_FALSE(reachable(0044, data.st_uid, data.st_gid));
    EXPECT_TRUE(reachable(0040, 0, data.st_gid));
    EXPECT_FALSE(reachable(0604, 0, data.st_gid));
    EXPECT_TRUE(reachable(0004, 0, 0));
    EXPECT_FALSE(reachable(0640, 0, 0));
    EXPECT_EQ(code_of([&] { check_reachable(file, "no-such-user"); }), "E-HOME-UNREACHABLE");
    EXPECT_EQ(code_of([&] { check_reachable(folder.path / "none", user); }), "E-FILE-READ");
    EXPECT_EQ(code_of([&] { check_reachable(folder.path / "none", ""); }), "no error");
}

TEST(PlacePlugin, none_installed_is_said) {
    const TemporaryFolder folder;
    ::setenv("COUNTERSIGN_PLUGIN", "/nowhere/plugin.so", 1);
    EXPECT_EQ(code_of([&] { place_plugin(folder.path); }), "E-TOOL-MISSING");
}

TEST(PlacePlugin, copies_it_once_and_again_when_it_has_changed) {
    const TemporaryFolder folder;
    const auto source = folder.path / "source.so";
    const auto target = Files(folder.path).plugin;
    ::setenv("COUNTERSIGN_PLUGIN", source.c_str(), 1);
    spill(source, "one");
    place_plugin(folder.path);
    EXPECT_EQ(slurp(target), "one");
    struct stat first {};
    struct stat second {};
    ::stat(target.c_str(), &first);
    place_plugin(folder.path);
    ::stat(target.c_str(), &second);
    EXPECT_EQ(first.st_ino, second.st_ino);
    EXPECT_EQ(second.st_mode & 0777, 0644u);
    spill(source, "two");
    place_plugin(folder.path);
    EXPECT_EQ(slurp(target), "two");
}

}  // namespace
}  // namespace countersign::broker
