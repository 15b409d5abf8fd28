// Random bytes: the chip's entropy, as its mbedTLS port gathers it, through a DRBG of its own.
#pragma once

#include "mbedtls_build.h"

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"

namespace countersign::native {

class Random {
  public:
    // 0 or an mbedTLS error. end() once for every begin(), whatever it returned.
    int begin() noexcept;
    void end() noexcept;

    // The pair mbedTLS asks for.
    static int fill(void* random, unsigned char* out, size_t size) noexcept;

  private:
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context drbg_;
};

}  // namespace countersign::native
