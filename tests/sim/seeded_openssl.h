// Makes OpenSSL's keys, nonces and serial numbers repeat with a seed. For this process and for good: never
// where a key is to be kept.
#pragma once

#include <cstdint>

namespace countersign::sim {

void seed_openssl(std::uint64_t seed);

}  // namespace countersign::sim
