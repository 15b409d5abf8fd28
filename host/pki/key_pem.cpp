// Private keys as people keep them: PEM, encrypted with a passphrase or not.
#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include <array>

#include "host/base/error.h"
#include "host/pki/key.h"
#include "host/pki/openssl.h"
#include "host/pki/pem.h"

namespace countersign::pki {
namespace {

constexpr int kRounds = 600'000;       // OWASP's figure for PBKDF2-HMAC-SHA-256
constexpr std::size_t kSaltSize = 16;  // NIST SP 800-132: at least 128 bits
constexpr std::string_view kPlain = "PRIVATE KEY";
constexpr std::string_view kEncrypted = "ENCRYPTED PRIVATE KEY";

Error not_a_key(std::string_view what) {
    return Error(Code::AuthorityBroken, what, "restore the key file from its backup; it must be PKCS#8 PEM");
}

Pkcs8Ptr decrypt(ByteView der, const Secret& passphrase) {
    const unsigned char* at = der.data();
    const EncryptedPkcs8Ptr encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (encrypted == nullptr) throw not_a_key("The encrypted key file is damaged.");
    if (passphrase.empty()) throw Error(Code::PassphraseNeeded);
    Pkcs8Ptr pkcs8(
        PKCS8_decrypt(encrypted.get(), passphrase.text().data(), static_cast<int>(passphrase.text().size())));
    // A wrong passphrase gives bytes that do not end, or do not parse, as a key does.
    if (pkcs8 == nullptr) throw Error(Code::PassphraseWrong);
    return pkcs8;
}

Pkcs8Ptr decode(ByteView der) {
    const unsigned char* at = der.data();
    Pkcs8Ptr pkcs8(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    if (pkcs8 == nullptr || at != der.data() + der.size()) throw not_a_key("The key is not PKCS#8.");
    return pkcs8;
}

// The private number must belong to the public one stored beside it, or every signature would be wrong.
PkeyPtr check(const PKCS8_PRIV_KEY_INFO* pkcs8) {
    PkeyPtr pkey(EVP_PKCS82PKEY(pkcs8));
    if (pkey == nullptr) throw not_a_key("The key cannot be read.");
    const PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
    require(context != nullptr, "EVP_PKEY_CTX_new_from_pkey");
    if (EVP_PKEY_pairwise_check(context.get()) != 1)
        throw not_a_key("The two halves of the key do not match.");
    return pkey;
}

}  // namespace

PrivateKey PrivateKey::from_der(ByteView der) {
    const QuietErrors quiet;
    return adopt(check(decode(der).get()));
}

PrivateKey PrivateKey::from_pem(std::string_view pem, const Secret& passphrase) {
    const QuietErrors quiet;
    const auto block = pem_decode(pem);
    if (!block) throw not_a_key("The key file is not PEM.");
    if (block->label == kEncrypted) return adopt(check(decrypt(block->der.bytes(), passphrase).get()));
    if (block->label != kPlain) throw not_a_key("The key file holds a " + block->label + ".");
    return from_der(block->der.bytes());
}

Secret PrivateKey::to_pem() const {
    return pem_encode_secret(kPlain, to_der().bytes());
}

std::string PrivateKey::to_encrypted_pem(const Secret& passphrase) const {
    if (passphrase.empty()) throw Error(Code::PassphraseNeeded, "An empty passphrase protects nothing.");
    const Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(pkey_.get()));
    require(pkcs8 != nullptr, "EVP_PKEY2PKCS8");
    std::array<unsigned char, kSaltSize> salt{};
    require(RAND_bytes(salt.data(), static_cast<int>(salt.size())) == 1, "RAND_bytes");
    // -1: PBES2, whose PRF is HMAC-SHA-256 since OpenSSL 3
    const EncryptedPkcs8Ptr encrypted(PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase.text().data(),
                                                    static_cast<int>(passphrase.text().size()), salt.data(),
                                                    static_cast<int>(salt.size()), kRounds, pkcs8.get()));
    require(encrypted != nullptr, "PKCS8_encrypt");
    unsigned char* der = nullptr;
    const int length = i2d_X509_SIG(encrypted.get(), &der);
    require(length > 0, "i2d_X509_SIG");
    std::string pem = pem_encode(kEncrypted, ByteView(der, static_cast<std::size_t>(length)));
    OPENSSL_free(der);
    return pem;
}

}  // namespace countersign::pki
