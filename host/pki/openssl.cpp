#include "host/pki/openssl.h"

#include <openssl/err.h>

#include <array>
#include <string>

#include "host/base/error.h"

namespace countersign::pki {

void openssl_failed(std::string_view call) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    throw Error(Code::Internal, std::string(call) + " failed: " + text.data());
}

QuietErrors::~QuietErrors() {
    ERR_clear_error();
}

std::array<std::uint8_t, 32> sha256(ByteView data) {
    // Fetched once: looking the algorithm up by name costs as much as hashing a certificate.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::array<std::uint8_t, 32> digest{};
    require(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, algorithm, nullptr) == 1,
            "EVP_Digest");
    return digest;
}

}  // namespace countersign::pki
