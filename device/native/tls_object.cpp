// TLS(stream, credentials, host, saved=b""): a stream object itself.
#include "tls_object.h"

#include <new>

#include "mbedtls_build.h"

#include "arguments.h"
#include "mbedtls/platform_util.h"
#include "module.h"

extern "C" {
#include "py/mperrno.h"
#include "py/stream.h"
}

namespace countersign::native {

void raise_os_error(int status, int stream_fault) {
    if (status == MBEDTLS_ERR_SSL_ALLOC_FAILED) mp_raise_OSError(MP_ENOMEM);
    if (stream_fault != 0) mp_raise_OSError(stream_fault);
    // An errno that came through another stream, negated; mbedTLS's own numbers are larger (its ranges:
    // error.h).
    mp_raise_OSError(status > -256 ? -status : status);
}

}  // namespace countersign::native

namespace {

using namespace countersign::native;

// How MicroPython's streams say it.
mp_uint_t moved(const TlsObject& self, int count, int* fault) {
    if (count >= 0) return static_cast<mp_uint_t>(count);
    const int own = self.tls.stream_fault() != 0 ? self.tls.stream_fault() : count;
    *fault = count == kWouldBlock ? MP_EAGAIN : own;
    return MP_STREAM_ERROR;
}

bool is_open(const TlsObject& self, int* fault) {
    if (!self.begun) *fault = MP_EBADF;
    return self.begun;
}

TlsObject& opened(mp_obj_t self) {
    if (!as<TlsObject>(self).begun) mp_raise_OSError(MP_EBADF);
    return as<TlsObject>(self);
}

mp_uint_t close(TlsObject& self, int* fault) {
    if (!self.begun) return 0;
    self.tls.say_goodbye();
    const mp_obj_t stream = self.tls.stream().object();
    countersign_tls_del(MP_OBJ_FROM_PTR(&self));
    return mp_get_stream(stream)->ioctl(stream, MP_STREAM_CLOSE, 0, fault);
}

}  // namespace

mp_obj_t countersign_tls_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args) {
    mp_arg_check_num(n_args, n_kw, 3, 4, false);
    const Stream stream(args[0]);
    if (!mp_obj_is_type(args[1], &countersign_credentials_type)) mp_raise_TypeError(nullptr);
    const Credentials& credentials = as<CredentialsObject>(args[1]).credentials;
    const char* host = mp_obj_str_get_str(args[2]);
    const auto saved = n_args > 3 ? bytes_of(args[3]) : std::span<const std::uint8_t>{};

    auto& self = *mp_obj_malloc_with_finaliser(TlsObject, type);
    self.begun = true;
    self.credentials = args[1];
    new (&self.tls) Tls;
    if (const int status = self.tls.begin(credentials, stream, host, saved); status != 0) {
        countersign_tls_del(MP_OBJ_FROM_PTR(&self));
        raise_os_error(status, 0);
    }
    return MP_OBJ_FROM_PTR(&self);
}

mp_obj_t countersign_tls_del(mp_obj_t self_in) {
    auto& self = as<TlsObject>(self_in);
    if (self.begun) self.tls.end();
    self.begun = false;
    return mp_const_none;
}

mp_obj_t countersign_tls_handshake(mp_obj_t self_in) {
    TlsObject& self = opened(self_in);
    const int status = self.tls.handshake();
    if (status != 0 && status != kWouldBlock) raise_os_error(status, self.tls.stream_fault());
    return mp_obj_new_bool(status == 0);
}

mp_obj_t countersign_tls_wants_write(mp_obj_t self) {
    return mp_obj_new_bool(opened(self).tls.wants_write());
}

mp_obj_t countersign_tls_alert(mp_obj_t self) {
    const int alert = opened(self).tls.alert();
    return alert < 0 ? mp_const_none : MP_OBJ_NEW_SMALL_INT(alert);
}

mp_obj_t countersign_tls_verdict(mp_obj_t self) {
    return mp_obj_new_int_from_uint(opened(self).tls.verdict());
}

mp_obj_t countersign_tls_resumed(mp_obj_t self) {
    return mp_obj_new_bool(opened(self).tls.resumed());
}

mp_obj_t countersign_tls_shown_until(mp_obj_t self) {
    const std::int64_t until = opened(self).tls.shown_until();
    return until == Tls::kNoEnd ? mp_const_none : mp_obj_new_int_from_ll(until);
}

mp_obj_t countersign_tls_save(mp_obj_t self_in) {
    std::uint8_t saved[1024];  // 140 bytes; and the server's certificate, where mbedTLS keeps that
    const std::size_t size = opened(self_in).tls.save(saved);
    const mp_obj_t result = mp_obj_new_bytes(saved, size);
    mbedtls_platform_zeroize(saved, sizeof saved);
    return result;
}

mp_uint_t countersign_tls_read(mp_obj_t self_in, void* to, mp_uint_t size, int* fault) {
    auto& self = as<TlsObject>(self_in);
    if (!is_open(self, fault)) return MP_STREAM_ERROR;
    return moved(self, self.tls.read(static_cast<std::uint8_t*>(to), size), fault);
}

mp_uint_t countersign_tls_write(mp_obj_t self_in, const void* from, mp_uint_t size, int* fault) {
    auto& self = as<TlsObject>(self_in);
    if (!is_open(self, fault)) return MP_STREAM_ERROR;
    return moved(self, self.tls.write(static_cast<const std::uint8_t*>(from), size), fault);
}

mp_uint_t countersign_tls_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t argument, int* fault) {
    auto& self = as<TlsObject>(self_in);
    if (request == MP_STREAM_CLOSE) return close(self, fault);
    if (!is_open(self, fault)) return MP_STREAM_ERROR;
    if (request == MP_STREAM_POLL && (argument & MP_STREAM_POLL_RD) != 0 && self.tls.buffered() > 0) {
        return MP_STREAM_POLL_RD;
    }
    if (request != MP_STREAM_POLL) {  // a descriptor's readiness would not tell what is buffered here
        *fault = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    const mp_obj_t stream = self.tls.stream().object();
    return mp_get_stream(stream)->ioctl(stream, request, argument, fault);
}
