#include "host/pki/locked_memory.h"

#include <openssl/crypto.h>

namespace countersign::pki {
namespace {

// A P-256 key takes some 100 bytes of it, RSA 4096 in the making some 40 kB. Under a 32nd of the 8 MiB that
// systemd lets every process lock.
constexpr std::size_t kSize = std::size_t{256} * 1024;
constexpr std::size_t kSmallest = 32;

}  // namespace

void keep_keys_in_locked_memory() noexcept {
    (void)CRYPTO_secure_malloc_init(kSize, kSmallest);  // without it keys lie on the ordinary heap
}

}  // namespace countersign::pki
