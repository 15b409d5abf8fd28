// What the program makes, judged by openssl and GnuTLS.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "host/base/files.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
}

TEST(Init, MakesABrokerCertificateThatOpensslAndGnutlsAccept) {
    Scene scene;
    scene.must({"init", "192.168.1.22", "broker.local", "::1", "--no-passphrase"});
    const std::string ca = scene.home() / "broker/ca.pem";
    const std::string chain = scene.home() / "broker/broker.crt.pem";
    for (const auto& [option, value] : std::initializer_list<std::pair<const char*, const char*>>{
             {"-verify_ip", "192.168.1.22"}, {"-verify_hostname", "broker.local"}, {"-verify_ip", "::1"}}) {
        must_run({"openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile",
                  scene.home() / "authority/root.crt.pem", "-untrusted", chain, option, value, chain});
    }
    EXPECT_NE(run_command({"openssl", "verify", "-CAfile", ca, "-verify_ip", "192.168.1.23", chain},
                          std::chrono::seconds(10))
                  .exit_code,
              0);
    must_run({"certtool", "--verify", "--load-ca-certificate", ca, "--infile", chain, "--verify-hostname",
              "broker.local"});
}

TEST(Init, EncryptsTheAuthoritysKeysAndOpensThemWithThePassphraseOnly) {
    Scene scene;
    write_file(scene.file("pass"), "correct horse\n", kPrivateFile);
    const std::string pass = scene.file("pass");
    scene.must({"--passphrase-file", pass, "init", "127.0.0.1"});
    for (const char* key : {"root", "issuing"}) {
        const std::string file = scene.home() / "authority" / (std::string(key) + ".key.pem");
        EXPECT_EQ(mode_of(file), 0600U);
        EXPECT_NE(read_text(file).find("BEGIN ENCRYPTED PRIVATE KEY"), std::string::npos);
        must_run({"openssl", "pkey", "-noout", "-in", file, "-passin", "file:" + pass});
    }
    EXPECT_EQ(scene.ask({"issue", "user1"})["code"], "E-PASSPHRASE-NEEDED");
    write_file(scene.file("wrong"), "wrong\n", kPrivateFile);
    EXPECT_EQ(scene.ask({"--passphrase-file", scene.file("wrong"), "issue", "user1"})["code"],
              "E-PASSPHRASE-WRONG");
    EXPECT_TRUE(scene.ask({"list"})["devices"].empty()) << "a refused command left something behind";
    scene.must({"--passphrase-file", pass, "issue", "user1"});
}

TEST(Init, RefusesASecondTimeAndChangesNothing) {
    Scene scene;
    scene.init();
    const auto before = read_file(scene.home() / "authority/root.crt.pem");
    const auto answer = scene.ask({"init", "10.0.0.1", "--no-passphrase"});
    EXPECT_EQ(answer["code"], "E-HOME-EXISTS");
    EXPECT_EQ(answer["exit"], 1);
    EXPECT_EQ(read_file(scene.home() / "authority/root.crt.pem"), before);
}

TEST(Init, RefusesAFolderWithFilesThatAreNotItsOwn) {
    Scene scene;
    make_folder(scene.home() / "broker", kPublicFolder);
    write_file(scene.home() / "broker/notes", "mine", kPublicFile);
    EXPECT_EQ(scene.ask({"init", "10.0.0.1", "--no-passphrase"})["code"], "E-FILE-EXISTS");
    EXPECT_EQ(read_text(scene.home() / "broker/notes"), "mine");
}

TEST(Init, RefusesHostsNobodyCanDial) {
    for (const char* host : {"https://broker", "*.local", "192.168.1.300", "0.0.0.0", "a b", ""}) {
        Scene scene;
        EXPECT_EQ(scene.ask({"init", host, "--no-passphrase"})["exit"], 1) << host;
        EXPECT_FALSE(fs::exists(scene.home() / "authority")) << host;
    }
}

TEST(Issue, MakesAClientCertificateThatOpensslAndGnutlsAccept) {
    Scene scene;
    scene.init();
    for (const char* key : {"p256", "p384", "rsa2048"}) {
        const std::string name = std::string("device-") + key;
        scene.must({"issue", name, "--key", key});
        const fs::path folder = scene.device(name);
        const std::string certificate = folder / (name + ".crt.pem");
        must_run({"openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile",
                  folder / "ca.crt.pem", certificate});
        must_run({"certtool", "--verify", "--load-ca-certificate", folder / "ca.crt.pem", "--infile",
                  certificate});
        const auto text = must_run({"openssl", "x509", "-noout", "-text", "-in", certificate});
        EXPECT_NE(text.find("TLS Web Client Authentication"), std::string::npos);
        EXPECT_NE(text.find("URI:urn:countersign:device:" + name), std::string::npos);
        EXPECT_NE(text.find("Version: 3"), std::string::npos);
    }
}

TEST(Issue, KeepsKeysPrivateAndDerAndPemTheSame) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    const fs::path folder = scene.device("user1");
    EXPECT_EQ(mode_of(folder), 0700U);
    EXPECT_EQ(mode_of(folder / "user1.key.der"), 0600U);
    EXPECT_EQ(mode_of(folder / "user1.key.pem"), 0600U);
    for (const char* what : {"user1.crt", "ca.crt"}) {
        const std::string stem = folder / what;
        EXPECT_EQ(must_run({"openssl", "x509", "-in", stem + ".pem"}),
                  must_run({"openssl", "x509", "-inform", "DER", "-in", stem + ".der"}));
    }
    EXPECT_EQ(must_run({"openssl", "pkey", "-in", folder / "user1.key.pem"}),
              must_run({"openssl", "pkey", "-inform", "DER", "-in", folder / "user1.key.der"}));
}

TEST(Issue, TakesARequestAndNeverSeesTheKey) {
    Scene scene;
    scene.init();
    const std::string key = scene.file("k.pem");
    const std::string csr = scene.file("r.pem");
    must_run({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
              "-keyout", key, "-subj", "/CN=gateway", "-out", csr});
    EXPECT_EQ(scene.ask({"issue", "other", "--csr", csr})["code"], "E-CSR-INVALID");
    scene.must({"issue", "gateway", "--csr", csr});
    const fs::path folder = scene.device("gateway");
    EXPECT_FALSE(fs::exists(folder / "gateway.key.pem"));
    EXPECT_EQ(must_run({"openssl", "x509", "-noout", "-pubkey", "-in", folder / "gateway.crt.pem"}),
              must_run({"openssl", "pkey", "-pubout", "-in", key}));
}

TEST(Issue, RefusesATakenNameUntilAskedToReplace) {
    Scene scene;
    scene.init();
    scene.must({"issue", "user1"});
    EXPECT_EQ(scene.ask({"issue", "user1"})["code"], "E-NAME-TAKEN");
    EXPECT_EQ(scene.ask({"issue", "USER1"})["code"], "E-NAME-TAKEN");
    EXPECT_TRUE(scene.ask({"issue", "user1", "--replace"})["replaces"]);
    const auto certificates = scene.ask({"show", "user1"})["certificates"];
    ASSERT_EQ(certificates.size(), 2U);
    for (const auto& certificate : certificates) EXPECT_EQ(certificate["state"], "pending");
    EXPECT_EQ(std::distance(fs::directory_iterator(scene.home() / "replaced"), fs::directory_iterator()), 1);
}

TEST(Issue, RefusesNamesThatAreNotOursToGive) {
    Scene scene;
    scene.init();
    EXPECT_EQ(scene.ask({"issue", "Operator"})["code"], "E-NAME-RESERVED");
    for (const char* name : {".hidden", "a/b", "a b", "$SYS", "birth~x", "../x"}) {
        EXPECT_EQ(scene.ask({"issue", name})["code"], "E-NAME-INVALID") << name;
    }
}

TEST(Issue, PutsFilesWhereAskedAndOverwritesOnlyItsOwn) {
    Scene scene;
    scene.init();
    scene.must({"issue", "anna", "--role", "operator", "--out", scene.file("anna")});
    EXPECT_TRUE(fs::exists(scene.file("anna") / "anna.crt.pem"));
    EXPECT_EQ(mode_of(scene.file("anna") / "anna.key.pem"), 0600U);
    EXPECT_FALSE(fs::exists(scene.device("anna")));
    EXPECT_NE(read_text(scene.home() / "broker/acl").find("operator~anna"), std::string::npos);
}

TEST(IssueCsv, IssuesTheGoodLinesAndNamesTheBadOnes) {
    Scene scene;
    scene.init();
    write_file(scene.file("list.csv"),
               "name,key,days\nuser1,,\nbad name,,\nuser2,p384,30\nuser2,,\nuser3,dsa,\nUSER1,,\nuser4,,x\n",
               kPublicFile);
    const auto result = scene.run({"issue", "--csv", scene.file("list.csv")});
    EXPECT_EQ(result.exit_code, 1);
    for (const char* line : {"line 3:", "line 6:", "line 7:", "line 8:"}) {
        EXPECT_NE(result.output.find(line), std::string::npos) << line << "\n" << result.output;
    }
    EXPECT_EQ(scene.ask({"list"})["devices"].size(), 2U);
    for (const char* name : {"user1", "user2"}) {
        must_run({"openssl", "verify", "-x509_strict", "-CAfile", scene.device(name) / "ca.crt.pem",
                  scene.device(name) / (std::string(name) + ".crt.pem")});
    }
}

TEST(IssueCsv, ToldToAProgramIsOneObjectWithWhatIsDoneAndWhatIsNot) {
    Scene scene;
    scene.init();
    write_file(scene.file("list.csv"), "name\nuser1\nbad name\n", kPublicFile);
    const auto answer = scene.ask({"issue", "--csv", scene.file("list.csv")});
    EXPECT_EQ(answer["exit"], 1);
    EXPECT_EQ(answer["ok"], false);
    EXPECT_EQ(answer["code"], "E-CSV-INVALID");
    EXPECT_EQ(answer["issued"], 1);
    EXPECT_EQ(answer["problems"][0]["line"], 3);
}

TEST(IssueCsv, ASecondRunFindsNothingLeftToDo) {
    Scene scene;
    scene.init();
    write_file(scene.file("list.csv"), "name\nuser1\nuser2\n", kPublicFile);
    EXPECT_EQ(scene.ask({"issue", "--csv", scene.file("list.csv")})["issued"], 2);
    const auto again = scene.ask({"issue", "--csv", scene.file("list.csv")});
    EXPECT_EQ(again["issued"], 0);
    EXPECT_EQ(again["already"], 2);
    EXPECT_EQ(again["exit"], 0);
}

// A rename where the folder is on the home's file system; copies where it is not, or is there already.
TEST(IssueCsv, PutsAllWhereAskedOnThisFileSystemAndOnAnother) {
    Scene scene;
    scene.init();
    const fs::path elsewhere = fs::path("/dev/shm") / scene.home().parent_path().filename();
    int number = 0;
    for (const fs::path& out : {scene.file("all"), elsewhere}) {
        const std::string first = fmt::format("user{}", ++number);
        const std::string second = fmt::format("user{}", ++number);
        fs::create_directories(out / second);
        write_file(out / second / "mine.txt", "not Countersign's", kPublicFile);
        write_file(scene.file("list.csv"), fmt::format("name\n{}\n{}\n", first, second), kPublicFile);
        const auto answer = scene.ask({"issue", "--csv", scene.file("list.csv"), "--out", out});
        EXPECT_EQ(answer["issued"], 2) << answer;
        for (const std::string& name : {first, second}) {
            EXPECT_EQ(mode_of(out / name / (name + ".key.pem")), 0600U);
            must_run({"openssl", "verify", "-x509_strict", "-CAfile", out / name / "ca.crt.pem",
                      out / name / (name + ".crt.pem")});
            EXPECT_FALSE(fs::exists(scene.device(name)));
        }
        EXPECT_TRUE(fs::exists(out / second / "mine.txt"));
    }
    EXPECT_TRUE(fs::is_empty(scene.home() / ".staging"));
    fs::remove_all(elsewhere);
}

TEST(Root, GoesOfflineOnlyAfterACopyWasReadBack) {
    Scene scene;
    write_file(scene.file("pass"), "correct horse\n", kPrivateFile);
    const std::string pass = scene.file("pass");
    scene.must({"--passphrase-file", pass, "init", "127.0.0.1"});
    EXPECT_EQ(scene.ask({"root", "remove"})["code"], "E-ROOT-NOT-EXPORTED");
    scene.must({"--passphrase-file", pass, "root", "export", scene.file("root.key")});
    EXPECT_EQ(mode_of(scene.file("root.key")), 0600U);
    EXPECT_EQ(
        must_run({"openssl", "pkey", "-pubout", "-in", scene.file("root.key"), "-passin", "file:" + pass}),
        must_run({"openssl", "x509", "-noout", "-pubkey", "-in", scene.home() / "authority/root.crt.pem"}));
    EXPECT_EQ(scene.ask({"--passphrase-file", pass, "root", "export", scene.file("root.key")})["code"],
              "E-FILE-EXISTS");
    scene.must({"root", "remove"});
    EXPECT_FALSE(fs::exists(scene.home() / "authority/root.key.pem"));
    scene.must({"--passphrase-file", pass, "issue", "user1"});
}

TEST(CommandLine, TellsWrongUsageFromFailure) {
    Scene scene;
    EXPECT_EQ(scene.run({"list"}).exit_code, 1) << "no home yet: failed";
    const auto unknown = scene.run({"lst"});
    EXPECT_EQ(unknown.exit_code, 2) << "no such command: wrong usage";
    EXPECT_NE(unknown.output.find("There is no command \"lst\""), std::string::npos) << unknown.output;
    EXPECT_EQ(scene.run({"issue"}).exit_code, 2);
    EXPECT_EQ(scene.run({}).exit_code, 2);
    EXPECT_EQ(scene.run({"--help"}).exit_code, 0);
}

TEST(CommandLine, HelpBeginsWithExamples) {
    Scene scene;
    for (const char* command : {"init", "issue", "load", "broker", "board", "watch", "send", "list", "show",
                                "root", "explain", "demo", "hosts"}) {
        const auto help = scene.must({command, "--help"});
        const auto examples = help.find("Examples:");
        ASSERT_NE(examples, std::string::npos) << command;
        EXPECT_LT(examples, help.find("Options:")) << command;
    }
}

TEST(Documents, TroubleshootingIsTheCatalogue) {
    Scene scene;
    EXPECT_EQ(read_text(COUNTERSIGN_SOURCE "/docs/troubleshooting.md"), scene.must({"explain", "--markdown"}))
        << "countersign explain --markdown > docs/troubleshooting.md";
}

}  // namespace
}  // namespace countersign::e2e
