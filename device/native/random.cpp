#include "random.h"

namespace countersign::native {

int Random::begin() noexcept {
    static constexpr unsigned char kPurpose[] = {'c', 'o', 'u', 'n', 't', 'e', 'r', 's', 'i', 'g', 'n'};
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&drbg_);
    return mbedtls_ctr_drbg_seed(&drbg_, mbedtls_entropy_func, &entropy_, kPurpose, sizeof kPurpose);
}

void Random::end() noexcept {
    mbedtls_ctr_drbg_free(&drbg_);
    mbedtls_entropy_free(&entropy_);
}

int Random::fill(void* random, unsigned char* out, size_t size) noexcept {
    return mbedtls_ctr_drbg_random(&static_cast<Random*>(random)->drbg_, out, size);
}

}  // namespace countersign::native
