#include "host/lifecycle/renewal.h"

#include "host/pki/message_signature.h"

namespace countersign::lifecycle {

RenewalPolicy renewal_policy(const Settings& settings) {
    return {settings.renewed_lifetime(), settings.birth_renewal == "approve", settings.renewals_per_day};
}

Seconds renewal_due(std::string_view name, Seconds issued_at, Seconds not_after) {
    const auto hash = pki::sha256_of({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
    const std::int64_t share = hash[0] << 8U | hash[1];  // of 65,536
    const std::int64_t life = (not_after - issued_at).count();
    return issued_at + std::chrono::seconds(life * 2 / 3 + life / 12 * share / 65'536);
}

bool overdue(const registry::Summary& row, Seconds now) {
    if (row.device.role != Role::device || !row.certificate || !may_connect(row.certificate->state)) {
        return false;
    }
    const Seconds due = renewal_due(row.device.name, row.certificate->issued_at, row.certificate->not_after);
    return due < now && (!row.seen || *row.seen < due);
}

std::optional<std::string> renews_by_hand(const pki::CertificateInfo& certificate) {
    if (certificate.role != Role::device || certificate.key_type == pki::KeyType::p256) return std::nullopt;
    if (!certificate.key_type) return "unknown";
    return std::string(pki::to_string(*certificate.key_type));
}

std::optional<std::string> renews_by_hand(pki::ByteView der) {
    if (pki::has_p256_key(der)) return std::nullopt;
    return renews_by_hand(pki::parse_certificate(der).info);
}

}  // namespace countersign::lifecycle
