// A responder that was taken over: it writes to the registry, to settings.json and to the broker's file of
// CAs, it holds the keys of a device of its own, and asks the real signer over its socket. What it wants to
// have signed it has made by the code that makes ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/identity/message.h"
#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/remote_signer.h"
#include "host/pki/message_signature.h"
#include "host/registry/registry.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A CA that nobody trusts.
struct ForeignCa {
    SystemClock clock;
    pki::SystemRandom random;
    pki::NewCa root = pki::create_root({}, clock.now(), random);
    pki::KeySigner root_signer{root.key};
    pki::NewCa issuing = pki::create_issuing({}, root.certificate, root_signer, clock.now(), random);
    pki::Authority authority{root.certificate, issuing.certificate, clock.now()};
    pki::KeySigner signer{issuing.key};
    pki::Issuer issuer{authority, signer, clock, random};
};

class SignerAttack : public ::testing::Test {
  protected:
    void SetUp() override {
        scene_.init();
        scene_.must({"issue", "owned"});
        scene_.must({"issue", "victim"});
        signer_ = std::make_unique<Background>(scene_.argv({"signer"}));
        ASSERT_TRUE(signer_->wait_for("signer is ready")) << signer_->output();
        authority_ = std::make_unique<pki::Authority>(lifecycle::load_authority(home_, clock_.now()));
        remote_ = std::make_unique<lifecycle::RemoteSigner>(home_.signer_socket(),
                                                            pki::public_key_of(authority_->issuing()));
    }
    // A device's own Request, by the keys that its folder holds.
    [[nodiscard]] pki::Bytes request(const std::string& device, const std::string& name,
                                     const pki::PrivateKey& key) {
        const auto folder = scene_.device(device);
        return request_by(
            pki::PrivateKey::from_pem(read_text(folder / (device + ".key.pem"))),
            pki::parse_certificate_pem(read_text(folder / (device + ".crt.pem"))).info.fingerprint, name,
            key);
    }
    [[nodiscard]] pki::Bytes request_by(const pki::PrivateKey& signer, const Fingerprint& certificate,
                                        const std::string& name, const pki::PrivateKey& key) {
        write_file(scene_.file("key"), key.to_pem().text(), kPrivateFile);
        must_run({"openssl", "req", "-new", "-key", scene_.file("key"), "-subj", "/CN=" + name, "-outform",
                  "DER", "-out", scene_.file("csr")});
        const auto csr = read_file(scene_.file("csr"));
        message::Request wanted;
        wanted.signer = certificate;
        wanted.number = ++number_;
        wanted.csr = csr;
        pki::Bytes room(message::kMaxMessage);
        const std::size_t size = message::encode(wanted, room);
        const auto signature = pki::sign_message(signer, pki::ByteView(room).first(size));
        room.resize(message::append_signature(room, size, signature));
        return room;
    }
    // What the signer says: "signed", or why not.
    [[nodiscard]] std::string ask(const std::string& name, const pki::PrivateKey& key, pki::ByteView proof,
                                  Role role = Role::device, std::int64_t days = 365) {
        pki::Issuer issuer(*authority_, *remote_, clock_, random_);
        pki::LeafRequest leaf{name, key.public_key(), {}};
        leaf.proof = proof;
        try {
            const auto made = issuer.issue(pki::Profile({role, std::chrono::days(days)}), leaf);
            EXPECT_EQ(made.info.name, name);
            return "signed";
        } catch (const Error& error) {
            EXPECT_EQ(error.id(), Code::SignerRefused) << error.what();
            return error.detail();
        }
    }
    // A row for a certificate by a CA of the attacker's, which the broker's file names as well.
    Fingerprint plant(const std::string& name, Role role, const pki::PrivateKey& key) {
        const auto made = foreign_.issuer.issue(pki::Profile({role}), {name, key.public_key(), {}});
        auto registry = registry::Registry::open(home_.registry(), clock_);
        auto row = lifecycle::as_row(made, role, *authority_);
        row.state = CertificateState::active;
        if (registry.find_device(name)) {
            registry.add_certificate(row);
        } else {
            registry.enrol({name, role, {}, "", "", {}}, row);
        }
        const fs::path cas = scene_.home() / "broker/ca.pem";
        write_file(cas, read_text(cas) + foreign_.authority.ca_pem(), kPublicFile);
        return made.info.fingerprint;
    }
    void set(const Json& changes) const {
        auto settings = Json::parse(read_text(home_.settings()));
        settings.update(changes);
        write_file(home_.settings(), settings.dump(), kPublicFile);
    }
    // As when a service has died: it reads everything anew.
    void restart_signer() {
        EXPECT_EQ(signer_->interrupt(), 0) << signer_->output();
        signer_ = std::make_unique<Background>(scene_.argv({"signer"}));
        ASSERT_TRUE(signer_->wait_for("signer is ready")) << signer_->output();
    }

    Scene scene_;
    SystemClock clock_;
    pki::SystemRandom random_;
    lifecycle::Home home_{scene_.home()};
    ForeignCa foreign_;
    std::unique_ptr<Background> signer_;
    std::unique_ptr<pki::Authority> authority_;
    std::unique_ptr<lifecycle::RemoteSigner> remote_;
    pki::PrivateKey key_ = pki::PrivateKey::generate(pki::KeyType::p256);
    std::uint32_t number_ = 0;
};

TEST_F(SignerAttack, TheDevicesOwnRequestIsSigned) {
    EXPECT_EQ(ask("owned", key_, request("owned", "owned", key_)), "signed");
}

// The home of an earlier version knows no signer.json; and the certificates of a replaced root work on.
TEST_F(SignerAttack, ADeviceOfAnOlderRootGoesOn) {
    for (const bool known : {true, false}) {
        if (!known) fs::remove(home_.signer_policy());
        if (known) scene_.must({"rollover", "root", "start"});
        restart_signer();
        authority_ = std::make_unique<pki::Authority>(lifecycle::load_authority(home_, clock_.now()));
        remote_ = std::make_unique<lifecycle::RemoteSigner>(home_.signer_socket(),
                                                            pki::public_key_of(authority_->issuing()));
        const auto next = pki::PrivateKey::generate(pki::KeyType::p256);
        EXPECT_EQ(ask("owned", next, request("owned", "owned", next)), "signed") << known;
        EXPECT_EQ(Json::parse(read_text(home_.signer_policy()))["roots"].size(), 2U);
    }
}

TEST_F(SignerAttack, ACertificateForAnotherDevice) {
    EXPECT_THAT(ask("victim", key_, {}), HasSubstr("no Request"));
    EXPECT_THAT(ask("victim", key_, request("owned", "owned", key_)), HasSubstr("another device signed"));
    EXPECT_THAT(ask("victim", key_, request("owned", "victim", key_)), HasSubstr("another device signed"));
    const auto mine = pki::PrivateKey::generate(pki::KeyType::p256);
    for (int i = 0; i < 2; ++i, restart_signer()) {
        const auto planted = plant("victim", Role::device, pki::PrivateKey::generate(pki::KeyType::p256));
        EXPECT_THAT(ask("victim", key_, request_by(mine, planted, "victim", key_)),
                    HasSubstr("not by a CA of ours"));
    }
}

TEST_F(SignerAttack, ANewName) {
    const auto mine = pki::PrivateKey::generate(pki::KeyType::p256);
    const auto planted = plant("mallory", Role::device, mine);
    EXPECT_THAT(ask("mallory", key_, request_by(mine, planted, "mallory", key_)),
                HasSubstr("not by a CA of ours"));
    restart_signer();
    EXPECT_THAT(ask("mallory", key_, request_by(mine, planted, "mallory", key_)),
                HasSubstr("not by a CA of ours"));
    EXPECT_THAT(ask("mallory", key_, request("owned", "mallory", key_)), HasSubstr("another device signed"));
}

TEST_F(SignerAttack, AHundredThousandDays) {
    set({{"days", 100'000}, {"renewals_per_day", 1'000'000}});
    EXPECT_THAT(ask("owned", key_, request("owned", "owned", key_), Role::device, 100'000),
                HasSubstr("signer.json allows 365"));
    restart_signer();
    EXPECT_THAT(ask("owned", key_, request("owned", "owned", key_), Role::device, 100'000),
                HasSubstr("signer.json allows 365"));
    EXPECT_THAT(scene_.ask({"doctor", "--files"}).dump(), HasSubstr("settings.json wants longer lives"));
    set({{"days", 365}});
    for (int i = 0; i < 10; ++i) {
        const auto next = pki::PrivateKey::generate(pki::KeyType::p256);
        EXPECT_EQ(ask("owned", next, request("owned", "owned", next)), "signed");
    }
    EXPECT_THAT(ask("owned", key_, request("owned", "owned", key_)), HasSubstr("within a day"));
}

TEST_F(SignerAttack, AnOperator) {
    EXPECT_THAT(ask("owned", key_, request("owned", "owned", key_), Role::operator_),
                HasSubstr("has another key"));
    const auto planted = plant("eve", Role::operator_, key_);
    EXPECT_THAT(ask("eve", key_, {}, Role::operator_), HasSubstr("not by a CA of ours"));
    EXPECT_THAT(ask("eve", key_, request_by(key_, planted, "eve", key_), Role::device),
                HasSubstr("not signed by a device"));
    const auto other = pki::PrivateKey::generate(pki::KeyType::p256);
    plant("operator", Role::operator_, other);
    EXPECT_THAT(ask("operator", other, {}, Role::operator_), HasSubstr("not by a CA of ours"));
}

}  // namespace
}  // namespace countersign::e2e
