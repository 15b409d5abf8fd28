// Secrets that stay out of swap.
#pragma once

#include <sys/mman.h>

#include "host/base/secret.h"

namespace countersign {

// The same, locked into memory as far as RLIMIT_MEMLOCK allows: for what opens the authority, and lives long.
// Never unlocked, since another secret may be on the page. It is a call of the kernel each: too dear for a
// key among ten thousand that go to the disk anyway.
[[nodiscard]] inline Secret locked(Secret secret) noexcept {
    if (!secret.empty()) (void)::mlock(secret.bytes().data(), secret.bytes().size());
    return secret;
}

}  // namespace countersign
