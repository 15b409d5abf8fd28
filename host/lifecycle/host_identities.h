// The host's own identities: the broker's, the operator's, the responder's. They renew themselves.
//
// Each keeps its key: key and certificate on disk belong together at every moment, and the signer signs for
// no other key of theirs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/lifecycle/open_home.h"
#include "host/pki/issuer.h"

namespace countersign::lifecycle {

// <folder>/<name>.crt.pem, <name>.key.pem and ca.crt.pem: what a client of the broker needs.
struct ClientFiles {
    ClientFiles(const std::filesystem::path& folder, std::string_view whose)
        : name(whose),
          certificate(folder / (name + ".crt.pem")),
          key(folder / (name + ".key.pem")),
          anchors(folder / "ca.crt.pem") {}
    std::string name;
    std::filesystem::path certificate, key, anchors;
};
[[nodiscard]] ClientFiles operator_files(const Home& home);
[[nodiscard]] ClientFiles responder_files(const Home& home);

// Makes the responder's identity when there is none: an authority made before there was a responder. Needs
// the issuing key itself, since the signer signs for no key it does not know. True when it was made.
bool ensure_responder(OpenHome& home, pki::Issuer& issuer);

// A new certificate for the key the operator or the responder has, at once, due or not.
pki::CertificateInfo renew_client(OpenHome& home, pki::Issuer& issuer, Role role);

// Renews those that are due. One line for each that was; throws what the issuer throws.
[[nodiscard]] std::vector<std::string> renew_host_identities(OpenHome& home, pki::Issuer& issuer);

}  // namespace countersign::lifecycle
