// The chain that binds every event to all before it: nobody changes one without changing all hashes after it.
//
// hash = SHA-256 of, integers big endian:
//   32 bytes  hash of the event before (zeros for the first)
//    8 bytes  seq
//    8 bytes  time, seconds since 1970, two's complement
//   and for kind, name, fingerprint (empty or 32 bytes) and detail, in this order:
//    4 bytes  length
//    n bytes  the bytes
#pragma once

#include "host/registry/records.h"

namespace countersign::registry {

[[nodiscard]] Fingerprint event_hash(const Fingerprint& previous, const Event& event);

}  // namespace countersign::registry
