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
        allowed = {std::chrono::days(90), 3, false, {}};
    }

    struct Asked {
        pki::Bytes tbs, request;
    };

    // What is to be signed of a certificate that the bench makes; for a device with a Request by `device`.
    Asked asked(const std::string& name, const pki::PrivateKey& of, Role role = Role::device,
                std::chrono::seconds lifetime = std::chrono::days(90),
                const std::vector<std::string>& hosts = {}) {
        pki::LeafRequest request{name, of.public_key(), {}};
        for (const auto& host : hosts) request.hosts.push_back(pki::HostName::parse(host));
        const auto made = bench.issuer.issue(pki::Profile({role, lifetime}), request);
        const auto parts = pki::der::split_signed(made.der);
        return {{parts->to_be_signed.begin(), parts->to_be_signed.end()},
                role == Role::device ? request_of(device, name, of) : pki::Bytes{}};
    }
    static pki::PrivateKey copy_of(const pki::PrivateKey& key) {
        return pki::PrivateKey::from_der(key.to_der().bytes());
    }
    static pki::Bytes request_of(Identity& signer, const std::string& name, const pki::PrivateKey& key) {
        return make_request(signer, ++signer.number, make_csr(name, key));
    }
    std::string refusal(const Asked& asked) {
        try {
            (void)desk.sign(asked.tbs, asked.request);
        } catch (const Error& error) {
            EXPECT_EQ(error.id(), Code::SignerRefused);
            return error.detail();
        }
        return "signed";
    }

    Settings settings;
    SignerPolicy allowed;
    SigningDesk desk{registry,
                     bench.authority,
                     bench.signer,
                     bench.clock,
                     [this] { return settings; },
                     [this] { return allowed; },
                     {{bench.root.certificate}, {bench.issuing.certificate}}};
    Identity device = enrol("user1");
    pki::PrivateKey key = pki::PrivateKey::generate(pki::KeyType::p256);
};

TEST_F(SignerTest, signs_for_a_device_that_is_let_in) {
    EXPECT_EQ(refusal(asked("user1", key)), "signed");
}

TEST_F(SignerTest, only_for_devices_of_the_registry) {
    EXPECT_THAT(refusal(asked("user2", key)), HasSubstr("another device signed"));
    EXPECT_THAT(refusal(asked("USER1", key)), HasSubstr("another device signed"));
    registry.hold("user1", "");
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("is held"));
    registry.reinstate("user1");
    registry.revoke("user1", "");
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("is revoked"));
}

TEST_F(SignerTest, a_held_certificate_beside_a_new_one_still_holds) {
    registry.hold("user1", "");
    device = enrol("user1");
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("user1 is held"));
}

TEST_F(SignerTest, no_key_twice) {
    const auto other = enrol("user2");
    EXPECT_THAT(refusal(asked("user1", other.key)), HasSubstr("certificate of user2"));
    const auto birth = enrol("user1", Role::birth);
    EXPECT_THAT(refusal(asked("user1", birth.key)), HasSubstr("certificate of user1 (birth)"));
    const auto old_key = copy_of(device.key);
    device = renew(device, "user1");
    EXPECT_THAT(refusal(asked("user1", old_key)), HasSubstr("condemned")) << "a retired key stays retired";
}

TEST_F(SignerTest, no_key_that_was_ever_condemned) {
    const auto thief = enrol("user1");
    registry.revoke_certificate(thief.certificate.info.fingerprint, "");
    EXPECT_THAT(refusal(asked("user1", thief.key)), HasSubstr("is revoked"));
    EXPECT_THAT(refusal(asked("user1", bench.issuing.key)), HasSubstr("The key is that of"));
    EXPECT_THAT(refusal(asked("user1", bench.root.key)), HasSubstr("The key is that of"));
}

TEST_F(SignerTest, no_longer_than_the_policy_says) {
    EXPECT_THAT(refusal(asked("user1", key, Role::device, std::chrono::days(91))), HasSubstr("profile"));
}

TEST_F(SignerTest, no_more_than_so_many_in_a_day_even_if_no_row_comes_of_them) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(refusal(asked("user1", key)), "signed");
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("within a day"));
    auto other = enrol("user2");
    std::swap(device, other);
    EXPECT_EQ(refusal(asked("user2", pki::PrivateKey::generate(pki::KeyType::p256))), "signed");
    std::swap(device, other);
    later(std::chrono::hours(24));
    EXPECT_EQ(refusal(asked("user1", key)), "signed");
}

TEST_F(SignerTest, no_birth_certificates_and_no_other_roles_for_new_keys) {
    EXPECT_THAT(refusal(asked("user1", key, Role::birth)), HasSubstr("by hand"));
    EXPECT_THAT(refusal(asked("user1", key, Role::operator_)), HasSubstr("another key"));
    EXPECT_THAT(refusal(asked("mallory", key, Role::operator_)), HasSubstr("another key"));
    EXPECT_THAT(refusal(asked("broker", key, Role::broker, std::chrono::days(90), {"broker.local"})),
                HasSubstr("another key"));
    EXPECT_THAT(refusal(asked("user1", device.key, Role::operator_)), HasSubstr("another key"));
}

TEST_F(SignerTest, the_hosts_own_identities_keep_their_keys) {
    const auto person = enrol("operator", Role::operator_);
    EXPECT_EQ(refusal(asked("operator", person.key, Role::operator_)), "signed");
    registry.revoke("operator", "");
    EXPECT_THAT(refusal(asked("operator", person.key, Role::operator_)), HasSubstr("revoked"));
}

TEST_F(SignerTest, the_broker_for_its_own_hosts_only) {
    Identity broker;
    auto row = as_row(
        bench.issuer.issue(pki::Profile({Role::broker}),
                           {"broker", broker.key.public_key(), {pki::HostName::parse("broker.local")}}),
        Role::broker, bench.authority);
    registry.enrol({"broker", Role::broker, {}, "", "", {}}, row);
    const auto said = [&](const std::vector<std::string>& hosts) {
        return refusal(asked("broker", broker.key, Role::broker, std::chrono::days(90), hosts));
    };
    EXPECT_EQ(said({"broker.local"}), "signed");
    EXPECT_THAT(said({"broker.local", "bank.example"}), HasSubstr("does not have"));
    settings.hosts.emplace_back("bank.example");
    EXPECT_THAT(said({"broker.local", "bank.example"}), HasSubstr("does not have")) << "that proves nothing";
}

TEST_F(SignerTest, a_certificate_of_another_ca_is_not_signed) {
    pki::Bench elsewhere;
    const auto made = elsewhere.issuer.issue(pki::Profile({Role::device, std::chrono::days(90)}),
                                             {"user1", key.public_key(), {}});
    const auto parts = pki::der::split_signed(made.der);
    EXPECT_THAT(
        refusal({{parts->to_be_signed.begin(), parts->to_be_signed.end()}, request_of(device, "user1", key)}),
        HasSubstr("authority key identifier of its CA"));
}

TEST_F(SignerTest, what_is_no_certificate_is_not_signed) {
    const auto request = request_of(device, "user1", key);
    EXPECT_NE(refusal({{}, request}), "signed");
    EXPECT_NE(refusal({{0x30, 0x00}, request}), "signed");
    auto changed = asked("user1", key);
    changed.tbs.push_back(0);
    EXPECT_NE(refusal(changed), "signed");
    // A CA, as init makes it.
    const auto ca = pki::der::split_signed(bench.issuing.certificate.der);
    EXPECT_NE(refusal({{ca->to_be_signed.begin(), ca->to_be_signed.end()}, request}), "signed");
    // The prefix of a lifecycle message: the issuing key must never sign one.
    const pki::Bytes message{'c', 'o', 'u', 'n', 't', 'e', 'r', 's', 'i', 'g', 'n', '-', 'v', '1', ':', 1, 6};
    EXPECT_NE(refusal({message, request}), "signed");
}

// --- whoever asks has been taken over

TEST_F(SignerTest, only_what_the_device_itself_has_asked_for) {
    const auto good = asked("user1", key);
    EXPECT_THAT(refusal({good.tbs, {}}), HasSubstr("no Request"));
    const auto other = pki::PrivateKey::generate(pki::KeyType::p256);
    EXPECT_THAT(refusal({good.tbs, request_of(device, "user1", other)}), HasSubstr("another name or key"));
    EXPECT_THAT(refusal({good.tbs, request_of(device, "user2", key)}), HasSubstr("another name or key"));
    Identity thief{copy_of(other), device.certificate};  // names the certificate, has not its key
    EXPECT_THAT(refusal({good.tbs, request_of(thief, "user1", key)}), HasSubstr("not signed by the cert"));
    auto person = enrol("anna", Role::operator_);
    EXPECT_THAT(refusal({good.tbs, request_of(person, "user1", key)}), HasSubstr("not signed by a device"));
    for (std::size_t at = 0; at < good.request.size(); at += 5) {
        auto bent = good;
        bent.request[at] ^= 1U;
        EXPECT_NE(refusal(bent), "signed") << at;
    }
    EXPECT_EQ(refusal(good), "signed");
}

// What the responder can write: rows, for certificates that it makes by a CA of its own.
TEST_F(SignerTest, a_registry_that_was_written_to_proves_nothing) {
    pki::Bench elsewhere;
    const auto plant = [&](const std::string& name, Role role, const Identity& of) {
        Identity made{copy_of(of.key)};
        made.certificate =
            elsewhere.issuer.issue(pki::Profile({role, policy.lifetime}), {name, of.key.public_key(), {}});
        if (!registry.find_device(name)) registry.add_device({name, role, {}, "", "", {}});
        auto row = as_row(made.certificate, role, bench.authority);
        row.state = CertificateState::active;
        registry.add_certificate(row);
        return made;
    };
    const Identity mine;
    device = plant("mallory", Role::device, mine);
    EXPECT_THAT(refusal(asked("mallory", key)), HasSubstr("not by a CA of ours"));
    device = plant("user1", Role::device, {});
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("not by a CA of ours"));
    const auto person = plant("eve", Role::operator_, {});
    EXPECT_THAT(refusal(asked("eve", person.key, Role::operator_)), HasSubstr("not by a CA of ours"));
    // A genuine certificate under another name.
    const auto genuine = enrol("user2");
    auto row = as_row(plant("user3", Role::device, {}).certificate, Role::device, bench.authority);
    row.der = genuine.certificate.der;
    row.fingerprint[0] ^= 1U;
    registry.add_certificate(row);
    Identity renamed{copy_of(genuine.key), genuine.certificate};
    renamed.certificate.info.fingerprint = row.fingerprint;
    EXPECT_THAT(refusal({asked("user3", key).tbs, request_of(renamed, "user3", key)}),
                HasSubstr("not what that says"));
}

TEST_F(SignerTest, no_longer_and_no_oftener_than_its_own_policy_says) {
    settings.days = 100'000;
    EXPECT_THAT(refusal(asked("user1", key, Role::device, std::chrono::days(100'000))),
                HasSubstr("signer.json allows 90"));
    settings.days = 90;
    settings.renewals_per_day = 1000;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(refusal(asked("user1", key)), "signed");
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("within a day"));
}

TEST_F(SignerTest, an_old_request_and_one_with_two_keys) {
    const auto first = asked("user1", key);
    const auto other = pki::PrivateKey::generate(pki::KeyType::p256);
    const auto second = asked("user1", other);
    EXPECT_EQ(refusal(second), "signed");
    EXPECT_THAT(refusal(first), HasSubstr("old one"));
    --device.number;
    EXPECT_THAT(refusal(asked("user1", key)), HasSubstr("with another key"));
    EXPECT_EQ(refusal(second), "signed") << "the same once more";
}

TEST_F(SignerTest, no_birth_certificates_request_without_a_nod_when_one_is_wanted) {
    device = enrol("user1", Role::birth);
    EXPECT_EQ(refusal(asked("user1", key)), "signed");
    allowed.birth_needs_nod = true;
    const auto other = pki::PrivateKey::generate(pki::KeyType::p256);
    const auto wish = asked("user1", other);
    EXPECT_THAT(refusal(wish), HasSubstr("nobody has approved"));
    registry.set_waiting({"user1", pki::sha256_of(other.public_key().spki), wish.request, {}, false});
    EXPECT_THAT(refusal(wish), HasSubstr("nobody has approved"));
    registry.approve("user1", pki::sha256_of(other.public_key().spki));
    EXPECT_EQ(refusal(wish), "signed");
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
    const auto request = request_of(device, "user1", key);
    pki::LeafRequest leaf{"user1", key.public_key(), {}};
    leaf.proof = request;
    const auto made = issuer.issue(pki::Profile({Role::device, std::chrono::days(90)}), leaf);
    EXPECT_EQ(pki::Verifier(bench).verify(made, {"-purpose", "sslclient"}).exit_code, 0);
    server.join();
    EXPECT_THAT(lines.at(0), HasSubstr("signed: device user1, serial " + made.info.serial));
}

TEST_F(SignerSocketTest, its_refusal_arrives_in_its_words) {
    serve(1);
    try {
        (void)remote.sign(asked("nobody", key).tbs);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.id(), Code::SignerRefused);
        EXPECT_EQ(error.detail(), "Not signed: no Request of a device came with it.");
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
    const auto good = asked("user1", key);
    EXPECT_FALSE(remote.sign_with(good.tbs, good.request).empty());
}

TEST(RemoteSigner, says_when_there_is_no_signer) {
    const test::TemporaryFolder folder;
    RemoteSigner remote(folder / "signer.sock", {});
    EXPECT_EQ(pki::code_of([&] { (void)remote.sign({}); }), Code::SignerUnreachable);
}

TEST(SignerWire, a_question_comes_apart_as_it_was_put_together) {
    const pki::Bytes tbs{1, 2, 3};
    const pki::Bytes request(message::kMaxMessage, 7);
    const auto plain = signer_wire::question({tbs});
    const auto whole = signer_wire::question({tbs, request});
    ASSERT_TRUE(signer_wire::read_question(plain) && signer_wire::read_question(whole));
    EXPECT_TRUE(std::ranges::equal(signer_wire::read_question(plain)->tbs, tbs));
    EXPECT_TRUE(signer_wire::read_question(plain)->request.empty());
    EXPECT_TRUE(std::ranges::equal(signer_wire::read_question(whole)->tbs, tbs));
    EXPECT_TRUE(std::ranges::equal(signer_wire::read_question(whole)->request, request));
    for (std::size_t size = 0; size < whole.size() - tbs.size() + 1; ++size) {
        EXPECT_FALSE(signer_wire::read_question(pki::ByteView(whole).first(size))) << size;
    }
    EXPECT_FALSE(signer_wire::read_question(pki::Bytes{'R', 0, 0, 1}));
    EXPECT_FALSE(signer_wire::read_question(pki::Bytes{'R', 0xFF, 0xFF, 1}));
    const pki::Bytes longer(message::kMaxMessage + 1, 7);
    EXPECT_EQ(pki::code_of([&] { (void)signer_wire::question({tbs, longer}); }), Code::Internal);
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
