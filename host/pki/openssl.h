// OpenSSL's objects with owners, and its failures as errors. For the sources of host/pki only.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "host/pki/key.h"

namespace countersign::pki {

template <auto Function>
struct FreeBy {
    template <typename T>
    void operator()(T* object) const noexcept {
        Function(object);
    }
};

inline void free_general_names(GENERAL_NAMES* names) {
    GENERAL_NAMES_free(names);
}

using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using SecretNumberPtr = std::unique_ptr<BIGNUM, FreeBy<BN_clear_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>>;
using EncryptedPkcs8Ptr = std::unique_ptr<X509_SIG, FreeBy<X509_SIG_free>>;
using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, FreeBy<X509_REQ_free>>;
using StorePtr = std::unique_ptr<X509_STORE, FreeBy<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, FreeBy<X509_STORE_CTX_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, FreeBy<free_general_names>>;
using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, FreeBy<BASIC_CONSTRAINTS_free>>;

// Throws Error{Internal}: out of memory, or a broken OpenSSL. Never for what a foreign byte can cause.
[[noreturn]] void openssl_failed(std::string_view call);

inline void require(bool ok, std::string_view call) {
    if (!ok) openssl_failed(call);
}

// Clears the error queue when it goes: what a foreign byte caused must not be found by the next caller.
struct QuietErrors {
    QuietErrors() = default;
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
    ~QuietErrors();
};

[[nodiscard]] std::array<std::uint8_t, 32> sha256(ByteView data);

}  // namespace countersign::pki
