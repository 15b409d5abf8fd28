#include "host/pki/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/key_forms.h"
#include "host/pki/openssl.h"

namespace countersign::pki {
namespace {

constexpr std::array<std::string_view, 6> kTypeNames{"p256",    "p384",    "rsa2048",
                                                     "rsa3072", "rsa4096", "ed25519"};

const char* algorithm_name(KeyType type) {
    switch (type) {
        case KeyType::p256:
        case KeyType::p384: return "EC";
        case KeyType::rsa2048:
        case KeyType::rsa3072:
        case KeyType::rsa4096: return "RSA";
        case KeyType::ed25519: return "ED25519";
    }
    return nullptr;
}

void configure(EVP_PKEY_CTX* context, KeyType type) {
    switch (type) {
        case KeyType::p256:
            require(EVP_PKEY_CTX_set_group_name(context, "P-256") == 1, "EVP_PKEY_CTX_set_group_name");
            break;
        case KeyType::p384:
            require(EVP_PKEY_CTX_set_group_name(context, "P-384") == 1, "EVP_PKEY_CTX_set_group_name");
            break;
        case KeyType::rsa2048:
            require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1, "EVP_PKEY_CTX_set_rsa_keygen_bits");
            break;
        case KeyType::rsa3072:
            require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 3072) == 1, "EVP_PKEY_CTX_set_rsa_keygen_bits");
            break;
        case KeyType::rsa4096:
            require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 4096) == 1, "EVP_PKEY_CTX_set_rsa_keygen_bits");
            break;
        case KeyType::ed25519: break;
    }
}

Bytes encode_spki(const EVP_PKEY* pkey) {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(pkey, &der);
    require(length > 0, "i2d_PUBKEY");
    Bytes spki(der, der + length);
    OPENSSL_free(der);
    return spki;
}

// The same bytes as i2d_PUBKEY without OpenSSL's encoder, which costs more than making the key.
Bytes encode_ec_spki(const EVP_PKEY* pkey, const EcForm& form) {
    Bytes spki(form.spki_prefix.begin(), form.spki_prefix.end());
    spki.resize(form.spki_prefix.size() + form.point_size());
    std::size_t length = 0;
    require(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, &spki[form.spki_prefix.size()],
                                            form.point_size(), &length) == 1 &&
                length == form.point_size(),
            "EVP_PKEY_get_octet_string_param");
    return spki;
}

Secret encode_ec_pkcs8(const EVP_PKEY* pkey, const PublicKey& public_key, const EcForm& form) {
    BIGNUM* number = nullptr;
    require(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1, "EVP_PKEY_get_bn_param");
    const SecretNumberPtr scalar(number);
    std::array<std::uint8_t, 256> der{};
    auto at = std::copy(form.pkcs8_prefix.begin(), form.pkcs8_prefix.end(), der.begin());
    require(BN_bn2binpad(scalar.get(), &*at, static_cast<int>(form.scalar_size)) ==
                static_cast<int>(form.scalar_size),
            "BN_bn2binpad");
    at = std::copy(form.pkcs8_middle.begin(), form.pkcs8_middle.end(),
                   at + static_cast<std::ptrdiff_t>(form.scalar_size));
    const auto point = ByteView(public_key.spki).last(form.point_size());
    at = std::copy(point.begin(), point.end(), at);
    Secret secret{ByteView(der.data(), static_cast<std::size_t>(at - der.begin()))};
    OPENSSL_cleanse(der.data(), der.size());
    return secret;
}

}  // namespace

std::string_view to_string(KeyType type) noexcept {
    return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<KeyType> parse_key_type(std::string_view text) noexcept {
    const auto* const found = std::find(kTypeNames.begin(), kTypeNames.end(), text);
    if (found == kTypeNames.end()) return std::nullopt;
    return static_cast<KeyType>(found - kTypeNames.begin());
}

void FreePkey::operator()(EVP_PKEY* key) const noexcept {
    EVP_PKEY_free(key);
}

PrivateKey PrivateKey::generate(KeyType type) {
    return KeyGenerator(type).next();
}

PrivateKey PrivateKey::adopt(PkeyPtr pkey) {
    PublicKey public_key = parse_public_key(encode_spki(pkey.get()));
    return {std::move(pkey), std::move(public_key)};
}

Secret PrivateKey::to_der() const {
    if (const EcForm* form = ec_form(type())) return encode_ec_pkcs8(pkey_.get(), public_, *form);
    const Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(pkey_.get()));
    require(pkcs8 != nullptr, "EVP_PKEY2PKCS8");
    unsigned char* der = nullptr;
    const int length = i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &der);
    require(length > 0, "i2d_PKCS8_PRIV_KEY_INFO");
    Secret secret{ByteView(der, static_cast<std::size_t>(length))};
    OPENSSL_clear_free(der, static_cast<std::size_t>(length));
    return secret;
}

void KeyGenerator::FreeContext::operator()(EVP_PKEY_CTX* context) const noexcept {
    EVP_PKEY_CTX_free(context);
}

KeyGenerator::KeyGenerator(KeyType type)
    : type_(type), context_(EVP_PKEY_CTX_new_from_name(nullptr, algorithm_name(type), nullptr)) {
    require(context_ != nullptr, "EVP_PKEY_CTX_new_from_name");
    require(EVP_PKEY_keygen_init(context_.get()) == 1, "EVP_PKEY_keygen_init");
    configure(context_.get(), type);
}

PrivateKey KeyGenerator::next() {
    EVP_PKEY* made = nullptr;
    require(EVP_PKEY_generate(context_.get(), &made) == 1, "EVP_PKEY_generate");
    PkeyPtr pkey(made);
    const EcForm* form = ec_form(type_);
    Bytes spki = form != nullptr ? encode_ec_spki(made, *form) : encode_spki(made);
    return {std::move(pkey), PublicKey{type_, std::move(spki)}};
}

}  // namespace countersign::pki
