// What the plugin reads out of a client's certificate.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>

#include "core/identity/role.h"

namespace countersign::broker::plugin {

struct FreeX509 {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using CertificatePtr = std::unique_ptr<X509, FreeX509>;

struct Presented {
    Fingerprint fingerprint{};
    std::string
        name;  // the subject's common name, as it is: foreign until the registry knows the fingerprint
    std::string serial;  // lower-case hex
};

// nullopt when it cannot be hashed.
[[nodiscard]] std::optional<Presented> read_certificate(X509& certificate);

}  // namespace countersign::broker::plugin
