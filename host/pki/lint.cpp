#include "host/pki/lint.h"

#include <algorithm>
#include <array>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/extensions.h"
#include "host/pki/openssl.h"
#include "host/pki/signature.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

void rule(bool kept, std::string_view text) {
    if (!kept)
        throw Error(Code::CertInvalid, "Not signed, because it breaks a rule: " + std::string(text) + ".");
}

// A certificate with the bytes in question and a signature of nothing, so that OpenSSL can read it.
Bytes with_no_signature(ByteView tbs) {
    der::Reader outside(tbs);
    const auto sequence = outside.next(der::kSequence);
    rule(sequence && outside.at_end(), "one SEQUENCE");
    der::Reader inside(sequence->content);
    (void)inside.next(der::constructed(0));
    (void)inside.next(der::kInteger);
    const auto algorithm = inside.next(der::kSequence);
    rule(algorithm.has_value(), "version, serial number, signature algorithm");
    constexpr std::array<std::uint8_t, 2> kNoSignature{0, 0};
    return der::join_signed(tbs, algorithm->whole, kNoSignature);
}

X509Ptr read_unsigned(ByteView tbs) {
    X509Ptr x509 = decode_x509(with_no_signature(tbs));
    rule(x509 != nullptr, "a DER TBSCertificate");
    return x509;
}

void lint_frame(X509* x509, const X509* ca) {
    rule(X509_get_version(x509) == X509_VERSION_3, "version 3 (RFC 5280 4.1.2.1)");
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509);
    const ByteView magnitude = asn1_bytes(serial);
    rule(ASN1_STRING_type(serial) == V_ASN1_INTEGER && !magnitude.empty() && magnitude.front() != 0,
         "a positive serial number (RFC 5280 4.1.2.2)");
    // The magnitude comes without the zero octet that a set top bit needs.
    rule(magnitude.size() + (magnitude.front() >> 7U) <= 20,
         "a serial number of at most 20 octets (RFC 5280 4.1.2.2)");
    rule(name_of(X509_get_issuer_name(x509)) == name_of(X509_get_subject_name(ca)),
         "the issuer as the CA writes its own name (RFC 5280 4.1.2.4)");
}

void lint_time(const ASN1_TIME* time, Seconds when) {
    constexpr Seconds k2050{std::chrono::sys_days{std::chrono::year{2050} / 1 / 1}};
    rule(ASN1_STRING_type(time) == (when < k2050 ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME),
         "UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5)");
}

void lint_dates(const X509* x509, const Profile& profile, const CertificateInfo& ca, Seconds now) {
    const auto from = to_seconds(X509_get0_notBefore(x509));
    const auto to = to_seconds(X509_get0_notAfter(x509));
    rule(from && to, "dates that can be read");
    lint_time(X509_get0_notBefore(x509), *from);
    lint_time(X509_get0_notAfter(x509), *to);
    rule(*from >= ca.not_before && *to <= ca.not_after, "a life within that of its CA");
    rule(*from <= now && now < *to, "valid now");
    rule(*to <= profile.not_after(now, ca.not_after), "no longer than its profile says");
}

void lint_subject(const X509* x509, const Profile& profile) {
    const X509_NAME* subject = X509_get_subject_name(x509);
    rule(X509_NAME_entry_count(subject) == 1 && is_valid_name(common_name(subject)), "one CN, a valid name");
    profile.require(parse_public_key(spki_of(x509)).type);
}

// Exactly these, each once, critical as RFC 5280 4.2.1 says.
void lint_extension_set(const X509* x509) {
    struct Wanted {
        int nid;
        int critical;
    };
    constexpr std::array<Wanted, 6> kWanted{{{NID_basic_constraints, 1},
                                             {NID_key_usage, 1},
                                             {NID_ext_key_usage, 0},
                                             {NID_authority_key_identifier, 0},
                                             {NID_subject_key_identifier, 0},
                                             {NID_subject_alt_name, 0}}};
    rule(X509_get_ext_count(x509) == static_cast<int>(kWanted.size()),
         "the profile's extensions and no others");
    for (const auto& [nid, critical] : kWanted) {
        const int at = X509_get_ext_by_NID(x509, nid, -1);
        rule(at >= 0, std::string("the extension ") + OBJ_nid2sn(nid));
        rule(X509_EXTENSION_get_critical(X509_get_ext(x509, at)) == critical,
             std::string("criticality of ") + OBJ_nid2sn(nid));
    }
}

void lint_extensions(X509* x509, X509* ca, const Profile& profile) {
    rule((X509_get_extension_flags(x509) & EXFLAG_INVALID) == 0, "extensions that can be read");
    // Not X509_check_ca(), which calls a CA without keyCertSign none.
    rule((X509_get_extension_flags(x509) & EXFLAG_CA) == 0, "not a CA");
    rule(X509_get_key_usage(x509) == KU_DIGITAL_SIGNATURE, "keyUsage digitalSignature alone");
    rule(X509_get_extended_key_usage(x509) ==
             static_cast<std::uint32_t>(profile.is_server() ? XKU_SSL_SERVER : XKU_SSL_CLIENT),
         "the extended key usage of its role alone");
    const ASN1_OCTET_STRING* authority = X509_get0_authority_key_id(x509);
    const ASN1_OCTET_STRING* of_ca = X509_get0_subject_key_id(ca);
    rule(authority != nullptr && of_ca != nullptr && ASN1_OCTET_STRING_cmp(authority, of_ca) == 0,
         "the authority key identifier of its CA (RFC 5280 4.2.1.1)");
    const ASN1_OCTET_STRING* subject = X509_get0_subject_key_id(x509);
    rule(subject != nullptr &&
             std::ranges::equal(asn1_bytes(subject), key_identifier(parse_public_key(spki_of(x509)))),
         "the subject key identifier of its key (RFC 7093)");
}

struct AlternativeNames {
    std::vector<std::string> uris;
    std::vector<std::string> dns;
    std::vector<Bytes> addresses;
};

AlternativeNames alternative_names(const X509* x509) {
    const GeneralNamesPtr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
    rule(names != nullptr, "one subject alternative name extension");
    AlternativeNames found;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME& name = *sk_GENERAL_NAME_value(names.get(), i);
        switch (name.type) {
            case GEN_URI:
                found.uris.push_back(printable(asn1_bytes(name.d.uniformResourceIdentifier)));
                break;
            case GEN_DNS: found.dns.push_back(printable(asn1_bytes(name.d.dNSName))); break;
            case GEN_IPADD: {
                const ByteView address = asn1_bytes(name.d.iPAddress);
                found.addresses.emplace_back(address.begin(), address.end());
                break;
            }
            default: rule(false, "alternative names of the kinds URI, DNS and IP");
        }
    }
    return found;
}

// For old boards; after the real names, since some parsers stop at the first that is none.
void lint_addresses_as_names(const AlternativeNames& names) {
    bool address_seen = false;
    for (const std::string& text : names.dns) {
        const HostName host = HostName::parse(text);
        rule(host.is_ip() || !address_seen, "DNS names before addresses in their place");
        address_seen = address_seen || host.is_ip();
        if (!host.is_ip()) continue;
        rule(host.kind() == HostName::Kind::ipv4, "no IPv6 address as a DNS name");
        rule(std::ranges::find(names.addresses, host.address()) != names.addresses.end(),
             "no address only as a DNS name");
    }
}

void lint_names(const X509* x509, const Profile& profile) {
    const AlternativeNames names = alternative_names(x509);
    const std::string role = std::string(kRoleUri) + std::string(to_string(profile.role()));
    if (!profile.is_server()) {
        const std::string device = std::string(kDeviceUri) + common_name(X509_get_subject_name(x509));
        rule(names.uris == std::vector{device, role} && names.dns.empty() && names.addresses.empty(),
             "the URIs of name and role as its only alternative names");
        return;
    }
    rule(names.uris == std::vector{role}, "the URI of its role");
    rule(!names.dns.empty() || !names.addresses.empty(), "a host");
    lint_addresses_as_names(names);
}

}  // namespace

CertificateInfo read_tbs(ByteView tbs) {
    return parse_certificate(with_no_signature(tbs)).info;
}

void lint_leaf(ByteView tbs, const Profile& profile, const Certificate& issuing, Seconds now) {
    const QuietErrors quiet;
    const X509Ptr ca = to_x509(issuing.der);
    const X509Ptr x509 = read_unsigned(tbs);
    lint_frame(x509.get(), ca.get());
    lint_dates(x509.get(), profile, issuing.info, now);
    lint_subject(x509.get(), profile);
    lint_extension_set(x509.get());
    lint_extensions(x509.get(), ca.get(), profile);
    lint_names(x509.get(), profile);
}

}  // namespace countersign::pki
