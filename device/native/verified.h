// Signatures that have been found good. Whether one is depends on the key, the digest and the signature
// alone, so a broker's certificate that was verified once need not be verified again: a third of a full
// handshake. Its names and dates are looked at every time.
//
// mbedTLS has no place to ask for this; the linker puts us in front of its verification of ECDSA
// (--wrap=mbedtls_ecdsa_read_signature), where we act only within a VerifiedScope.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace countersign::native {

class Verified {
  public:
    using Digest = std::array<std::uint8_t, 32>;  // SHA-256 of owner, key, digest and signature

    [[nodiscard]] bool knows(const Digest& one) noexcept {
        const auto end = latest_first_.begin() + count_;
        const auto found = std::find(latest_first_.begin(), end, one);
        if (found == end) return false;
        std::rotate(latest_first_.begin(), found, found + 1);
        return true;
    }

    void add(const Digest& one) noexcept {
        if (count_ < latest_first_.size()) ++count_;
        std::shift_right(latest_first_.begin(), latest_first_.begin() + count_, 1);
        latest_first_.front() = one;
    }

  private:
    // A full handshake shows one signature that never comes again, and one for each certificate below the
    // anchor: the one not seen for longest has to go.
    static constexpr std::size_t kKept = 4;

    std::array<Digest, kKept> latest_first_{};
    std::size_t count_ = 0;
};

// While it lives, mbedTLS's verifications are looked up, and kept when they are good, on behalf of `owner`,
// who finds nobody else's. A number, and no pointer: an exception of MicroPython's may leave without the
// destructor.
class VerifiedScope {
  public:
    explicit VerifiedScope(std::uint32_t owner) noexcept { current_ = owner; }
    ~VerifiedScope() { current_ = kNobody; }
    VerifiedScope(const VerifiedScope&) = delete;
    VerifiedScope& operator=(const VerifiedScope&) = delete;

    static constexpr std::uint32_t kNobody = 0;
    [[nodiscard]] static std::uint32_t current() noexcept { return current_; }
    [[nodiscard]] static std::uint32_t new_owner() noexcept { return ++owners_; }

  private:
    static inline std::uint32_t current_ = kNobody, owners_ = kNobody;
};

}  // namespace countersign::native
