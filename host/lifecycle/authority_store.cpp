#include "host/lifecycle/authority_store.h"

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/lifecycle/plausible_clock.h"

namespace countersign::lifecycle {
namespace {

pki::PrivateKey load_key(const std::filesystem::path& path, const Secret& passphrase) {
    return pki::PrivateKey::from_pem(read_secret(path).text(), passphrase);
}

}  // namespace

pki::Authority load_authority(const Home& home, Seconds now) {
    return pki::Authority::from_pem(read_text(home.root_certificate()), read_text(home.issuing_certificate()),
                                    now);
}

Secret key_pem(const pki::PrivateKey& key, const Secret& passphrase) {
    if (passphrase.empty()) return key.to_pem();
    return Secret(std::string_view(key.to_encrypted_pem(passphrase)));
}

IssuingAuthority::IssuingAuthority(const Home& home, const Secret& passphrase, const Clock& clock,
                                   ClockCheck check)
    : authority_(load_authority(home, clock.now())),
      signer_(load_key(home.issuing_key(), passphrase)),
      issuer_(authority_, signer_, clock, random_) {
    if (check == ClockCheck::later) return;
    check_clock(registry::Registry::open(home.registry(), clock), clock.now(), kFarAheadByHand);
}

}  // namespace countersign::lifecycle
