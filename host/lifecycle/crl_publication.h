// The real revocation list, for other software: crl/issuing.crl.pem and crl/issuing.crl (DER). Our own broker
// does not look at it: it asks the registry.
#pragma once

#include <cstdint>
#include <optional>

#include "host/lifecycle/open_home.h"
#include "host/pki/authority.h"
#include "host/pki/signer.h"

namespace countersign::lifecycle {

inline constexpr std::chrono::days kCrlLifetime{30};
// A new one is made when the old one has less than this left: whoever fetches it has weeks to notice that it
// is not made any more.
inline constexpr std::chrono::days kCrlMargin{20};

struct CrlStatus {
    std::uint64_t number = 0;  // the event of the registry that made it: counts up with every list
    Seconds next_update{};
};

struct CrlFiles {
    std::filesystem::path pem, der;
};
[[nodiscard]] CrlFiles crl_files(const Home& home);
// The last list of a CA that signs no more: crl/issuing-<first 16 digits of its fingerprint>.crl.
[[nodiscard]] CrlFiles last_crl_files(const Home& home, const Fingerprint& issuing);

// What the file there says of itself; nullopt when there is none that can be read.
[[nodiscard]] std::optional<CrlStatus> read_crl(const Home& home);

// Whether the list lacks what the registry knows, or will lapse soon.
[[nodiscard]] bool crl_is_due(OpenHome& home);

// The DER of a list of all that is out under this issuing CA, with the next number.
[[nodiscard]] pki::Bytes make_next_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer,
                                       Seconds next_update);

// Signs a list of all that is out (revoked; held as certificateHold) under the issuing CA and replaces the
// files. Certificates that ended more than kCrlLifetime ago are left out: they have been on a list that was
// made after their end (RFC 5280 3.3). Throws what the signer does, Error{FileWrite}.
CrlStatus publish_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer);

// The same when it is due; nullopt when it was not. Called by whoever has the signer at hand.
std::optional<CrlStatus> refresh_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer);

}  // namespace countersign::lifecycle
