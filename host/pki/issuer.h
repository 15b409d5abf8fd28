// The issuing CA at work: names and public keys in, verified certificates out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "host/base/clock.h"
#include "host/pki/authority.h"
#include "host/pki/certificate.h"
#include "host/pki/host_name.h"
#include "host/pki/key.h"
#include "host/pki/profile.h"
#include "host/pki/random.h"
#include "host/pki/signer.h"

namespace countersign::pki {

struct LeafRequest {
    std::string name;  // the CN; [A-Za-z0-9._-]{1,64}
    PublicKey public_key;
    std::vector<HostName> hosts;  // of a broker, at least one; empty for all others
    OldBoards old_boards = OldBoards::not_served;
    ByteView proof{};  // for the signer (Signer::sign_with): the device's own request
};

// All references must outlive it. Not for use from two threads at once.
class Issuer {
  public:
    // Throws Error{AuthorityBroken} when `signer` does not hold the issuing CA's key.
    Issuer(const Authority& authority, Signer& signer, const Clock& clock, Random& random);

    // One certificate: linted before it is signed, verified strictly afterwards (chain to the root, purpose,
    // each host a device may dial). Throws Error: NameInvalid, HostInvalid, KeyTypeUnsupported,
    // ValidityInvalid; CertInvalid when the product does not verify, and then nothing was issued.
    [[nodiscard]] Certificate issue(const Profile& profile, const LeafRequest& request);

    [[nodiscard]] const Authority& authority() const noexcept { return authority_; }

  private:
    friend class BulkIssuer;
    const Authority& authority_;
    Signer& signer_;
    const Clock& clock_;
    Random& random_;
};

// Many certificates of one profile (clients only). Every product's signature is checked; the first and then
// every kStrictEvery-th gets all that Issuer::issue does, key file included. Not for use from two threads.
class BulkIssuer {
  public:
    static constexpr std::size_t kStrictEvery = 1024;

    struct Identity {
        Secret key_der;  // PKCS#8
        Certificate certificate;
    };

    // Throws Error: Usage for a server profile, KeyTypeUnsupported.
    BulkIssuer(Issuer& issuer, const Profile& profile, KeyType key);
    ~BulkIssuer();

    // A new key and its certificate. Throws as Issuer::issue; the issuer can go on with the next name.
    [[nodiscard]] Identity issue(const std::string& name);

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace countersign::pki
