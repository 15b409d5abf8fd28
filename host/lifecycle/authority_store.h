// The authority on disk: read, checked, unlocked.
#pragma once

#include <cstdint>

#include "host/base/secret.h"
#include "host/lifecycle/home.h"
#include "host/pki/authority.h"
#include "host/pki/issuer.h"
#include "host/pki/random.h"
#include "host/pki/signer.h"

namespace countersign::lifecycle {

// Throws Error{AuthorityBroken} when a file is missing or the two do not belong together.
[[nodiscard]] pki::Authority load_authority(const Home& home, Seconds now);

// What goes into a key's file: encrypted unless `passphrase` is empty.
[[nodiscard]] Secret key_pem(const pki::PrivateKey& key, const Secret& passphrase);

// Who judges the clock (plausible_clock.h).
enum class ClockCheck : std::uint8_t {
    here,   // before anything is signed by hand
    later,  // the signer, for each signature
};

// The authority with its issuing key unlocked, ready to issue.
class IssuingAuthority {
  public:
    // `passphrase` is empty for keys that are not encrypted. Throws Error{PassphraseNeeded, PassphraseWrong,
    // AuthorityBroken, ClockDoubtful}. `clock` must outlive it.
    IssuingAuthority(const Home& home, const Secret& passphrase, const Clock& clock,
                     ClockCheck check = ClockCheck::here);
    IssuingAuthority(const IssuingAuthority&) = delete;
    IssuingAuthority& operator=(const IssuingAuthority&) = delete;

    [[nodiscard]] const pki::Authority& authority() const noexcept { return authority_; }
    [[nodiscard]] pki::Issuer& issuer() noexcept { return issuer_; }
    [[nodiscard]] pki::Signer& signer() noexcept { return signer_; }

  private:
    pki::Authority authority_;
    pki::KeySigner signer_;
    pki::SystemRandom random_;
    pki::Issuer issuer_;
};

}  // namespace countersign::lifecycle
