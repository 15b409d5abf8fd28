// Where OpenSSL keeps the numbers of private keys.
#pragma once

namespace countersign::pki {

// OpenSSL's secure heap (CRYPTO_secure_malloc_init(3)): locked into memory as far as RLIMIT_MEMLOCK allows,
// between guard pages, in no core dump, wiped when freed. Once, before the first key.
void keep_keys_in_locked_memory() noexcept;

}  // namespace countersign::pki
