#include "host/lifecycle/authority_store.h"

#include "host/base/error.h"
#include "host/base/files.h"

namespace countersign::lifecycle {
namespace {

pki::PrivateKey load_key(const std::filesystem::path& path, const Secret& passphrase) {
    const auto content = read_file(path);
    const Secret pem{std::span(content)};
    explicit_bzero(const_cast<std::uint8_t*>(content.data()), content.size());
    return pki::PrivateKey::from_pem(pem.text(), passphrase);
}

}  // namespace

pki::Authority load_authority(const Home& home, Seconds now) {
    return pki::Authority::from_pem(read_text(home.root_certificate()), read_text(home.issuing_certificate()),
                                    now);
}

IssuingAuthority::IssuingAuthority(const Home& home, const Secret& passphrase, const Clock& clock)
    : authority_(load_authority(home, clock.now())),
      signer_(load_key(home.issuing_key(), passphrase)),
      issuer_(authority_, signer_, clock, random_) {}

}  // namespace countersign::lifecycle
