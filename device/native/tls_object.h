// The Python objects around TLS. They live in MicroPython's heap; a finaliser gives back what mbedTLS holds.
#pragma once

#include "credentials.h"
#include "stream.h"
#include "tls.h"

namespace countersign::native {

struct CredentialsObject {
    mp_obj_base_t base;
    bool begun;
    Credentials credentials;
};

struct TlsObject {
    mp_obj_base_t base;
    bool begun;
    mp_obj_t credentials;  // kept alive
    Tls tls;
};

// OSError with an errno, or with mbedTLS's own negative number.
[[noreturn]] void raise_os_error(int status, int stream_fault);

}  // namespace countersign::native
