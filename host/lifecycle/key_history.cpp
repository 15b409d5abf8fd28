#include "host/lifecycle/key_history.h"

#include <fmt/format.h>

#include "host/base/error.h"

namespace countersign::lifecycle {

void check_key_history(const registry::Registry& registry, const pki::Authority& authority,
                       const Fingerprint& key, std::string_view name, Role role) {
    for (const auto* ca : {&authority.root(), &authority.issuing()}) {
        if (ca->info.spki_sha256 == key)
            throw Error(Code::KeyUsed, fmt::format("The key is that of \"{}\".", ca->info.name));
    }
    for (const auto& row : registry.certificates_of_key(key)) {
        if (row.name != name || row.role != role) {
            throw Error(Code::KeyUsed, fmt::format("The key has, or had, a certificate of {} ({}).", row.name,
                                                   to_string(row.role)));
        }
        if (row.state == CertificateState::revoked)
            throw Error(Code::KeyUsed, fmt::format("The key was {}'s, and is revoked.", row.name));
    }
}

}  // namespace countersign::lifecycle
