#include "host/pki/random.h"

#include <openssl/rand.h>

#include "host/pki/openssl.h"

namespace countersign::pki {

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
    require(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "RAND_bytes");
}

}  // namespace countersign::pki
