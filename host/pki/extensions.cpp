#include "host/pki/extensions.h"

#include <algorithm>
#include <string_view>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/openssl.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

using Arc = std::array<std::uint8_t, 3>;
constexpr Arc kSubjectKeyIdentifier{0x55, 0x1d, 0x0e};    // 2.5.29.14
constexpr Arc kKeyUsage{0x55, 0x1d, 0x0f};                // 2.5.29.15
constexpr Arc kSubjectAltName{0x55, 0x1d, 0x11};          // 2.5.29.17
constexpr Arc kBasicConstraints{0x55, 0x1d, 0x13};        // 2.5.29.19
constexpr Arc kCrlNumber{0x55, 0x1d, 0x14};               // 2.5.29.20
constexpr Arc kCrlReason{0x55, 0x1d, 0x15};               // 2.5.29.21
constexpr Arc kAuthorityKeyIdentifier{0x55, 0x1d, 0x23};  // 2.5.29.35
constexpr Arc kExtKeyUsage{0x55, 0x1d, 0x25};             // 2.5.29.37

constexpr std::array<std::uint8_t, 8> kServerAuth{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
constexpr std::array<std::uint8_t, 8> kClientAuth{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
constexpr std::array<std::uint8_t, 1> kTrue{0xff};

// GeneralName, RFC 5280 4.2.1.6
constexpr std::uint8_t kDnsName = der::primitive(2);
constexpr std::uint8_t kUri = der::primitive(6);
constexpr std::uint8_t kIpAddress = der::primitive(7);

Bytes extension(const Arc& oid, ByteView value) {
    return der::element(der::kSequence,
                        {der::element(der::kOid, {oid}), der::element(der::kOctetString, {value})});
}

Bytes critical_extension(const Arc& oid, ByteView value) {
    return der::element(der::kSequence, {der::element(der::kOid, {oid}), der::element(der::kBoolean, {kTrue}),
                                         der::element(der::kOctetString, {value})});
}

Bytes uri(std::string_view prefix, std::string_view rest) {
    return der::element(kUri, {der::text(prefix), der::text(rest)});
}

}  // namespace

KeyIdentifier key_identifier(const PublicKey& key) {
    der::Reader outside(key.spki);
    const auto sequence = outside.next(der::kSequence);
    der::Reader inside(sequence ? sequence->content : ByteView());
    const auto algorithm = inside.next(der::kSequence);
    const auto bits = inside.next(der::kBitString);
    if (!algorithm || !bits || bits->content.empty())
        throw Error(Code::Internal, "a public key without its bits");
    const auto digest = sha256(bits->content.subspan(1));
    KeyIdentifier id{};
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

Bytes basic_constraints(KeyUse use, std::uint8_t path_length) {
    if (use == KeyUse::end_entity)
        return critical_extension(kBasicConstraints, der::element(der::kSequence, {}));
    const std::array<std::uint8_t, 1> length{path_length};
    return critical_extension(
        kBasicConstraints,
        der::element(der::kSequence, {der::element(der::kBoolean, {kTrue}), der::integer(length)}));
}

Bytes key_usage(KeyUse use) {
    // Named bits from the left: digitalSignature 0, keyCertSign 5, cRLSign 6; before them the unused bits.
    constexpr std::array<std::uint8_t, 2> kDigitalSignature{7, 0x80};
    constexpr std::array<std::uint8_t, 2> kCertAndCrlSign{1, 0x06};
    const ByteView bits = use == KeyUse::end_entity ? ByteView(kDigitalSignature) : ByteView(kCertAndCrlSign);
    return critical_extension(kKeyUsage, der::element(der::kBitString, {bits}));
}

Bytes extended_key_usage(Role role) {
    const auto& purpose = role == Role::broker ? kServerAuth : kClientAuth;
    return extension(kExtKeyUsage, der::element(der::kSequence, {der::element(der::kOid, {purpose})}));
}

Bytes subject_key_identifier(const KeyIdentifier& id) {
    return extension(kSubjectKeyIdentifier, der::element(der::kOctetString, {id}));
}

Bytes authority_key_identifier(ByteView id) {
    return extension(kAuthorityKeyIdentifier,
                     der::element(der::kSequence, {der::element(der::primitive(0), {id})}));
}

Bytes client_names(const std::string& name, Role role) {
    return extension(kSubjectAltName,
                     der::element(der::kSequence, {uri(kDeviceUri, name), uri(kRoleUri, to_string(role))}));
}

Bytes server_names(std::span<const HostName> hosts, Role role, OldBoards old_boards) {
    Bytes names;
    const auto add = [&names](const Bytes& name) { names.insert(names.end(), name.begin(), name.end()); };
    for (const HostName& host : hosts) {
        if (!host.is_ip()) add(der::element(kDnsName, {der::text(host.text())}));
    }
    for (const HostName& host : hosts) {
        if (host.is_ip()) add(der::element(kIpAddress, {host.address()}));
    }
    for (const HostName& host : hosts) {
        if (old_boards == OldBoards::served && host.kind() == HostName::Kind::ipv4)
            add(der::element(kDnsName, {der::text(host.text())}));
    }
    add(uri(kRoleUri, to_string(role)));
    return extension(kSubjectAltName, der::element(der::kSequence, {names}));
}

Bytes crl_number(std::uint64_t number) {
    std::array<std::uint8_t, 8> magnitude{};
    for (std::size_t i = 0; i < magnitude.size(); ++i)
        magnitude[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    return extension(kCrlNumber, der::integer(magnitude));
}

Bytes crl_reason(std::uint8_t reason) {
    const std::array<std::uint8_t, 1> value{reason};
    return extension(kCrlReason, der::element(der::kEnumerated, {value}));
}

}  // namespace countersign::pki
