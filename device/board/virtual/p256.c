// _p256: the arithmetic of device/countersign/ecdsa.py by mbedTLS, for tests that need a thousand boards. Everything is
// bytes of fixed length: secrets and digests 32, points (x, y) and signatures (r, s) 64.
#include <sys/random.h>

#include "mbedtls/ecdsa.h"
#include "mbedtls/ecp.h"
#include "py/runtime.h"

#define SIZE 32

typedef struct {
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi secret, r, s;
} work_t;

static void begin(work_t *work) {
    mbedtls_ecp_group_init(&work->group);
    mbedtls_ecp_point_init(&work->point);
    mbedtls_mpi_init(&work->secret);
    mbedtls_mpi_init(&work->r);
    mbedtls_mpi_init(&work->s);
}

static void end(work_t *work) {
    mbedtls_mpi_free(&work->s);
    mbedtls_mpi_free(&work->r);
    mbedtls_mpi_free(&work->secret);
    mbedtls_ecp_point_free(&work->point);
    mbedtls_ecp_group_free(&work->group);
}

// For blinding only: nothing that comes out depends on it.
static int blinding(void *context, unsigned char *out, size_t size) {
    (void)context;
    return getrandom(out, size, 0) == (ssize_t)size ? 0 : -1;
}

static const uint8_t *bytes_of(mp_obj_t object, size_t size) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    if (buffer.len != size) {
        mp_raise_ValueError(MP_ERROR_TEXT("wrong length"));
    }
    return buffer.buf;
}

static void require(int status) {
    if (status != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("not a P-256 secret"));
    }
}

static int load_secret(work_t *work, const uint8_t *secret) {
    int status = mbedtls_ecp_group_load(&work->group, MBEDTLS_ECP_DP_SECP256R1);
    if (status == 0) {
        status = mbedtls_mpi_read_binary(&work->secret, secret, SIZE);
    }
    return status;
}

static mp_obj_t p256_public_key(mp_obj_t secret_in) {
    const uint8_t *secret = bytes_of(secret_in, SIZE);
    uint8_t encoded[1 + 2 * SIZE];  // 4, x, y
    size_t size = 0;
    work_t work;
    begin(&work);
    int status = load_secret(&work, secret);
    if (status == 0) {
        status = mbedtls_ecp_mul(&work.group, &work.point, &work.secret, &work.group.G, blinding, NULL);
    }
    if (status == 0) {
        status = mbedtls_ecp_point_write_binary(&work.group, &work.point, MBEDTLS_ECP_PF_UNCOMPRESSED, &size, encoded,
                                                sizeof encoded);
    }
    end(&work);
    require(status);
    return mp_obj_new_bytes(encoded + 1, 2 * SIZE);
}
static MP_DEFINE_CONST_FUN_OBJ_1(p256_public_key_obj, p256_public_key);

static mp_obj_t p256_sign(mp_obj_t secret_in, mp_obj_t digest_in) {
    const uint8_t *secret = bytes_of(secret_in, SIZE);
    const uint8_t *digest = bytes_of(digest_in, SIZE);
    uint8_t signature[2 * SIZE];
    work_t work;
    begin(&work);
    int status = load_secret(&work, secret);
    if (status == 0) {
        status = mbedtls_ecdsa_sign_det_ext(&work.group, &work.r, &work.s, &work.secret, digest, SIZE, MBEDTLS_MD_SHA256,
                                            blinding, NULL);
    }
    if (status == 0) {
        status = mbedtls_mpi_write_binary(&work.r, signature, SIZE);
    }
    if (status == 0) {
        status = mbedtls_mpi_write_binary(&work.s, signature + SIZE, SIZE);
    }
    end(&work);
    require(status);
    return mp_obj_new_bytes(signature, sizeof signature);
}
static MP_DEFINE_CONST_FUN_OBJ_2(p256_sign_obj, p256_sign);

static mp_obj_t p256_verify(mp_obj_t point_in, mp_obj_t digest_in, mp_obj_t signature_in) {
    const uint8_t *point = bytes_of(point_in, 2 * SIZE);
    const uint8_t *digest = bytes_of(digest_in, SIZE);
    const uint8_t *signature = bytes_of(signature_in, 2 * SIZE);
    uint8_t encoded[1 + 2 * SIZE] = {4};
    memcpy(encoded + 1, point, 2 * SIZE);
    work_t work;
    begin(&work);
    bool good = mbedtls_ecp_group_load(&work.group, MBEDTLS_ECP_DP_SECP256R1) == 0 &&
        mbedtls_ecp_point_read_binary(&work.group, &work.point, encoded, sizeof encoded) == 0 &&
        mbedtls_ecp_check_pubkey(&work.group, &work.point) == 0 &&
        mbedtls_mpi_read_binary(&work.r, signature, SIZE) == 0 &&
        mbedtls_mpi_read_binary(&work.s, signature + SIZE, SIZE) == 0 &&
        mbedtls_ecdsa_verify(&work.group, digest, SIZE, &work.point, &work.r, &work.s) == 0;
    end(&work);
    return mp_obj_new_bool(good);
}
static MP_DEFINE_CONST_FUN_OBJ_3(p256_verify_obj, p256_verify);

static const mp_rom_map_elem_t p256_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__p256)},
    {MP_ROM_QSTR(MP_QSTR_public_key), MP_ROM_PTR(&p256_public_key_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&p256_sign_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&p256_verify_obj)},
};
static MP_DEFINE_CONST_DICT(p256_globals, p256_globals_table);

const mp_obj_module_t p256_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&p256_globals,
};
MP_REGISTER_MODULE(MP_QSTR__p256, p256_module);
