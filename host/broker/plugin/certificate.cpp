#include "host/broker/plugin/certificate.h"

#include <openssl/evp.h>

#include "host/broker/plugin/hex.h"

namespace countersign::broker::plugin {
namespace {

std::string common_name(X509& certificate) {
    const X509_NAME* subject = X509_get_subject_name(&certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) return {};
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string serial_in_hex(X509& certificate) {
    const ASN1_INTEGER* serial = X509_get0_serialNumber(&certificate);
    return to_hex({ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
}

}  // namespace

std::optional<Presented> read_certificate(X509& certificate) {
    Presented presented;
    // X509_digest hashes the DER as it was received, not a fresh encoding of it.
    if (X509_digest(&certificate, EVP_sha256(), presented.fingerprint.data(), nullptr) != 1)
        return std::nullopt;
    presented.name = common_name(certificate);
    presented.serial = serial_in_hex(certificate);
    return presented;
}

}  // namespace countersign::broker::plugin
