// An authority beside a board: what a registrar of the real host does, without its registry.
#pragma once

#include <map>

#include "host/base/error.h"
#include "host/loader/enrol.h"
#include "host/pki/csr.h"
#include "host/pki/issuer.h"
#include "tests/unit/loader/load_support.h"

namespace countersign::loader {

class TestRegistrar final : public Registrar {
  public:
    explicit TestRegistrar(const Clock& clock)
        : root_(pki::create_root({}, clock.now(), random_)),
          root_signer_(root_.key),
          issuing_(pki::create_issuing({}, root_.certificate, root_signer_, clock.now(), random_)),
          authority_(root_.certificate, issuing_.certificate, clock.now()),
          signer_(issuing_.key),
          issuer_(authority_, signer_, clock, random_) {}

    bool must_enrol(const BoardFacts& facts) override {
        asked_about = facts;
        return enrols;
    }
    // The same certificate for the same key, as the host's registry answers.
    EnrolmentAnswer certify(const EnrolmentRequest& request) override {
        requests.push_back(request);
        return {sign(request.working, Role::device), sign(request.birth, Role::birth)};
    }
    void enrolled() override { ++done; }

    [[nodiscard]] Trust trust() const {
        return {{authority_.root().der, authority_.issuing().der},
                {{"192.168.1.22", 8883}, {"broker.local", 8884}},
                3,
                7};
    }
    [[nodiscard]] const pki::Authority& authority() const { return authority_; }
    [[nodiscard]] std::size_t issued() const { return certificates_.size(); }

    bool enrols = true;
    BoardFacts asked_about;
    std::vector<EnrolmentRequest> requests;
    int done = 0;

  private:
    Bytes sign(const Bytes& csr, Role role) {
        const auto request = pki::parse_csr(csr);
        auto& certificate = certificates_[request.public_key.spki];
        if (certificate.empty())
            certificate = issuer_.issue(pki::Profile({role}), {request.name, request.public_key, {}}).der;
        return certificate;
    }

    pki::SystemRandom random_;
    pki::NewCa root_;
    pki::KeySigner root_signer_;
    pki::NewCa issuing_;
    pki::Authority authority_;
    pki::KeySigner signer_;
    pki::Issuer issuer_;
    std::map<Bytes, Bytes> certificates_;  // by key
};

class EnrolTest : public LoadTest {
  protected:
    LoadResult enrol_board(const std::string& name, const Progress& progress = {},
                           const LoadOptions& options = {}) {
        MpremoteBoard board(board_->port());
        return load(board, name, registrar_.trust(), registrar_, options, clock_, progress);
    }
    // What the board's own code says it is, its keys judged by openssl: each belongs to its certificate.
    void expect_enrolled(const std::string& name) const {
        EXPECT_EQ(judge("from countersign.slots import Slots\nfrom countersign.files import Files\n"
                        "s = Slots(Files(root))\na = s.active()\nb = s.birth()\n"
                        "print(a.name, b.name, a.brokers, len(a.anchors()), a.settings.anchors_version, "
                        "a.settings.brokers_version)"),
                  name + " " + name + " [('192.168.1.22', 8883), ('broker.local', 8884)] 2 3 7\n");
        for (const auto* slot : {"a", "b", "birth"}) expect_belonging(flash() / "slots" / slot);
        EXPECT_FALSE(std::filesystem::exists(flash() / "slots/new/name")) << "the new keys are in use";
        EXPECT_TRUE(std::filesystem::is_empty(flash() / "slots/enrol"));
    }
    static void expect_belonging(const std::filesystem::path& slot) {
        if (!std::filesystem::exists(slot / "identity.json")) return;
        const auto key =
            run_command({"openssl", "pkey", "-inform", "DER", "-in", slot / "key.der", "-pubout"}, kPatience);
        const auto certificate = run_command(
            {"openssl", "x509", "-inform", "DER", "-in", slot / "cert.der", "-noout", "-pubkey"}, kPatience);
        EXPECT_EQ(key.exit_code, 0) << key.output;
        EXPECT_EQ(key.output, certificate.output) << slot;
    }

    FixedClock clock_;
    TestRegistrar registrar_{clock_};
};

}  // namespace countersign::loader
