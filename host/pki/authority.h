// The two tiers of CA certificates: a root that goes offline, an issuing CA that works every day.
//
// Both end at 99991231235959Z. Admission is by fingerprint, so a CA's expiry would protect nothing; but
// devices (mbedTLS) and the broker (OpenSSL) do check the dates of every certificate on the path, so a CA
// that ended would lock out every birth certificate and every late comer for good. CAs are replaced by
// rollover instead.
#pragma once

#include <string_view>

#include "host/base/clock.h"
#include "host/pki/certificate.h"
#include "host/pki/key.h"
#include "host/pki/random.h"
#include "host/pki/signer.h"

namespace countersign::pki {

struct CaConfig {
    KeyType key = KeyType::p256;  // not Ed25519: Error{KeyTypeUnsupported}
    Seconds not_after = kForever;
};

struct NewCa {
    PrivateKey key;
    Certificate certificate;
};

// A self-signed root (pathlen 2), backdated a day: "Countersign Root 3f9a12bc". The mark is random, so that
// two authorities are never taken for each other.
[[nodiscard]] NewCa create_root(const CaConfig& config, Seconds now, Random& random);

// An issuing CA (pathlen 0) under `root`, with the root's notBefore. Throws Error: AuthorityBroken when
// `signer` does not hold the root's key, ValidityInvalid when it would end after the root.
[[nodiscard]] NewCa create_issuing(const CaConfig& config, const Certificate& root, Signer& signer,
                                   Seconds now, Random& random);

// Two CA certificates that were checked to belong together.
class Authority {
  public:
    // Throws Error{AuthorityBroken} unless the root is self-signed, the issuing CA verifies strictly under it
    // and both may sign what they have to.
    Authority(Certificate root, Certificate issuing, Seconds now);
    [[nodiscard]] static Authority from_pem(std::string_view root, std::string_view issuing, Seconds now);

    [[nodiscard]] const Certificate& root() const noexcept { return root_; }
    [[nodiscard]] const Certificate& issuing() const noexcept { return issuing_; }

    // Issuing CA, then root: what the broker trusts its clients by.
    [[nodiscard]] std::string ca_pem() const;

  private:
    Certificate root_;
    Certificate issuing_;
};

// Whether this private key belongs to this certificate.
[[nodiscard]] bool belongs(const PrivateKey& key, const Certificate& certificate);

}  // namespace countersign::pki
