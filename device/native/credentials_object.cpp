// Credentials(certificate, key, anchors): DER, anchors any iterable of certificates.
#include "mbedtls_build.h"

#include "arguments.h"
#include "mbedtls/platform_util.h"
#include "module.h"
#include "tls_object.h"

namespace {

using namespace countersign::native;

void check(CredentialsObject& self, int status, const char* words) {
    if (status == 0) return;
    countersign_credentials_del(MP_OBJ_FROM_PTR(&self));
    raise_value_error(words);
}

}  // namespace

mp_obj_t countersign_credentials_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw,
                                      const mp_obj_t* args) {
    mp_arg_check_num(n_args, n_kw, 3, 3, false);
    auto& self = *mp_obj_malloc_with_finaliser(CredentialsObject, type);
    self.begun = true;
    check(self, self.credentials.begin(), "no randomness");
    check(self, self.credentials.set_own(bytes_of(args[0]), bytes_of(args[1])), "invalid certificate or key");
    mp_obj_t anchors = mp_getiter(args[2], nullptr);
    for (mp_obj_t next = mp_iternext(anchors); next != MP_OBJ_STOP_ITERATION; next = mp_iternext(anchors)) {
        check(self, self.credentials.add_anchor(bytes_of(next)), "invalid anchor");
    }
    return MP_OBJ_FROM_PTR(&self);
}

mp_obj_t countersign_credentials_del(mp_obj_t self_in) {
    auto& self = as<CredentialsObject>(self_in);
    if (self.begun) self.credentials.end();
    self.begun = false;
    return mp_const_none;
}
