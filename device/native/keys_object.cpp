// public_key(), sign(), verify(): what device/countersign/ecdsa.py does in Python.
#include "mbedtls_build.h"

#include "arguments.h"
#include "mbedtls/platform_util.h"
#include "module.h"
#include "p256.h"

extern "C" {
#include "py/gc.h"
}

namespace {

using namespace countersign::native;

template <std::size_t size>
std::span<const std::uint8_t, size> fixed(mp_obj_t object) {
    const auto bytes = bytes_of(object);
    if (bytes.size() != size) raise_value_error("wrong length");
    return bytes.first<size>();
}

mp_obj_t pair_or_raise(int status, const std::uint8_t (&pair)[2 * p256::kSize]) {
    if (status != 0) raise_value_error("not a P-256 secret");
    return mp_obj_new_bytes(pair, sizeof pair);
}

}  // namespace

mp_obj_t countersign_public_key(mp_obj_t secret) {
    std::uint8_t point[2 * p256::kSize];
    return pair_or_raise(p256::public_key(fixed<p256::kSize>(secret), point), point);
}

mp_obj_t countersign_sign(mp_obj_t secret, mp_obj_t digest) {
    std::uint8_t signature[2 * p256::kSize];
    return pair_or_raise(p256::sign(fixed<p256::kSize>(secret), fixed<p256::kSize>(digest), signature),
                         signature);
}

mp_obj_t countersign_verify(mp_obj_t point, mp_obj_t digest, mp_obj_t signature) {
    return mp_obj_new_bool(p256::verify(fixed<2 * p256::kSize>(point), fixed<p256::kSize>(digest),
                                        fixed<2 * p256::kSize>(signature)) == 0);
}

// Also of bytes, which nobody may look at afterwards; what is not in the heap is a constant and stays.
mp_obj_t countersign_wipe(mp_obj_t object) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    if (gc_nbytes(buffer.buf) >= buffer.len) mbedtls_platform_zeroize(buffer.buf, buffer.len);
    return mp_const_none;
}
