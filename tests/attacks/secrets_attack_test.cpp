// Another process of the same user, and a crash: neither shows what a process of ours has opened. And where a
// passphrase is kept that is in no process yet.
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Words = std::vector<std::string>;

constexpr const char* kPassphrase = "correct horse";

// To root every process is open: as root the parts run as nobody, and so does who attacks them.
Words as_a_user(Words argv) {
    if (::geteuid() != 0) return argv;
    argv.insert(argv.begin(), {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"});
    return argv;
}

CommandResult attempt(const Words& argv) {
    return run_command(as_a_user(argv), seconds(30));
}

std::string of_process(pid_t pid, const std::string& file) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

class SecretsAttack : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() == 0) must_run({"chown", "nobody:nogroup", scene_.home().parent_path()});
        const auto made =
            attempt(with_passphrase({"init", "127.0.0.1", "--port", std::to_string(free_port())}));
        ASSERT_EQ(made.exit_code, 0) << made.output;
    }
    [[nodiscard]] Words with_passphrase(const Words& command) const {
        Words argv = scene_.argv(command);
        argv.insert(argv.begin(), {"env", std::string("COUNTERSIGN_PASSPHRASE=") + kPassphrase});
        return argv;
    }
    [[nodiscard]] std::unique_ptr<Background> start(const Words& command, const std::string& ready) const {
        auto process = std::make_unique<Background>(as_a_user(with_passphrase(command)));
        EXPECT_TRUE(process->wait_for(ready)) << process->output();
        return process;
    }
    // What a debugger, and whoever reads files, would do.
    void expect_closed(pid_t pid) const {
        const std::string folder = "/proc/" + std::to_string(pid) + "/";
        for (const char* file : {"mem", "environ", "maps", "auxv"}) {
            const auto read = attempt({"head", "-c", "1", folder + file});
            EXPECT_NE(read.exit_code, 0) << file << ": " << read.output;
        }
        EXPECT_NE(attempt({"ls", folder + "fd/"}).exit_code, 0);
        EXPECT_NE(attempt({"gcore", "-o", scene_.file("dump"), std::to_string(pid)}).exit_code, 0);
        EXPECT_FALSE(fs::exists(scene_.file("dump." + std::to_string(pid))));
    }
    Scene scene_;
};

TEST_F(SecretsAttack, AnotherProcessOfTheUserReadsTheSigner) {
    const auto signer = start({"signer"}, "signer is ready");
    const pid_t pid = signer->process().pid();
    expect_closed(pid);
    EXPECT_EQ(of_process(pid, "environ").find(kPassphrase), std::string::npos) << "root reads it";
    const std::string status = of_process(pid, "status");
    EXPECT_EQ(status.find("VmLck:\t       0 kB"), std::string::npos) << status;
    EXPECT_EQ(signer->interrupt(), 0) << signer->output();
}

TEST_F(SecretsAttack, TheAttackSucceedsOnAnOrdinaryProcess) {
    Background ordinary(as_a_user({"env", "SECRET=1", "sleep", "60"}));
    const std::string file = "/proc/" + std::to_string(ordinary.process().pid()) + "/environ";
    for (int tries = 0; tries < 200 && of_process(ordinary.process().pid(), "comm") != "sleep\n"; ++tries)
        ::usleep(10'000);
    EXPECT_NE(attempt({"cat", file}).output.find("SECRET=1"), std::string::npos);
}

// The passphrase reaches the signer by a descriptor: not by a path that others can open, and not the broker.
TEST_F(SecretsAttack, UpHandsThePassphraseToTheSignerAlone) {
    const auto up = start({"up", "--address", "127.0.0.1"}, "answering devices");
    const pid_t pid = up->process().pid();
    expect_closed(pid);
    std::istringstream children(of_process(pid, "task/" + std::to_string(pid) + "/children"));
    int seen = 0;
    for (pid_t child = 0; children >> child;) {
        const bool signer = of_process(child, "cmdline").find("signer") != std::string::npos;
        if (signer) expect_closed(child);
        if (signer || ::geteuid() != 0) continue;  // only root can look at what the others have open
        ++seen;
        const auto open = must_run({"ls", "-l", "/proc/" + std::to_string(child) + "/fd/"});
        EXPECT_EQ(open.find("memfd"), std::string::npos) << open;
    }
    EXPECT_EQ(seen, ::geteuid() == 0 ? 2 : 0);
    EXPECT_EQ(up->interrupt(), 0) << up->output();
}

TEST_F(SecretsAttack, ACrashLeavesNoCore) {
    const fs::path folder = scene_.file("crash");
    must_run(as_a_user({"mkdir", folder}));
    const auto crash = [&](const std::string& program, const std::string& ready) {
        // As generous as a shell can be.
        Words argv{"sh", "-c", "ulimit -c unlimited; cd \"$1\"; shift; exec \"$@\"", "sh", folder};
        Words rest = scene_.argv({"signer"});
        if (!program.empty()) rest = {program, "60"};
        argv.insert(argv.end(), rest.begin(), rest.end());
        argv.insert(argv.begin(), {"env", std::string("COUNTERSIGN_PASSPHRASE=") + kPassphrase});
        Background process(as_a_user(argv));
        EXPECT_TRUE(ready.empty() || process.wait_for(ready)) << process.output();
        const std::string name = program.empty() ? "countersign\n" : program + "\n";
        for (int tries = 0; tries < 500 && of_process(process.process().pid(), "comm") != name; ++tries)
            ::usleep(10'000);
        const std::string limits = of_process(process.process().pid(), "limits");
        process.process().signal(SIGABRT);
        (void)process.wait_for("never", seconds(10));
        return limits;
    };
    const auto cores = [&] {
        return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
    };
    const std::string limits = crash("", "signer is ready");
    EXPECT_NE(limits.find("Max core file size        0                    0"), std::string::npos) << limits;
    EXPECT_EQ(cores(), 0);
    std::ifstream pattern("/proc/sys/kernel/core_pattern");
    std::string where;
    std::getline(pattern, where);
    if (where.empty() || where[0] == '|' || where[0] == '/') return;  // not where this test looks
    (void)crash("sleep", "");
    EXPECT_EQ(cores(), 1) << "an ordinary program leaves one";
}

TEST_F(SecretsAttack, APassphraseFileThatOthersCanReadIsRefused) {
    const std::string file = scene_.file("pass");
    write_file(file, kPassphrase, kPrivateFile);
    if (::geteuid() == 0) must_run({"chown", "nobody", file});
    const auto ask = [&](const std::string& option) {
        Words command{"--json", option, file, "crl"};
        if (option == "--new-passphrase-file") command = {"--json", "passphrase", option, file};
        return Json::parse(attempt(with_passphrase(command)).output, nullptr, false);
    };
    for (const mode_t mode : {0604U, 0640U, 0620U, 0602U, 0601U}) {
        for (const std::string option : {"--passphrase-file", "--new-passphrase-file"}) {
            ASSERT_EQ(::chmod(file.c_str(), mode), 0);
            const auto answer = ask(option);
            EXPECT_EQ(answer["code"], "E-PASSPHRASE-OPEN") << answer;
            EXPECT_NE(answer.dump().find(file), std::string::npos) << answer;
            must_run(as_a_user({"sh", "-c", answer["cure"]}));  // the cure is a command, and it works
            EXPECT_EQ(ask("--passphrase-file")["ok"], true);
        }
    }
    if (::geteuid() != 0) return;
    must_run({"chown", "mail", file});
    Scene of_root;  // who could read it, whoever's it is
    of_root.init();
    const auto answer = of_root.ask({"passphrase", "--new-passphrase-file", file});
    EXPECT_EQ(answer["code"], "E-PASSPHRASE-OPEN") << answer;
    EXPECT_NE(answer.dump().find("belongs to mail"), std::string::npos) << answer;
}

TEST_F(SecretsAttack, APassphraseComesThroughAPipeOrACredential) {
    const fs::path folder = scene_.file("credentials");
    must_run(as_a_user({"mkdir", folder}));
    const std::string credential = folder / "passphrase";
    write_file(credential, kPassphrase, 0440);
    if (::geteuid() == 0) must_run({"chown", "nobody:nogroup", credential});
    const std::string command = "'" + std::string(COUNTERSIGN_PROGRAM) + "' --home '" +
                                scene_.home().string() + "' --passphrase-file ";
    const auto run = [&](const std::string& line) {
        const auto result = attempt({"bash", "-c", line});
        EXPECT_EQ(result.exit_code, 0) << line << ": " << result.output;
    };
    run("echo '" + std::string(kPassphrase) + "' | " + command + "/dev/stdin crl");
    run(command + "<(echo '" + std::string(kPassphrase) + "') crl");
    run(command + "/dev/stdin crl <<<'" + std::string(kPassphrase) + "'");
    run("CREDENTIALS_DIRECTORY='" + folder.string() + "' " + command + "'" + credential + "' crl");
    EXPECT_NE(attempt({"bash", "-c", command + "'" + credential + "' crl"}).exit_code, 0) << "not systemd's";
}

}  // namespace
}  // namespace countersign::e2e
