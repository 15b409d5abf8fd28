// What somebody leaves where we look for files: in the broker's folder, in a home or a backup of one, in the
// place of a file that a command is to read. Nothing outside the home changes, and nothing waits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

struct stat info_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return info;
}

// Something outside the home that nobody may touch.
class Bystander {
  public:
    explicit Bystander(const fs::path& folder) : folder_(folder) {
        fs::create_directory(folder_);
        write_file(file(), "untouched", kPrivateFile);
        file_before_ = info_of(file());
        folder_before_ = info_of(folder_);
    }
    [[nodiscard]] const fs::path& folder() const { return folder_; }
    [[nodiscard]] fs::path file() const { return folder_ / "shadow"; }

    void expect_untouched() const {
        EXPECT_EQ(read_text(file()), "untouched");
        for (const auto& [path, before] : {std::pair{file(), file_before_}, {folder_, folder_before_}}) {
            const auto after = info_of(path);
            EXPECT_EQ(after.st_uid, before.st_uid) << path;
            EXPECT_EQ(after.st_gid, before.st_gid) << path;
            EXPECT_EQ(after.st_mode, before.st_mode) << path;
            EXPECT_EQ(after.st_ino, before.st_ino) << path;
        }
        EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1)
            << "something was written beside " << file();
    }

  private:
    fs::path folder_;
    struct stat file_before_ {
    }, folder_before_{};
};

const passwd* mosquitto_user() {
    return ::geteuid() == 0 ? ::getpwnam("mosquitto") : nullptr;
}

#define NEEDS_ROOT() \
    if (mosquitto_user() == nullptr) GTEST_SKIP() << "takes root, and the user mosquitto"

// A symbolic link, a hard link, a pipe and a folder with a file, each to be mistaken for the broker's own.
void plant(const fs::path& data, const Bystander& bystander) {
    fs::create_symlink(bystander.file(), data / "link");
    fs::create_symlink(bystander.folder(), data / "folder_link");
    fs::create_hard_link(bystander.file(), data / "second_name");
    ASSERT_EQ(::mkfifo((data / "pipe").c_str(), 0600), 0);
    fs::create_directory(data / "folder");
    write_file(data / "folder/inner", "untouched", kPrivateFile);
}

void expect_not_handed_over(const fs::path& data) {
    for (const char* name : {"link", "folder_link", "second_name", "pipe", "folder", "folder/inner"}) {
        EXPECT_EQ(info_of(data / name).st_uid, 0U) << name;
    }
}

TEST(HostFilesAttack, ABrokerTakenOverPlantsLinksInItsDataFolder) {
    NEEDS_ROOT();
    Scene scene;
    scene.init();
    const Bystander bystander(scene.file("etc"));
    const fs::path data = scene.home() / "broker/data";
    ASSERT_EQ(info_of(data).st_uid, mosquitto_user()->pw_uid)
        << "what a broker that is taken over may write to";
    plant(data, bystander);
    write_file(data / "file", "root's own", kPrivateFile);
    (void)start_broker(scene)->interrupt();
    bystander.expect_untouched();
    expect_not_handed_over(data);
    EXPECT_EQ(info_of(data / "file").st_uid, 0U) << "nothing is touched in a folder another may write to";
}

// Copied by root out of a backup, all of it is root's: what is the broker's is given back, and only that.
TEST(HostFilesAttack, ABackupHoldsLinksAmongTheBrokersData) {
    NEEDS_ROOT();
    Scene scene;
    scene.init();
    (void)start_broker(scene)->interrupt();
    const Bystander bystander(scene.file("etc"));
    const fs::path data = scene.home() / "broker/data";
    ASSERT_EQ(::chown(data.c_str(), 0, 0), 0);
    ASSERT_EQ(::chown((data / "mosquitto.db").c_str(), 0, 0), 0);
    plant(data, bystander);
    (void)start_broker(scene)->interrupt();
    bystander.expect_untouched();
    expect_not_handed_over(data);
    EXPECT_EQ(info_of(data).st_uid, mosquitto_user()->pw_uid);
    EXPECT_EQ(info_of(data / "mosquitto.db").st_uid, mosquitto_user()->pw_uid);
}

// data itself, the key and the admission file as links.
TEST(HostFilesAttack, ABackupsBrokerFolderLeadsElsewhere) {
    NEEDS_ROOT();
    for (const char* name : {"data", "broker.key.pem", "admission"}) {
        Scene scene;
        scene.init();
        const Bystander bystander(scene.file("etc"));
        const fs::path entry = scene.home() / "broker" / name;
        fs::remove_all(entry);
        fs::create_symlink(entry.filename() == "data" ? bystander.folder() : bystander.file(), entry);
        (void)run_command(scene.argv({"broker", "--address", "127.0.0.1"}), seconds(2));
        bystander.expect_untouched();
    }
}

void expect_refused(const Scene& scene, const fs::path& why) {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"list"}, {"issue", "mallory"}, {"crl"}, {"doctor"}, {"broker"}, {"hosts", "list"}}) {
        const auto answer = scene.ask(command);
        EXPECT_EQ(answer["code"], "E-HOME-UNSAFE") << command.front() << ": " << answer;
        EXPECT_NE(answer.dump().find(why.string()), std::string::npos) << answer;
    }
}

TEST(HostFilesAttack, AHomeThatOthersMayWriteToIsRefused) {
    Scene scene;
    scene.init();
    const fs::path parent = scene.home().parent_path();
    for (const fs::path& open : {scene.home(), parent}) {
        ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
        expect_refused(scene, open);
        const std::string cure = scene.ask({"list"})["cure"];
        (void)must_run({"sh", "-c", cure});  // the cure is a command, and it works
        scene.must({"list"});
    }
    ASSERT_EQ(::chmod(parent.c_str(), 01777), 0);  // as /tmp: nobody can replace what is another's there
    scene.must({"list"});
}

TEST(HostFilesAttack, AHomeOfAnotherIsRefused) {
    NEEDS_ROOT();
    Scene scene;
    scene.init();
    const fs::path parent = scene.home().parent_path();
    for (const fs::path& other : {scene.home(), parent}) {
        ASSERT_EQ(::chown(other.c_str(), mosquitto_user()->pw_uid, 0), 0);
        expect_refused(scene, other);
        ASSERT_EQ(::chown(other.c_str(), 0, 0), 0);
    }
    const fs::path lure = scene.file("lure");
    fs::create_directory(lure);
    ASSERT_EQ(::chmod(lure.c_str(), 0777), 0);
    const auto refused = run_command(
        {COUNTERSIGN_PROGRAM, "--json", "--home", lure / "new", "init", "127.0.0.1", "--no-passphrase"},
        seconds(10));
    EXPECT_NE(refused.output.find("E-HOME-UNSAFE"), std::string::npos) << refused.output;
}

// .staging/NAME/.out named the folder of an interrupted `issue --out`; whoever opened the home wrote there.
TEST(HostFilesAttack, AStagedIdentityNamesItsOwnDestination) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const Bystander bystander(scene.file("etc"));
    const fs::path staged = scene.home() / ".staging/user1";
    fs::create_directories(staged.parent_path());
    fs::rename(scene.device("user1"), staged);
    write_file(staged / ".out", bystander.folder().string(), kPrivateFile);
    fs::create_symlink(bystander.file(), staged / "extra");
    scene.must({"issue", "user2"});
    bystander.expect_untouched();
    EXPECT_TRUE(fs::exists(scene.device("user1") / "user1.key.pem"));
    EXPECT_EQ(std::distance(fs::directory_iterator(scene.device("user1")), fs::directory_iterator()), 6)
        << "only what belongs to an identity";
}

// The command that was interrupted says itself where the files go.
TEST(HostFilesAttack, AnInterruptedIssueIsFinishedByItsOwnWords) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const fs::path staged = scene.home() / ".staging/user1";
    fs::create_directories(staged.parent_path());
    fs::rename(scene.device("user1"), staged);
    const auto again = scene.ask({"issue", "user1", "--out", scene.file("mine")});
    EXPECT_EQ(again["exit"], 0) << again;
    EXPECT_EQ(again["finished"], true) << again;
    EXPECT_TRUE(fs::exists(scene.file("mine") / "user1.key.pem"));
    EXPECT_FALSE(fs::exists(scene.device("user1")));
    fs::create_directories(staged.parent_path());
    fs::rename(scene.file("mine"), staged);
    write_file(scene.file("list.csv"), "name\nuser1\nuser2\n", kPublicFile);
    scene.must({"issue", "--csv", scene.file("list.csv"), "--out", scene.file("all")});
    EXPECT_TRUE(fs::exists(scene.file("all") / "user1/user1.key.pem"));
    EXPECT_TRUE(fs::exists(scene.file("all") / "user2/user2.key.pem"));
}

TEST(HostFilesAttack, FoldersOfTheHomeAreLinks) {
    for (const char* name : {"crl", "devices", ".staging", "replaced", "operator", "authority"}) {
        Scene scene;
        scene.init();
        scene.must({"issue", "user1"});
        const Bystander bystander(scene.file("etc"));
        const fs::path folder = scene.home() / name;
        const bool there = fs::exists(folder);
        if (there) fs::rename(folder, scene.file("real"));
        fs::create_symlink(bystander.folder(), folder);
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"crl"}, {"issue", "user1", "--replace"}, {"renew", "operator", "--new-key"}}) {
            const auto answer = scene.ask(command);
            if (answer["exit"] != 0) {
                EXPECT_EQ(answer["code"], "E-HOME-UNSAFE") << name << ": " << answer;
            }
        }
        bystander.expect_untouched();
    }
}

TEST(HostFilesAttack, AChangeSetLeadsOutOfTheHome) {
    struct Plan {
        const char* what;
        fs::path file;    // in .change/
        fs::path linked;  // a folder of the home that is a link, if any
    };
    for (const Plan& plan : {Plan{"a target behind a link", "crl/shadow", "crl"},
                             Plan{"an expected name behind a link", "crl/issuing.crl", "crl"},
                             Plan{"a name that no command puts there", "broker/mosquitto.conf", ""},
                             Plan{"a new folder", "devices/user1/user1.key.pem", ""}}) {
        Scene scene;
        scene.init();
        const Bystander bystander(scene.file("etc"));
        if (!plan.linked.empty()) {
            fs::remove_all(scene.home() / plan.linked);
            fs::create_symlink(bystander.folder(), scene.home() / plan.linked);
        }
        const fs::path config = scene.home() / "broker/mosquitto.conf";
        const std::string before = read_text(config);
        make_folder((scene.home() / ".change" / plan.file).parent_path(), kPrivateFolder);
        write_file(scene.home() / ".change" / plan.file, "evil", kPublicFile);
        const auto answer = scene.ask({"issue", "user1"});
        EXPECT_EQ(answer["code"], "E-HOME-UNSAFE") << plan.what << ": " << answer;
        bystander.expect_untouched();
        EXPECT_EQ(read_text(config), before) << plan.what;
        EXPECT_FALSE(fs::exists(scene.device("user1"))) << plan.what;
    }
}

TEST(HostFilesAttack, AChangeSetIsALink) {
    Scene scene;
    scene.init();
    const Bystander bystander(scene.file("etc"));
    for (const char* name : {".change", ".change.new"}) {
        fs::create_symlink(bystander.folder(), scene.home() / name);
        (void)scene.ask({"issue", "user1"});
        bystander.expect_untouched();
        fs::remove(scene.home() / name);
    }
    fs::create_directory(scene.home() / ".change");
    fs::create_symlink(bystander.folder(), scene.home() / ".change/crl");
    EXPECT_EQ(scene.ask({"issue", "user2"})["code"], "E-HOME-UNSAFE");
    bystander.expect_untouched();
}

// Each answers at once: run_command's deadline would show in timed_out.
void expect_at_once(const std::vector<std::string>& argv, const std::string& code) {
    const auto result = run_command(argv, seconds(5));
    EXPECT_FALSE(result.timed_out) << argv.back() << ": " << result.output;
    EXPECT_NE(result.output.find(code), std::string::npos) << argv.back() << ": " << result.output;
}

TEST(HostFilesAttack, APipeADeviceOrAnEndlessFileIsGivenAsInput) {
    Scene scene;
    scene.must({"init", "127.0.0.1", "--no-passphrase"});
    const std::string pipe = scene.file("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const std::string huge = scene.file("huge");
    std::ofstream(huge).put('x');
    ASSERT_EQ(::truncate(huge.c_str(), off_t{1} << 40), 0);
    ASSERT_EQ(::chmod(huge.c_str(), 0600), 0);
    for (const std::string& file :
         {pipe, std::string("/dev/zero"), std::string("/dev/tty"), huge, scene.home().string()}) {
        expect_at_once(scene.argv({"issue", "user1", "--csr", file}), "E-FILE-READ");
        expect_at_once(scene.argv({"issue", "--csv", file}), "E-FILE-READ");
        expect_at_once(scene.argv({"rollover", "issuing", "--root", file}), "E-FILE-READ");
        expect_at_once(scene.argv({"load", "user1", "--port", "/dev/null", "--firmware", file}),
                       "E-FILE-READ");
        expect_at_once(scene.argv({"load", "user1", "--port", "/dev/null", "--wifi-ssid", "x",
                                   "--wifi-password-file", file}),
                       "E-FILE-READ");
        expect_at_once(
            {COUNTERSIGN_PROGRAM, "--home", scene.file("new"), "--passphrase-file", file, "init", "::1"},
            "E-FILE-READ");
    }
    write_file(scene.file("empty"), "", kPublicFile);
    expect_at_once(scene.argv({"issue", "user1", "--csr", scene.file("empty")}), "E-CSR-INVALID");
    expect_at_once(scene.argv({"issue", "--csv", scene.file("empty")}), "E-CSV-INVALID");
}

TEST(HostFilesAttack, AFileOfTheHomeIsAPipe) {
    for (const char* name : {"settings.json", "home.lock", "registry.db", "authority/issuing.key.pem",
                             "authority/root.crt.pem", "broker/admission", "broker/broker.crt.pem",
                             "broker/running.lock", "broker/acl", "crl/issuing.crl"}) {
        Scene scene;
        scene.must({"init", "127.0.0.1", "--no-passphrase"});
        const fs::path file = scene.home() / name;
        fs::create_directories(file.parent_path());
        fs::remove(file);
        ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"list"}, {"doctor"}, {"issue", "user1"}, {"crl"}, {"hosts", "list"}}) {
            EXPECT_FALSE(run_command(scene.argv(command), seconds(5)).timed_out)
                << name << ": " << command.front();
        }
    }
}

TEST(HostFilesAttack, TheAdmissionFileOfARunningBrokerIsAPipe) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const auto broker = start_broker(scene);
    const fs::path admission = scene.home() / "broker/admission";
    fs::rename(admission, scene.file("kept"));
    ASSERT_EQ(::mkfifo(admission.c_str(), 0644), 0);
    for (int i = 0; i < 2; ++i) {  // the last good list holds, and the broker answers
        const auto sent = run_command(mosquitto_client("mosquitto_pub", scene, scene.device("user1"), "user1",
                                                       {"-q", "1", "-t", "devices/user1/x", "-m", "y"}),
                                      seconds(5));
        EXPECT_FALSE(sent.timed_out);
        EXPECT_EQ(sent.exit_code, 0) << sent.output;
    }
    fs::rename(scene.file("kept"), admission);
    EXPECT_EQ(broker->interrupt(), 0) << broker->output();
}

}  // namespace
}  // namespace countersign::e2e
