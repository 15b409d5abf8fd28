#include "verified.h"

#include "mbedtls_build.h"

#include "mbedtls/ecdsa.h"
#include "mbedtls/sha256.h"

namespace countersign::native {
namespace {

Verified all_verified;

constexpr std::size_t kLongestPoint = 1 + 2 * 66;  // P-521, uncompressed

// Each part behind its length, so that no two of the same parts' bytes look alike.
class Hash {
  public:
    Hash() noexcept {
        mbedtls_sha256_init(&state_);
        status_ = mbedtls_sha256_starts(&state_, 0);
    }
    ~Hash() { mbedtls_sha256_free(&state_); }
    Hash(const Hash&) = delete;
    Hash& operator=(const Hash&) = delete;

    void take(const unsigned char* bytes, std::size_t size) noexcept {
        const unsigned char length[] = {static_cast<unsigned char>(size >> 8),
                                        static_cast<unsigned char>(size)};
        if (status_ == 0) status_ = mbedtls_sha256_update(&state_, length, sizeof length);
        if (status_ == 0) status_ = mbedtls_sha256_update(&state_, bytes, size);
    }
    bool finish(Verified::Digest& out) noexcept {
        return status_ == 0 && mbedtls_sha256_finish(&state_, out.data()) == 0;
    }

  private:
    mbedtls_sha256_context state_;
    int status_;
};

bool digest_of(std::uint32_t owner, const mbedtls_ecdsa_context& key, const unsigned char* hash,
               std::size_t hash_size, const unsigned char* signature, std::size_t signature_size,
               Verified::Digest& out) noexcept {
    std::array<unsigned char, kLongestPoint> point{};
    std::size_t size = 0;
    if (mbedtls_ecp_point_write_binary(&key.MBEDTLS_PRIVATE(grp), &key.MBEDTLS_PRIVATE(Q),
                                       MBEDTLS_ECP_PF_UNCOMPRESSED, &size, point.data(), point.size()) != 0) {
        return false;
    }
    const std::uint32_t whose[] = {owner, static_cast<std::uint32_t>(key.MBEDTLS_PRIVATE(grp).id)};
    Hash all;
    all.take(reinterpret_cast<const unsigned char*>(whose), sizeof whose);
    all.take(point.data(), size);
    all.take(hash, hash_size);
    all.take(signature, signature_size);
    return all.finish(out);
}

}  // namespace
}  // namespace countersign::native

extern "C" {

int __real_mbedtls_ecdsa_read_signature(mbedtls_ecdsa_context* key, const unsigned char* hash,
                                        std::size_t hash_size, const unsigned char* signature,
                                        std::size_t signature_size);

// Weak: ESP-IDF may have one of its own, for chips that verify in hardware.
[[gnu::weak]] int __wrap_mbedtls_ecdsa_read_signature(mbedtls_ecdsa_context* key, const unsigned char* hash,
                                                      std::size_t hash_size, const unsigned char* signature,
                                                      std::size_t signature_size) {
    using namespace countersign::native;
    const std::uint32_t owner = VerifiedScope::current();
    Verified::Digest digest;
    const bool ours = owner != VerifiedScope::kNobody &&
                      digest_of(owner, *key, hash, hash_size, signature, signature_size, digest);
    if (ours && all_verified.knows(digest)) return 0;
    const int status = __real_mbedtls_ecdsa_read_signature(key, hash, hash_size, signature, signature_size);
    if (ours && status == 0) all_verified.add(digest);
    return status;
}

}  // extern "C"
