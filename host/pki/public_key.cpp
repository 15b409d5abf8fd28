// Public keys from outside: one of our kinds, or refused with the rule that failed.
#include <openssl/core_names.h>

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/key.h"
#include "host/pki/key_forms.h"
#include "host/pki/openssl.h"

namespace countersign::pki {
namespace {

// AlgorithmIdentifiers of the kinds that have no form in key_forms.h
constexpr std::array<std::uint8_t, 15> kRsa{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                            0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 7> kEd25519{0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
constexpr std::size_t kEd25519Size = 32;

Error refused(std::string_view why) {
    return Error(Code::KeyTypeUnsupported, why);
}

// A point that is not on the curve, or is at infinity, is refused by OpenSSL's decoder. It also reads BER:
// one key would have many forms, and each another hash, by which it is known again.
PkeyPtr decode(ByteView spki) {
    const unsigned char* at = spki.data();
    PkeyPtr pkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
    if (pkey == nullptr || at != spki.data() + spki.size()) throw refused("The public key is damaged.");
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(pkey.get(), &der);
    const bool same = size > 0 && std::ranges::equal(ByteView(der, static_cast<std::size_t>(size)), spki);
    OPENSSL_free(der);
    if (!same) throw refused("The public key is not DER.");
    return pkey;
}

KeyType rsa_type(const EVP_PKEY* pkey) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &number) != 1)
        throw refused("RSA without an exponent.");
    const NumberPtr exponent(number);
    // NIST SP 800-56B 6.2: odd and above 2^16
    if (BN_is_odd(exponent.get()) == 0 || BN_num_bits(exponent.get()) < 17) {
        throw refused("The RSA key has a public exponent below 65537.");
    }
    switch (EVP_PKEY_get_bits(pkey)) {
        case 2048: return KeyType::rsa2048;
        case 3072: return KeyType::rsa3072;
        case 4096: return KeyType::rsa4096;
        default:
            throw refused("The RSA key has " + std::to_string(EVP_PKEY_get_bits(pkey)) +
                          " bits; 2048, 3072 and 4096 are accepted.");
    }
}

}  // namespace

PublicKey parse_public_key(ByteView spki) {
    const QuietErrors quiet;
    der::Reader outside(spki);
    const auto sequence = outside.next(der::kSequence);
    if (!sequence || !outside.at_end()) throw refused("The public key is damaged.");
    der::Reader inside(sequence->content);
    const auto algorithm = inside.next(der::kSequence);
    const auto key = inside.next(der::kBitString);
    if (!algorithm || !key || !inside.at_end()) throw refused("The public key is damaged.");

    Bytes copy(spki.begin(), spki.end());
    for (const KeyType type : {KeyType::p256, KeyType::p384}) {
        const EcForm& form = *ec_form(type);
        if (!std::ranges::equal(algorithm->whole, form.algorithm())) continue;
        // The count of unused bits, then SEC 1, 2.3.3: 04, x, y
        if (key->content.size() != 1 + form.point_size() || key->content[1] != 0x04) {
            throw refused("The EC key is not an uncompressed point, the only form that all boards read.");
        }
        (void)decode(spki);
        return {type, std::move(copy)};
    }
    if (std::ranges::equal(algorithm->whole, kRsa)) return {rsa_type(decode(spki).get()), std::move(copy)};
    if (std::ranges::equal(algorithm->whole, kEd25519) && key->content.size() == 1 + kEd25519Size) {
        (void)decode(spki);
        return {KeyType::ed25519, std::move(copy)};
    }
    throw refused(
        "The key is of a kind that is not accepted: it must be P-256, P-384, RSA 2048, RSA 4096 or Ed25519.");
}

}  // namespace countersign::pki
