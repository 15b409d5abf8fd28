#include "p256.h"

#include <cstring>

#include "mbedtls_build.h"

#include "mbedtls/ecdsa.h"
#include "mbedtls/ecp.h"
#include "mbedtls/platform_util.h"
#include "random.h"

namespace countersign::native::p256 {
namespace {

// What one operation works with; mbedTLS wipes each when it frees it.
class Work {
  public:
    Work() noexcept {
        mbedtls_ecp_group_init(&group);
        mbedtls_ecp_point_init(&point);
        mbedtls_mpi_init(&secret);
        mbedtls_mpi_init(&r);
        mbedtls_mpi_init(&s);
        status = random.begin();  // for blinding: nothing that comes out depends on it
        then([&] { return mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1); });
    }
    ~Work() {
        random.end();
        mbedtls_mpi_free(&s);
        mbedtls_mpi_free(&r);
        mbedtls_mpi_free(&secret);
        mbedtls_ecp_point_free(&point);
        mbedtls_ecp_group_free(&group);
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    // The first error ends the chain.
    template <typename Step>
    Work& then(Step step) noexcept {
        if (status == 0) status = step();
        return *this;
    }

    int status = 0;
    Random random;
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi secret, r, s;
};

int read(mbedtls_mpi& number, const std::uint8_t* bytes) noexcept {
    return mbedtls_mpi_read_binary(&number, bytes, kSize);
}

}  // namespace

int public_key(Word secret, PairOut point) noexcept {
    std::uint8_t encoded[1 + 2 * kSize];  // 4, x, y
    std::size_t size = 0;
    Work work;
    work.then([&] { return read(work.secret, secret.data()); })
        .then([&] {
            return mbedtls_ecp_mul(&work.group, &work.point, &work.secret, &work.group.G, Random::fill,
                                   &work.random);
        })
        .then([&] {
            return mbedtls_ecp_point_write_binary(&work.group, &work.point, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                                  &size, encoded, sizeof encoded);
        });
    if (work.status == 0) std::memcpy(point.data(), encoded + 1, point.size());
    return work.status;
}

int sign(Word secret, Word digest, PairOut signature) noexcept {
    Work work;
    return work.then([&] { return read(work.secret, secret.data()); })
        .then([&] {
            return mbedtls_ecdsa_sign_det_ext(&work.group, &work.r, &work.s, &work.secret, digest.data(),
                                              kSize, MBEDTLS_MD_SHA256, Random::fill, &work.random);
        })
        .then([&] { return mbedtls_mpi_write_binary(&work.r, signature.data(), kSize); })
        .then([&] { return mbedtls_mpi_write_binary(&work.s, signature.data() + kSize, kSize); })
        .status;
}

int verify(Pair point, Word digest, Pair signature) noexcept {
    std::uint8_t encoded[1 + 2 * kSize] = {4};
    std::memcpy(encoded + 1, point.data(), point.size());
    Work work;
    return work
        .then(
            [&] { return mbedtls_ecp_point_read_binary(&work.group, &work.point, encoded, sizeof encoded); })
        .then([&] { return mbedtls_ecp_check_pubkey(&work.group, &work.point); })
        .then([&] { return read(work.r, signature.data()); })
        .then([&] { return read(work.s, signature.data() + kSize); })
        .then([&] {
            return mbedtls_ecdsa_verify(&work.group, digest.data(), kSize, &work.point, &work.r, &work.s);
        })
        .status;
}

}  // namespace countersign::native::p256
