// `up`: broker, signer and responder as they run for years, in one foreground process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string of_process(pid_t pid, const std::string& file) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<pid_t> children_of(pid_t pid) {
    std::istringstream in(of_process(pid, "task/" + std::to_string(pid) + "/children"));
    std::vector<pid_t> children;
    for (pid_t child = 0; in >> child;) children.push_back(child);
    return children;
}

// The child of `up` that runs this part; -1 when there is none.
pid_t part_of(pid_t up, const std::string& part) {
    for (const pid_t child : children_of(up)) {
        const std::string needle(std::string(1, '\0') + part + std::string(1, '\0'));
        if (of_process(child, "cmdline").find(needle) != std::string::npos) return child;
    }
    return -1;
}

TEST(Up, StartsAllPartsRestartsWhatDiesAndStopsCleanly) {
    Scene scene;
    scene.init();
    Background up(scene.argv({"up", "--address", "127.0.0.1"}));
    ASSERT_TRUE(up.wait_for("answering devices")) << up.output();
    const auto parts = children_of(up.process().pid());
    EXPECT_EQ(parts.size(), 3U);

    for (const std::string part : {"signer", "broker", "responder"}) {
        const pid_t pid = part_of(up.process().pid(), part);
        ASSERT_GT(pid, 0) << part << "\n" << up.output();
        ::kill(pid, SIGKILL);
        EXPECT_TRUE(up.wait_for(part + " ended with 137")) << up.output();
        EXPECT_TRUE(up.wait_for(part + " running again")) << up.output();
    }
    EXPECT_TRUE(up.wait_for("answering devices")) << up.output();

    const auto last = children_of(up.process().pid());
    EXPECT_EQ(up.interrupt(), 0) << up.output();
    EXPECT_THAT(up.output(), HasSubstr("Stopped."));
    for (const pid_t pid : last)
        EXPECT_NE(::kill(pid, 0), 0) << "left behind: " << of_process(pid, "cmdline");
}

TEST(Up, KeepsARevocationListThatIsNotOld) {
    Scene scene;
    scene.init();
    Background up(scene.argv({"up", "--address", "127.0.0.1"}));
    ASSERT_TRUE(up.wait_for("revocation list")) << up.output();
    must_run({"openssl", "crl", "-in", scene.home() / "crl/issuing.crl.pem", "-CAfile",
              scene.home() / "broker/ca.pem", "-noout"});
    EXPECT_EQ(up.interrupt(), 0);
}

TEST(Up, AWrongPassphraseIsSaidAtOnceAndTheRightOneIsInNoArgumentAndNoEnvironment) {
    Scene scene;
    write_file(scene.file("right"), std::string_view("correct horse\n"), kPrivateFile);
    write_file(scene.file("wrong"), std::string_view("battery staple\n"), kPrivateFile);
    scene.must({"init", "127.0.0.1", "--port", std::to_string(free_port()), "--passphrase-file",
                scene.file("right")});
    const auto refused = scene.run({"up", "--passphrase-file", scene.file("wrong")});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("E-PASSPHRASE-WRONG"));

    auto argv = scene.argv({"up", "--address", "127.0.0.1"});
    argv.insert(argv.begin(), {"/usr/bin/env", "COUNTERSIGN_PASSPHRASE=correct horse"});
    Background up(argv);
    ASSERT_TRUE(up.wait_for("answering devices")) << up.output();
    ASSERT_GT(part_of(up.process().pid(), "signer"), 0) << up.output();
    for (const pid_t pid : children_of(up.process().pid())) {
        EXPECT_THAT(of_process(pid, "cmdline"), Not(HasSubstr("correct horse")));
        EXPECT_THAT(of_process(pid, "environ"), Not(HasSubstr("correct horse")));
    }
    EXPECT_EQ(up.interrupt(), 0);
}

TEST(Up, UnitsForSystemdGiveTheNetworkToTheOthersOnly) {
    Scene scene;
    scene.init();
    const std::string units = scene.must({"up", "--print-systemd"});
    const auto unit = [&](const std::string& name) {
        const auto begin = units.find("# /etc/systemd/system/countersign-" + name + ".service");
        EXPECT_NE(begin, std::string::npos) << name;
        return units.substr(begin, units.find("\n# /etc/", begin) - begin);
    };
    EXPECT_THAT(unit("signer"), HasSubstr("PrivateNetwork=yes"));
    EXPECT_THAT(unit("broker"), Not(HasSubstr("PrivateNetwork")));
    EXPECT_THAT(unit("responder"), Not(HasSubstr("passphrase")));
    for (const std::string name : {"broker", "responder"})
        EXPECT_THAT(unit(name), HasSubstr("\nReadOnlyPaths=" + scene.home().string() + "/authority\n"));
    EXPECT_THAT(unit("signer"), Not(HasSubstr("ReadOnlyPaths")));
    for (const std::string name : {"broker", "signer", "responder"}) {
        EXPECT_THAT(unit(name), HasSubstr("User=countersign"));
        EXPECT_THAT(unit(name), HasSubstr("ProtectSystem=strict"));
        EXPECT_THAT(unit(name), HasSubstr("--home " + scene.home().string() + " " + name));
    }
}

}  // namespace
}  // namespace countersign::e2e
