// The signer's own judgement: it sees what it is to sign and why, and asks for itself, because whoever asks
// may have been taken over, and with it the registry and settings.json, which that one writes to. What it
// refuses is never signed, whatever the responder thinks.
//
// A certificate of role device: for the name and the key in a Request that the device signed itself, with the
// key of a certificate by a CA of ours; when it is let in; for a key that nobody else has; no longer and no
// oftener than settings and signer.json say. Of role broker, operator or responder: for name, role, key and
// hosts of a certificate by a CA of ours that it has already. Others, and all that breaks a rule of the
// linter: never.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/lifecycle/renewal.h"
#include "host/lifecycle/signer_policy.h"
#include "host/pki/authority.h"
#include "host/pki/signer.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

class SigningDesk {
  public:
    // References must outlive it. `settings` and `policy` are asked anew for each signature.
    SigningDesk(const registry::Registry& registry, const pki::Authority& authority, pki::Signer& key,
                const Clock& clock, std::function<Settings()> settings, std::function<SignerPolicy()> policy,
                Ancestors ancestors);

    // The signature of a TBSCertificate; `request` is a device's Request, empty for the host's own. Throws
    // Error{SignerRefused} saying which rule it breaks.
    [[nodiscard]] pki::Bytes sign(pki::ByteView tbs, pki::ByteView request = {});

  private:
    // A Request that is what it says: who has signed it, and the key that is asked for.
    struct Proof {
        Fingerprint signer{};
        std::uint32_t number = 0;
        Fingerprint key{};
        Role role = Role::device;
    };

    [[nodiscard]] Proof check_request(const pki::CertificateInfo& info, pki::ByteView request) const;
    void check_number(const Proof& proof) const;
    [[nodiscard]] bool is_approved(std::string_view name, const Fingerprint& key) const;
    void check_device(const pki::CertificateInfo& info, const RenewalPolicy& policy);
    void check_own(const pki::CertificateInfo& info) const;
    [[nodiscard]] pki::Certificate check_ancestry(const registry::Certificate& row, Seconds at) const;
    std::size_t count_signed(const std::string& name);

    const registry::Registry& registry_;
    const pki::Authority& authority_;
    pki::Signer& key_;
    const Clock& clock_;
    std::function<Settings()> settings_;
    std::function<SignerPolicy()> policy_;
    Ancestors ancestors_;
    // When it signed for whom, within the last day: a signature counts even if no row came of it.
    std::map<std::string, std::vector<Seconds>> signed_;
    // The highest number it signed for, under each signer: the registry's may have been put back.
    std::map<Fingerprint, registry::LastRequest> numbers_;
};

}  // namespace countersign::lifecycle
