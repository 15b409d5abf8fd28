// The root's own revocation list, for other software that asks for one of every CA (`openssl verify
// -crl_check_all`, nginx, HAProxy, Java): crl/root.crl.pem and crl/root.crl, and crl/chain.crl.pem with the
// lists of all CAs in one file.
//
// It names issuing CAs whose key was stolen. It is signed whenever the root's key is at hand, which is
// seldom, and it ends: a list that did not would un-revoke a stolen issuing CA for ever.
#pragma once

#include <optional>
#include <string>

#include "host/lifecycle/crl_publication.h"
#include "host/pki/certificate.h"
#include "host/pki/signer.h"

namespace countersign::lifecycle {

// The calendar of docs/operations.md has the root's key at hand every two years.
inline constexpr std::chrono::days kRootListLifetime{5 * 365};
inline constexpr std::chrono::days kRootListMargin{180};

[[nodiscard]] CrlFiles root_list_files(const Home& home);
// The last list of a root that was replaced: crl/root-<first 16 digits of its fingerprint>.crl.
[[nodiscard]] CrlFiles last_root_list_files(const Home& home, const Fingerprint& root);

// The end of the present root's list; nullopt when there is none of it.
[[nodiscard]] std::optional<Seconds> root_list_end(const Home& home, const pki::Certificate& root);

// The DER of a list that says what the present one does, and of this issuing CA that its key was stolen.
[[nodiscard]] pki::Bytes make_root_list(const Home& home, const pki::Certificate& root, pki::Signer& signer,
                                        Seconds now, Seconds next_update,
                                        const std::optional<std::string>& stolen_serial = {});

// Signs it and replaces the files. Throws what the signer does, Error{FileWrite}.
void publish_root_list(const Home& home, const pki::Certificate& root, pki::Signer& signer, Seconds now);

// crl/chain.crl.pem, made of the lists there are of the broker's CAs. Not while the root's is missing: half
// of them are of no use to whoever asks for all.
void write_list_chain(const Home& home);

}  // namespace countersign::lifecycle
