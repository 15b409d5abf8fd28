// The clients that are compared on the virtual board, by the names that figures have.
#pragma once

namespace countersign::bench {

struct Way {
    const char* name;
    bool native_firmware;
    bool package;          // or a plain client over the firmware's own `tls`
    bool nodelay = false;  // for the plain one; the package always sets it
    bool resume = false;
    bool anew = false;  // credentials made anew for each connection, as after power-on
};

inline constexpr int kWindow = 8;  // messages on their way at once: countersign.Client's own default

inline constexpr Way kPlain{"plain client over `tls` as it comes", false, false};
inline constexpr Way kPlainNoDelay{"plain client over `tls`, TCP_NODELAY", false, false, true};
// The firmware with `_countersign` has a quicker P-256 in its mbedTLS, as ESP-IDF's has.
inline constexpr Way kPlainQuick{"the same on the firmware of `_countersign`", true, false, true};
inline constexpr Way kPython{"package, in Python", false, true};
inline constexpr Way kNative{"package, `_countersign`", true, true};
inline constexpr Way kNativeFirst{"package, `_countersign`, first connect", true, true, false, false, true};
inline constexpr Way kResumed{"package, `_countersign`, resumed", true, true, false, true};

}  // namespace countersign::bench
