// Randomness is injected where a test must repeat: serial numbers and the marks in CA names. Keys always come
// from OpenSSL's own generator.
#pragma once

#include <cstdint>
#include <span>

namespace countersign::pki {

class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

class SystemRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace countersign::pki
