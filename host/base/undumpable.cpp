#include "host/base/undumpable.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace countersign {
namespace {

// At its end LeakSanitizer reads this very process through ptrace, which an undumpable one refuses.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLeaksAreLookedFor = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kLeaksAreLookedFor = true;
#else
constexpr bool kLeaksAreLookedFor = false;
#endif
#else
constexpr bool kLeaksAreLookedFor = false;
#endif

}  // namespace

void make_undumpable() noexcept {
    // Both: the limit does not hold where core_pattern is a pipe (core(5)), the flag is gone after an exec.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    if (!kLeaksAreLookedFor) ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace countersign
