// The signer judges for itself: whoever asks may have been taken over. Here it is asked with certificates
// that another holder of the key (the bench's issuer) would sign without a word.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "host/lifecycle/remote_signer.h"
#include "host/lifecycle/signer_service.h"
#include "host/lifecycle/signer_wire.h"
#include "host/pki/der.h"
#include "tests/unit/lifecycle/renewal_bench.h"

namespace countersign::lifecycle {
namespace {

using testing::HasSubstr;

class SignerTest : public RenewalBench {
  protected:
    SignerTest() {
        settings.days = 90;
        settings.hosts = {"broker.local"};
        settings.renewals_per_day = 3;
    }

    // What is to be signed of a certificate that the bench makes.
    pki::Bytes tbs(const std::string& name, const pki::PrivateKey& of, Role role = Role::device,
                   std::chrono::seconds lifetime = std::chrono::days(90),
                   const std::vector<std::string>& hosts = {}) {
        pki::LeafRequest request{name, of.public_key(), {}};
        for (const auto& host : hosts) request.hosts.push_back(pki::HostName::parse(host));
        const auto made = bench.issuer.issue(pki::Profile({role, lifetime}), request);
        const auto parts = pki::der::split_signed(made.der);
        return {parts->to_be_signed.begin(), parts->to_be_signed.end()};
    }
    std::string refusal(const pki::Bytes& asked) {
        try {
            (void)desk.sign(asked);
        } catch (const Error& error) {
            EXPECT_EQ(error.id(), Code::SignerRefused);
            return error.detail();
        }
        return "signed";
    }

    Settings settings;
    SigningDesk desk{registry, bench.authority, bench.signer, bench.clock, [this] { return settings; }};
    Identity device = enrol("user1");
    pki::PrivateKey key = pki::PrivateKey::generate(pki::KeyType::p256);
};

TEST_F(SignerTest, signs_for_a_device_that_is_let_in) {
    EXPECT_EQ(refusal(tbs("user1", key)), "signed");
}

TEST_F(SignerTest, only_for_devices_of_the_registry) {
    EXPECT_THAT(refusal(tbs("user2", key)), HasSubstr("no device of this name"));
    EXPECT_THAT(refusal(tbs("USER1", key)), HasSubstr("no device of this name"));
    registry.hold("user1", "");
    EXPECT_THAT(refusal(tbs("user1", key)), HasSubstr("not let in"));
    registry.reinstate("user1");
    registry.revoke("user1", "");
    EXPECT_THAT(refusal(tbs("user1", key)), HasSubstr("not let in"));
}

TEST_F(SignerTest, a_held_certificate_beside_a_new_one_still_holds) {
    registry.hold("user1", "");
    (void)enrol("user1");
    EXPECT_THAT(refusal(tbs("user1", key)), HasSubstr("held"));
}

TEST_F(SignerTest, no_key_twice) {
    const auto other = enrol("user2");
    EXPECT_THAT(refusal(tbs("user1", other.key)), HasSubstr("certificate of user2"));
    const auto birth = enrol("user1", Role::birth);
    EXPECT_THAT(refusal(tbs("user1", birth.key)), HasSubstr("certificate of user1 (birth)"));
    (void)renew(device, "user1");
    EXPECT_THAT(refusal(tbs("user1", device.key)), HasSubstr("condemned")) << "a retired key stays retired";
}

TEST_F(SignerTest, no_key_that_was_ever_condemned) {
    const auto thief = enrol("user1");
    registry.revoke_certificate(thief.certificate.info.fingerprint, "");
    EXPECT_THAT(refusal(tbs("user1", thief.key)), HasSubstr("is revoked"));
    EXPECT_THAT(refusal(tbs("user1", bench.issuing.key)), HasSubstr("The key is that of"));
    EXPECT_THAT(refusal(tbs("user1", bench.root.key)), HasSubstr("The key is that of"));
}

TEST_F(SignerTest, no_longer_than_the_policy_says) {
    EXPECT_THAT(refusal(tbs("user1", key, Role::device, std::chrono::days(91))), HasSubstr("profile"));
}

TEST_F(SignerTest, no_more_than_so_many_in_a_day_even_if_no_row_comes_of_them) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(refusal(tbs("user1", key)), "signed");
    EXPECT_THAT(refusal(tbs("user1", key)), HasSubstr("within a day"));
    (void)enrol("user2");
    EXPECT_EQ(refusal(tbs("user2", pki::PrivateKey::generate(pki::KeyType::p256))), "signed");
    later(std::chrono::hours(24));
    EXPECT_EQ(refusal(tbs("user1", key)), "signed");
}

TEST_F(SignerTest, no_birth_certificates_and_no_other_roles_for_new_keys) {
    EXPECT_THAT(refusal(tbs("user1", key, Role::birth)), HasSubstr("by hand"));
    EXPECT_THAT(refusal(tbs("user1", key, Role::operator_)), HasSubstr("another key"));
    EXPECT_THAT(refusal(tbs("mallory", key, Role::operator_)), HasSubstr("another key"));
    EXPECT_THAT(refusal(tbs("broker", key, Role::broker, std::chrono::days(90), {"broker.local"})),
                HasSubstr("another key"));
    EXPECT_THAT(refusal(tbs("user1", device.key, Role::operator_)), HasSubstr("another key"));
}

TEST_F(SignerTest, the_hosts_own_identities_keep_their_keys) {
    const auto person = enrol("operator", Role::operator_);
    EXPECT_EQ(refusal(tbs("operator", person.key, Role::operator_)), "signed");
    registry.revoke("operator", "");
    EXPECT_THAT(refusal(tbs("operator", person.key, Role::operator_)), HasSubstr("revoked"));
}

TEST_F(SignerTest, the_broker_for_its_own_hosts_only) {
    Identity broker;
    auto row = as_row(
        bench.issuer.issue(pki::Profile({Role::broker}),
                           {"broker", broker.key.public_key(), {pki::HostName::parse("broker.local")}}),
        Role::broker, bench.authority);
    registry.enrol({"broker", Role::broker, {}, "", "", {}}, row);
    const auto asked = [&](const std::vector<std::string>& hosts) {
        return refusal(tbs("broker", broker.key, Role::broker, std::chrono::days(90), hosts));
    };
    EXPECT_EQ(asked({"broker.local"}), "signed");
    EXPECT_THAT(asked({"broker.local", "bank.example"}), HasSubstr("does not have"));
}

TEST_F(SignerTest, a_certificate_of_another_ca_is_not_signed) {
    pki::Bench elsewhere;
    const auto made = elsewhere.issuer.issue(pki::Profile({Role::device, std::chrono::days(90)}),
                                             {"user1", key.public_key(), {}});
    const auto parts = pki::der::split_signed(made.der);
    EXPECT_THAT(refusal({parts->to_be_signed.begin(), parts->to_be_signed.end()}),
                HasSubstr("authority key identifier of its CA"));
}

TEST_F(SignerTest, what_is_no_certificate_is_not_signed) {
    EXPECT_NE(refusal({}), "signed");
    EXPECT_NE(refusal({0x30, 0x00}), "signed");
    auto changed = tbs("user1", key);
    changed.push_back(0);
    EXPECT_NE(refusal(changed), "signed");
    // A CA, as init makes it.
    const auto ca = pki::der::split_signed(bench.issuing.certificate.der);
    EXPECT_NE(refusal({ca->to_be_signed.begin(), ca->to_be_signed.end()}), "signed");
    // The prefix of a lifecycle message: the issuing key must never sign one.
    EXPECT_NE(refusal({'c', 'o', 'u', 'n', 't', 'e', 'r', 's', 'i', 'g', 'n', '-', 'v', '1', ':', 1, 6}),
              "signed");
}

// --- over the socket

class SignerSocketTest : public SignerTest {
  protected:
    void serve(int calls) {
        server = std::thread([this, calls] {
            for (int i = 0; i < calls; ++i) service.turn(std::chrono::seconds(20));
        });
    }
    ~SignerSocketTest() override {
        if (server.joinable()) server.join();
    }

    test::TemporaryFolder folder;
    // Deeper than a Unix address can say.
    std::filesystem::path deep = [this] {
        const auto path = folder.path() / std::string(100, 'x') / std::string(100, 'y');
        std::filesystem::create_directories(path);
        return path;
    }();
    std::vector<std::string> lines;
    SignerService service{deep / "signer.sock", desk,
                          [this](std::string_view line) { lines.emplace_back(line); }};
    RemoteSigner remote{deep / "signer.sock", bench.signer.public_key()};
    std::thread server;
};

TEST_F(SignerSocketTest, an_issuer_works_with_it_as_with_a_key_at_hand) {
    serve(1);
    pki::Issuer issuer(bench.authority, remote, bench.clock, bench.random);
    const auto made =
        issuer.issue(pki::Profile({Role::device, std::chrono::days(90)}), {"user1", key.public_key(), {}});
    EXPECT_EQ(pki::Verifier(bench).verify(made, {"-purpose", "sslclient"}).exit_code, 0);
    server.join();
    EXPECT_THAT(lines.at(0), HasSubstr("signed: device user1, serial " + made.info.serial));
}

TEST_F(SignerSocketTest, its_refusal_arrives_in_its_words) {
    serve(1);
    try {
        (void)remote.sign(tbs("nobody", key));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.id(), Code::SignerRefused);
        EXPECT_EQ(error.detail(), "Not signed: no device of this name.");
    }
}

TEST_F(SignerSocketTest, only_its_own_user_may_come_in) {
    struct stat status {};
    ASSERT_EQ(::stat((deep / "signer.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SignerSocketTest, a_second_signer_is_refused) {
    EXPECT_EQ(pki::code_of([&] { SignerService second(deep / "signer.sock", desk, {}); }), Code::HomeBusy);
}

TEST_F(SignerSocketTest, callers_that_say_nothing_or_too_much_stop_nobody) {
    serve(3);
    const auto dial = [&] {
        const signer_wire::SocketAddress address((deep / "signer.sock").string());
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        address.text().copy(name.sun_path, sizeof name.sun_path - 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
        return fd;
    };
    ::close(dial());
    const int greedy = dial();
    const pki::Bytes length{0xFF, 0xFF, 0xFF, 0xFF};
    ASSERT_EQ(::send(greedy, length.data(), length.size(), 0), 4);
    EXPECT_FALSE(signer_wire::read_frame(greedy)) << "the signer hangs up";
    ::close(greedy);
    EXPECT_FALSE(remote.sign(tbs("user1", key)).empty());
}

TEST(RemoteSigner, says_when_there_is_no_signer) {
    const test::TemporaryFolder folder;
    RemoteSigner remote(folder / "signer.sock", {});
    EXPECT_EQ(pki::code_of([&] { (void)remote.sign({}); }), Code::SignerUnreachable);
}

TEST(SignerWire, answers_that_are_none) {
    EXPECT_EQ(pki::code_of([] { (void)signer_wire::read_answer({}); }), Code::SignerUnreachable);
    EXPECT_EQ(pki::code_of([] { (void)signer_wire::read_answer(pki::Bytes{'+'}); }), Code::SignerUnreachable);
    EXPECT_EQ(pki::code_of([] {
                  (void)signer_wire::read_answer(pki::Bytes{'?', 1});
              }),
              Code::SignerUnreachable);
    EXPECT_EQ(pki::code_of([] {
                  (void)signer_wire::read_answer(pki::Bytes{'-', 'x'});
              }),
              Code::SignerRefused);
    EXPECT_EQ(signer_wire::read_answer(pki::Bytes{'+', 7}), pki::Bytes{7});
}

}  // namespace
}  // namespace countersign::lifecycle
