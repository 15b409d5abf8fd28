#include "host/lifecycle/stored_identity.h"

#include <fmt/format.h>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/pki/authority.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

pki::PrivateKey read_key(const fs::path& folder, std::string_view name) {
    const fs::path der = folder / fmt::format("{}.key.der", name);
    const fs::path pem = folder / fmt::format("{}.key.pem", name);
    if (fs::exists(der)) return pki::PrivateKey::from_der(read_secret(der).bytes());
    if (fs::exists(pem)) return pki::PrivateKey::from_pem(read_secret(pem).text());
    throw Error(Code::KeyElsewhere, fmt::format("{} holds no private key of {}.", folder.string(), name),
                fmt::format("countersign issue {} --replace", name));
}

pki::Certificate read_certificate(const fs::path& folder, std::string_view name) {
    const fs::path der = folder / fmt::format("{}.crt.der", name);
    if (fs::exists(der)) return pki::parse_certificate(read_file(der, pki::kMaxCertificateSize));
    return pki::parse_certificate_pem(read_text(folder / fmt::format("{}.crt.pem", name)));
}

}  // namespace

StoredIdentity load_identity(const Home& home, const registry::Registry& registry, std::string_view name,
                             Seconds now) {
    const fs::path folder = home.device(name);
    const auto key = read_key(folder, name);
    auto certificate = read_certificate(folder, name);
    const std::string again = fmt::format("countersign issue {} --replace", name);
    if (!pki::belongs(key, certificate)) {
        throw Error(Code::CertInvalid, fmt::format("Key and certificate in {} differ.", folder.string()),
                    again);
    }
    const auto row = registry.find_certificate(certificate.info.fingerprint);
    if (!row || !may_connect(row->state)) {
        throw Error(Code::CertState,
                    fmt::format("The certificate in {} is {}.", folder.string(),
                                row ? to_string(row->state) : "not in the registry"),
                    again);
    }
    if (row->not_after <= now) {
        throw Error(Code::CertExpired,
                    fmt::format("The certificate of {} expired {}.", name, format_date(row->not_after)),
                    again);
    }
    return {std::move(certificate), key.to_der()};
}

}  // namespace countersign::lifecycle
