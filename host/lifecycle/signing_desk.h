// The signer's own judgement: it sees what it is to sign and asks the registry itself, because whoever asks
// may have been taken over. What it refuses is never signed, whatever the responder thinks.
//
// A certificate of role device: for a device that is registered and let in; for a key that nobody else has;
// no longer than the policy says; not more of them in a day. Of role broker, operator or responder: only for
// the key that this identity has already. Others, and all that breaks a rule of the linter: never.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/lifecycle/renewal.h"
#include "host/pki/authority.h"
#include "host/pki/signer.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

class SigningDesk {
  public:
    // References must outlive it. `settings` is asked anew for each signature.
    SigningDesk(const registry::Registry& registry, const pki::Authority& authority, pki::Signer& key,
                const Clock& clock, std::function<Settings()> settings);

    // The signature of a TBSCertificate. Throws Error{SignerRefused} saying which rule it breaks.
    [[nodiscard]] pki::Bytes sign(pki::ByteView tbs);

  private:
    void check_device(const pki::CertificateInfo& info, const RenewalPolicy& policy);
    void check_own(const pki::CertificateInfo& info, const Settings& settings) const;
    std::size_t count_signed(const std::string& name);

    const registry::Registry& registry_;
    const pki::Authority& authority_;
    pki::Signer& key_;
    const Clock& clock_;
    std::function<Settings()> settings_;
    // When it signed for whom, within the last day: a signature counts even if no row came of it.
    std::map<std::string, std::vector<Seconds>> signed_;
};

}  // namespace countersign::lifecycle
