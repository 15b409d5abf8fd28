// The same hostile text in every place foreign text comes from; what is looked at are the bytes that come
// out.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/base/files.h"
#include "host/base/printable.h"
#include "tests/e2e/support/board.h"

namespace countersign::e2e {
namespace {

// What a terminal obeys (a title, a cleared screen, C1's CSI as a byte and as UTF-8), what turns and hides
// text (U+202E, U+2066, a tag), what ends lines, and what is no UTF-8.
const std::string kControls =
    "\x1b]0;pwned\x07\x1b["
    "2J\x9b\x31m\xC2\x9b\x31m\xE2\x80\xAE\xE2\x81\xA6\xF3\xA0\x81\x81\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF\x7f"
    "\b";
// A payload and a field of a file may hold a line feed, too: what follows wants to be a line of ours.
const std::string kForged = "Issued root-of-all";
const std::string kHostile = "a" + kControls + "\xff\r\n" + kForged + "\nb";
const std::string kHostileUtf8 =
    "a\xE2\x80\xAE\xE2\x81\xA6\xF3\xA0\x81\x81\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF"
    "b";

testing::AssertionResult is_clean(const std::string& output) {
    if (own_lines(output) != output)
        return testing::AssertionFailure() << "foreign bytes came through: " << own_lines(output);
    if (("\n" + output).find("\n" + kForged) != std::string::npos)
        return testing::AssertionFailure() << "a forged line: " << output;
    return testing::AssertionSuccess();
}

// A program's answer: ASCII, and JSON that holds the data.
testing::AssertionResult is_clean_json(const std::string& output) {
    for (const char c : output) {
        if (c != '\n' && (c < 0x20 || c > 0x7e))
            return testing::AssertionFailure() << "not ASCII: " << own_lines(output);
    }
    if (Json::parse(output, nullptr, false).is_discarded())
        return testing::AssertionFailure() << "no JSON: " << output;
    return testing::AssertionSuccess();
}

class ForeignTextAttack : public ::testing::Test {
  protected:
    void SetUp() override { scene_.init(); }

    // As people and as programs see it; the plain answer.
    std::string both(const std::vector<std::string>& arguments) {
        const auto plain = scene_.run(arguments);
        EXPECT_TRUE(is_clean(plain.output));
        auto as_json = arguments;
        as_json.insert(as_json.begin(), "--json");
        EXPECT_TRUE(is_clean_json(scene_.run(as_json).output));
        return plain.output;
    }

    Scene scene_;
};

TEST(ForeignTextCheckAttack, ThePlantedTextIsFoundWhenItComesThrough) {
    EXPECT_FALSE(is_clean(kHostile));
    EXPECT_FALSE(is_clean(kHostileUtf8));
    EXPECT_FALSE(is_clean("all is well\n" + kForged + "\n"));
    EXPECT_FALSE(is_clean_json("{\"a\": \"" + kHostileUtf8 + "\"}"));
    EXPECT_TRUE(is_clean(one_line(kHostile)));
    EXPECT_TRUE(is_clean("Kühlschrank 3 … ✓\n"));
}

TEST_F(ForeignTextAttack, FilesAndArguments) {
    both({"issue", "--csv", scene_.file("no" + kHostileUtf8)});
    both({"issue", kHostile});
    both({"show", kHostile});
    both({"load", "user1", "--port", kHostile});
    EXPECT_TRUE(is_clean(scene_.run({kHostile}).output));
    EXPECT_TRUE(is_clean(scene_.run({"issue", "user1", "--" + kHostile}).output));
    write_file(scene_.file("title.csv"), "name," + kControls + "\nuser1,x\n", kPublicFile);
    EXPECT_NE(both({"issue", "--csv", scene_.file("title.csv")}).find("\\x1b]0;pwned"), std::string::npos);
    write_file(scene_.file("rows.csv"),
               "name,days\n" + kControls + ",1\nuser1," + kControls + "\n\"" + kControls + "\",1\n",
               kPublicFile);
    both({"issue", "--csv", scene_.file("rows.csv")});
    write_file(scene_.file("pem"), "-----BEGIN " + kHostile + "-----\n", kPublicFile);
    both({"issue", "user1", "--csr", scene_.file("pem")});
}

TEST_F(ForeignTextAttack, CertificateRequests) {
    must_run({"openssl", "req", "-new", "-utf8", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-keyout", scene_.file("key.pem"), "-out", scene_.file("csr.pem"), "-subj",
              "/CN=" + kHostileUtf8 + "\x1b[2J"});
    both({"issue", "user1", "--csr", scene_.file("csr.pem")});
}

// A home is written by others too, and by older versions of ours.
TEST_F(ForeignTextAttack, FieldsOfTheRegistry) {
    scene_.must({"issue", "user1"});
    std::string literal = "x'";
    for (const char c : kHostile) literal += fmt::format("{:02x}", static_cast<unsigned char>(c));
    literal += "'";
    must_run({"sqlite3", scene_.home() / "registry.db",
              "UPDATE devices SET chip_id = CAST(" + literal + " AS TEXT), note = CAST(" + literal +
                  " AS TEXT);"});
    EXPECT_NE(both({"show", "user1"}).find("a\\x1b]0;pwned"), std::string::npos);
    both({"list", "--all"});
    both({"doctor"});
    both({"revoke", "user1"});
    const auto settings = read_text(scene_.home() / "settings.json");
    write_file(scene_.home() / "settings.json", "{" + kHostile, kPrivateFile);
    both({"list"});
    both({"issue", "user2"});
    write_file(scene_.home() / "settings.json", settings, kPrivateFile);
}

TEST_F(ForeignTextAttack, MessagesAndClientIds) {
    scene_.must({"issue", "user1"});
    const auto broker = start_broker(scene_);
    for (const bool json : {false, true}) {
        auto argv = scene_.argv({"watch", "-n", "2"});
        if (json) argv.insert(argv.begin() + 1, "--json");
        Background watch(argv);
        // Retained: it does not matter who is first.
        write_file(scene_.file("payload"), kHostile, kPublicFile);
        must_run(mosquitto_client("mosquitto_pub", scene_, scene_.device("user1"), "user1",
                                  {"-r", "-q", "1", "-t", "devices/user1/1", "-f", scene_.file("payload")}));
        must_run(mosquitto_client("mosquitto_pub", scene_, scene_.device("user1"), "user1",
                                  {"-r", "-q", "1", "-t", "devices/user1/" + kHostileUtf8, "-m", "x"}));
        EXPECT_FALSE(watch.wait_for("\x01 never said"));  // gathers until it ends, with the second message
        const std::string output = watch.output();
        if (!json) {
            EXPECT_TRUE(is_clean(output));
            EXPECT_NE(output.find("\\u202e"), std::string::npos) << output;
            continue;
        }
        bool whole = false;
        for (std::string_view rest = output; !rest.empty();
             rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1))) {
            const std::string line(rest.substr(0, rest.find('\n')));
            EXPECT_TRUE(is_clean_json(line));
            whole = whole || Json::parse(line)["topic"] == "devices/user1/" + kHostileUtf8;
        }
        EXPECT_TRUE(whole) << output;
    }
    // Another client id than its own is refused, and said: by us and, in its own words, by Mosquitto.
    auto argv =
        mosquitto_client("mosquitto_pub", scene_, scene_.device("user1"), "user1", {"-t", "x", "-m", "x"});
    *(std::find(argv.begin(), argv.end(), "-i") + 1) = kHostileUtf8;
    EXPECT_NE(run_command(argv, std::chrono::seconds(20)).exit_code, 0);
    EXPECT_TRUE(broker->wait_for("refused user1")) << broker->output();
    EXPECT_TRUE(is_clean(broker->output()));
    EXPECT_NE(broker->output().find("a\\u202e\\u2066"), std::string::npos) << broker->output();
}

// As a Python literal of bytes.
std::string in_python(const std::string& text) {
    std::string literal = "b'";
    for (const char c : text) literal += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return literal + "'";
}

TEST_F(ForeignTextAttack, WhatABoardSays) {
    Board board(scene_, "board");
    const std::string say = "import sys, builtins\nh = " + in_python(kHostile) + "\n";
    const auto boot = [&](const std::string& program) {
        write_file(board.flash / "boot.py", say + program, kPublicFile);
    };
    // While it is looked at, a fault of its own making.
    boot("def bad(*a, **k):\n    raise OSError(h)\nbuiltins.getattr = bad\n");
    const auto fault = both(board.load("user1"));
    EXPECT_NE(fault.find("E-BOARD-FAILED"), std::string::npos) << fault;
    // The name of its machine; and what it prints while `load` follows its first boot.
    boot(
        "own = getattr\n"
        "def bad(o, n, *d):\n"
        "    return 'a\\x1b[2J\\u202e\\u2028\\x9b\\nIssued root-of-all' if n == '_machine' else own(o, n, "
        "*d)\n"
        "builtins.getattr = bad\n"
        "sys.stdout.buffer.write(h)\n");
    const auto loaded = scene_.run(board.load("user1", {"--wait", "5"})).output;
    EXPECT_TRUE(is_clean(loaded));
    EXPECT_NE(loaded.find("a\\x1b[2J\\u202e\\u2028\\u009b\\x0aIssued"), std::string::npos) << loaded;
    EXPECT_NE(loaded.find("  | a\\x1b]0;pwned\\x07"), std::string::npos) << loaded;
}

TEST_F(ForeignTextAttack, WhatTheVirtualBoardPrints) {
    std::filesystem::create_directories(scene_.file("flash"));
    write_file(scene_.file("flash") / "main.py",
               "import sys\nsys.stdout.buffer.write(" + in_python(kControls) + ")\nprint('the end')\n",
               kPublicFile);
    Background board(scene_.argv({"board", "--dir", scene_.file("flash")}));
    EXPECT_TRUE(board.wait_for("the end"));
    EXPECT_TRUE(is_clean(board.output()));
}

}  // namespace
}  // namespace countersign::e2e
