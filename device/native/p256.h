// ECDSA over P-256 with SHA-256 by mbedTLS, in constant time, all in bytes of fixed length. Every function
// gives 0 or an mbedTLS error and leaves no secret behind in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace countersign::native::p256 {

inline constexpr std::size_t kSize = 32;  // of a secret, a coordinate and a digest

using Word = std::span<const std::uint8_t, kSize>;
using Pair = std::span<const std::uint8_t, 2 * kSize>;  // a point (x, y) or a signature (r, s)
using PairOut = std::span<std::uint8_t, 2 * kSize>;

int public_key(Word secret, PairOut point) noexcept;
// The nonce is RFC 6979's: a function of secret and digest.
int sign(Word secret, Word digest, PairOut signature) noexcept;
// Also refuses a point that is not on the curve.
int verify(Pair point, Word digest, Pair signature) noexcept;

}  // namespace countersign::native::p256
