// RAND_METHOD is deprecated, and still the one way to replace the generator of a whole process.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/sim/seeded_openssl.h"

#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "tests/sim/dice.h"

namespace countersign::sim {
namespace {

Dice* the_dice = nullptr;

int fill(unsigned char* bytes, int size) {
    std::generate_n(bytes, size, [] { return static_cast<unsigned char>(the_dice->bits() >> 32U); });
    return 1;
}

int is_ready() {
    return 1;
}

}  // namespace

void seed_openssl(std::uint64_t seed) {
    static Dice dice(seed);
    dice = Dice(seed);
    the_dice = &dice;
    static const RAND_METHOD method{nullptr, fill, nullptr, nullptr, fill, is_ready};
    if (RAND_set_rand_method(&method) != 1) throw std::runtime_error("RAND_set_rand_method");
}

}  // namespace countersign::sim
