#include "host/pki/certificate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/openssl.h"
#include "host/pki/pem.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

Error invalid(std::string_view why) {
    return Error(Code::CertInvalid, why);
}

std::string host_of(const GENERAL_NAME& name) {
    if (name.type == GEN_DNS) return printable(asn1_bytes(name.d.dNSName));
    const ByteView address = asn1_bytes(name.d.iPAddress);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.size() == 4) inet_ntop(AF_INET, address.data(), text.data(), text.size());
    if (address.size() == 16) inet_ntop(AF_INET6, address.data(), text.data(), text.size());
    return text.data();
}

void read_alternative_names(const X509* x509, CertificateInfo& info) {
    const GeneralNamesPtr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)));
    if (names == nullptr) return;
    int roles = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME& name = *sk_GENERAL_NAME_value(names.get(), i);
        if (name.type == GEN_DNS || name.type == GEN_IPADD) {
            std::string host = host_of(name);
            if (std::ranges::find(info.hosts, host) == info.hosts.end())
                info.hosts.push_back(std::move(host));
        } else if (name.type == GEN_URI) {
            const std::string uri = printable(asn1_bytes(name.d.uniformResourceIdentifier));
            if (!uri.starts_with(kRoleUri)) continue;
            info.role = parse_role(std::string_view(uri).substr(kRoleUri.size()));
            ++roles;
        }
    }
    if (roles != 1) info.role.reset();  // none, or a certificate that claims several
}

std::optional<KeyType> key_type_of(ByteView spki) {
    try {
        return parse_public_key(spki).type;
    } catch (const Error&) {
        return std::nullopt;  // a certificate of somebody else's may have any key
    }
}

CertificateInfo describe(X509* x509, ByteView der) {
    CertificateInfo info;
    info.name = common_name(X509_get_subject_name(x509));
    info.issuer = common_name(X509_get_issuer_name(x509));
    info.serial = to_hex(asn1_bytes(X509_get0_serialNumber(x509)));
    info.fingerprint = sha256(der);
    const Bytes spki = spki_of(x509);
    info.spki_sha256 = sha256(spki);
    info.key_type = key_type_of(spki);
    const auto not_before = to_seconds(X509_get0_notBefore(x509));
    const auto not_after = to_seconds(X509_get0_notAfter(x509));
    if (!not_before || !not_after) throw invalid("Its dates cannot be read.");
    info.not_before = *not_before;
    info.not_after = *not_after;
    info.is_ca = X509_check_ca(x509) == 1;
    read_alternative_names(x509, info);
    return info;
}

}  // namespace

Certificate parse_certificate(ByteView der) {
    const QuietErrors quiet;
    if (der.size() > kMaxCertificateSize) throw invalid("It is larger than 16 KiB.");
    if (!der::split_signed(der)) throw invalid("It is not a DER certificate.");
    const X509Ptr x509 = decode_x509(der);
    if (x509 == nullptr) throw invalid("It is not a DER certificate.");
    return {Bytes(der.begin(), der.end()), describe(x509.get(), der)};
}

Certificate parse_certificate_pem(std::string_view pem) {
    const auto block = pem_decode(pem);
    if (!block || block->label != "CERTIFICATE") throw invalid("The text holds no PEM certificate.");
    return parse_certificate(block->der.bytes());
}

std::vector<Certificate> parse_certificates_pem(std::string_view pem) {
    constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
    std::vector<Certificate> all;
    for (std::size_t end = pem.find(kEnd); end != std::string_view::npos; end = pem.find(kEnd)) {
        all.push_back(parse_certificate_pem(pem.substr(0, end + kEnd.size())));
        pem.remove_prefix(end + kEnd.size());
    }
    return all;
}

bool has_p256_key(ByteView der) noexcept {
    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of an uncompressed point } (RFC 5480 2)
    static constexpr std::array<std::uint8_t, 27> kBegin{
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
        0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    return std::search(der.begin(), der.end(), kBegin.begin(), kBegin.end()) != der.end();
}

unsigned long subject_hash(const Certificate& certificate) {
    int good = 0;
    const X509Ptr x509 = to_x509(certificate.der);
    const unsigned long hash = X509_NAME_hash_ex(X509_get_subject_name(x509.get()), nullptr, nullptr, &good);
    if (good != 1) throw Error(Code::Internal, "a name without a hash");
    return hash;
}

std::string to_pem(const Certificate& certificate) {
    return pem_encode("CERTIFICATE", certificate.der);
}

PublicKey public_key_of(const Certificate& certificate) {
    return parse_public_key(spki_of(to_x509(certificate.der).get()));
}

std::string to_hex(ByteView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        out.push_back(kDigits[byte >> 4U]);
        out.push_back(kDigits[byte & 0x0fU]);
    }
    return out;
}

}  // namespace countersign::pki
