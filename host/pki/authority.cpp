#include "host/pki/authority.h"

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/ca.h"
#include "host/pki/extensions.h"
#include "host/pki/signature.h"
#include "host/pki/tbs.h"
#include "host/pki/verify.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

constexpr std::chrono::days kBackdated{1};
constexpr std::uint8_t kRootPathLength = 2;     // a successor (succession.h), issuing CAs below it, no more
constexpr std::uint8_t kIssuingPathLength = 0;  // only end entities below it

std::string ca_name(std::string_view tier, Random& random) {
    std::array<std::uint8_t, 4> mark{};
    random.fill(mark);
    return "Countersign " + std::string(tier) + " " + to_hex(mark);
}

void check_dates(Seconds not_before, Seconds not_after) {
    if (not_after > not_before && not_after <= kForever) return;
    throw Error(Code::ValidityInvalid, "A CA from " + format_date(not_before) + " to " +
                                           format_date(not_after) + " is not possible.");
}

// A wrong clock is no damage: say so before anything is called broken.
void check_clock(const Certificate& root, Seconds now) {
    if (now >= root.info.not_before) return;
    throw Error(Code::CertNotYet,
                "This computer's clock says " + format_time(now) + ", before the authority was made (" +
                    format_time(root.info.not_before) + ").",
                "set this computer's clock and run the command again");
}

void check_authority(const Certificate& root, const Certificate& issuing, Seconds now) {
    check_clock(root, now);
    if (!root.info.is_ca || !issuing.info.is_ca)
        throw Error(Code::AuthorityBroken, "One of the CA certificates is not a CA's.");
    if (root.der == issuing.der) throw Error(Code::AuthorityBroken, "The root stands in for the issuing CA.");
    try {
        verify_strictly(issuing, {}, {&root, 1}, {Purpose::any, now, {}});
    } catch (const Error& error) {
        throw Error(Code::AuthorityBroken, "The issuing CA is not the root's: " + error.detail());
    }
}

}  // namespace

CaConstants constants_of(const Certificate& ca, const Signer& signer) {
    const X509Ptr x509 = to_x509(ca.der);
    if (spki_of(x509.get()) != signer.public_key().spki) {
        throw Error(Code::AuthorityBroken,
                    "The key does not belong to the certificate of " + ca.info.name + ".");
    }
    const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(x509.get());
    if (id == nullptr) throw Error(Code::AuthorityBroken, ca.info.name + " has no subject key identifier.");
    return {name_of(X509_get_subject_name(x509.get())), authority_key_identifier(asn1_bytes(id)),
            signature_scheme(signer.public_key().type).algorithm};
}

std::string root_name(Random& random) {
    return ca_name("Root", random);
}

Bytes root_tbs(const PublicKey& key, const RootFields& fields, Random& random) {
    return encode_tbs(
        {random_serial(random), fields.algorithm, fields.issuer.empty() ? fields.name : fields.issuer,
         fields.not_before, fields.not_after, fields.name, key.spki},
        {basic_constraints(KeyUse::certificate_authority, kRootPathLength),
         key_usage(KeyUse::certificate_authority), subject_key_identifier(key_identifier(key)),
         fields.authority_id});
}

NewCa create_root(const CaConfig& config, Seconds now, Random& random) {
    const Seconds not_before = now - kBackdated;
    check_dates(not_before, config.not_after);
    const ByteView algorithm = signature_scheme(config.key).algorithm;
    PrivateKey key = PrivateKey::generate(config.key);
    KeySigner signer(key);
    const Bytes name = encode_name(root_name(random));
    const Bytes id = authority_key_identifier(key_identifier(key.public_key()));
    const Bytes tbs = root_tbs(key.public_key(), {algorithm, name, id, not_before, config.not_after}, random);
    Certificate root = parse_certificate(sign_tbs(tbs, signer));
    verify_strictly(root, {}, {&root, 1}, {Purpose::any, now, {}});
    return {std::move(key), std::move(root)};
}

NewCa create_issuing(const CaConfig& config, const Certificate& root, Signer& signer, Seconds now,
                     Random& random) {
    check_clock(root, now);
    check_dates(root.info.not_before, config.not_after);
    if (config.not_after > root.info.not_after) {
        throw Error(Code::ValidityInvalid, "The issuing CA would outlive the root, which ends " +
                                               format_date(root.info.not_after) + ".");
    }
    (void)signature_scheme(config.key);  // refuses kinds no board can verify before a key is made
    const CaConstants constants = constants_of(root, signer);
    PrivateKey key = PrivateKey::generate(config.key);
    const Bytes tbs =
        encode_tbs({random_serial(random), constants.algorithm, constants.name, root.info.not_before,
                    config.not_after, encode_name(ca_name("Issuing", random)), key.public_key().spki},
                   {basic_constraints(KeyUse::certificate_authority, kIssuingPathLength),
                    key_usage(KeyUse::certificate_authority),
                    subject_key_identifier(key_identifier(key.public_key())), constants.authority_id});
    Certificate issuing = parse_certificate(sign_tbs(tbs, signer));
    check_authority(root, issuing, now);
    return {std::move(key), std::move(issuing)};
}

Authority::Authority(Certificate root, Certificate issuing, Seconds now)
    : root_(std::move(root)), issuing_(std::move(issuing)) {
    check_authority(root_, issuing_, now);
}

Authority Authority::from_pem(std::string_view root, std::string_view issuing, Seconds now) {
    try {
        return {parse_certificate_pem(root), parse_certificate_pem(issuing), now};
    } catch (const Error& error) {
        if (error.id() != Code::CertInvalid) throw;
        throw Error(Code::AuthorityBroken, "A CA certificate cannot be read: " + error.detail());
    }
}

std::string Authority::ca_pem() const {
    return to_pem(issuing_) + to_pem(root_);
}

bool belongs(const PrivateKey& key, const Certificate& certificate) {
    return sha256(key.public_key().spki) == certificate.info.spki_sha256;
}

}  // namespace countersign::pki
