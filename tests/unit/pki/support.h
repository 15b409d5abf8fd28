// An authority to test with, and the independent oracles: the openssl and certtool programs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/pki/authority.h"
#include "host/pki/issuer.h"
#include "tests/support/temporary_folder.h"

namespace countersign::pki {

// 2026-03-01T12:00:00Z
inline constexpr Seconds kNow{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} +
                              std::chrono::hours{12}};

class FixedClock final : public Clock {
  public:
    explicit FixedClock(Seconds time) : time_(time) {}
    [[nodiscard]] Seconds now() const override { return time_; }
    void set(Seconds time) { time_ = time; }

  private:
    Seconds time_;
};

// The same numbers in every run.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(unsigned seed = 1) : engine_(seed) {}
    void fill(std::span<std::uint8_t> bytes) override {
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
    }

  private:
    std::mt19937 engine_;
};

// Root, issuing CA, signer and issuer, all of one kind of key.
struct Bench {
    explicit Bench(KeyType key = KeyType::p256, Seconds now = kNow, Seconds issuing_end = kForever)
        : clock(now),
          root(create_root({key, kForever}, now, random)),
          root_signer(root.key),
          issuing(create_issuing({key, issuing_end}, root.certificate, root_signer, now, random)),
          signer(issuing.key),
          authority(root.certificate, issuing.certificate, now),
          issuer(authority, signer, clock, random) {}

    [[nodiscard]] Certificate client(const std::string& name, Role role = Role::device,
                                     KeyType type = KeyType::p256) {
        return issuer.issue(Profile({role}), {name, PrivateKey::generate(type).public_key(), {}});
    }
    [[nodiscard]] Certificate broker(const std::vector<std::string>& hosts,
                                     OldBoards old_boards = OldBoards::not_served) {
        LeafRequest request{"broker", PrivateKey::generate(KeyType::p256).public_key(), {}};
        for (const std::string& host : hosts) request.hosts.push_back(HostName::parse(host));
        request.old_boards = old_boards;
        return issuer.issue(Profile({Role::broker}), request);
    }

    FixedClock clock;
    SeededRandom random;
    NewCa root;
    KeySigner root_signer;
    NewCa issuing;
    KeySigner signer;
    Authority authority;
    Issuer issuer;
};

// Runs `call` and returns the code of the Error it throws; fails the test when it throws none.
template <typename Call>
Code code_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.id();
    }
    ADD_FAILURE() << "no error was thrown";
    return Code::Internal;
}

// The same for the text of the error.
template <typename Call>
std::string detail_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.detail();
    }
    ADD_FAILURE() << "no error was thrown";
    return {};
}

inline CommandResult run(const std::vector<std::string>& argv, std::string_view input = {}) {
    return run_command(argv, std::chrono::seconds(60), input);
}

inline std::string openssl(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), "openssl");
    const CommandResult result = run(arguments, input);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return result.output;
}

// The certificates of a bench in files, and `openssl verify -x509_strict` at the bench's time.
class Verifier {
  public:
    explicit Verifier(const Bench& bench)
        : time_(std::to_string(bench.clock.now().time_since_epoch().count())) {
        write_file(root(), to_pem(bench.root.certificate), kPublicFile);
        write_file(issuing(), to_pem(bench.issuing.certificate), kPublicFile);
    }

    [[nodiscard]] std::string root() const { return folder_.path() / "root.pem"; }
    [[nodiscard]] std::string issuing() const { return folder_.path() / "issuing.pem"; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

    CommandResult verify(const Certificate& leaf, const std::vector<std::string>& options) const {
        const std::string path = folder_.path() / "leaf.pem";
        write_file(path, to_pem(leaf), kPublicFile);
        std::vector<std::string> argv{"openssl", "verify", "-x509_strict", "-attime", time_,
                                      "-CAfile", root(),   "-untrusted",   issuing()};
        argv.insert(argv.end(), options.begin(), options.end());
        argv.push_back(path);
        return run(argv);
    }

  private:
    test::TemporaryFolder folder_;
    std::string time_;
};

}  // namespace countersign::pki
