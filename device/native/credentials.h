// Who we are and whom we trust, in the form TLS takes it: for any number of connections.
#pragma once

#include <cstdint>
#include <span>

#include "mbedtls_build.h"

#include "mbedtls/ssl.h"
#include "random.h"

namespace countersign::native {

class Credentials {
  public:
    // Each 0 or an mbedTLS error. end() once for every begin(), whatever it returned.
    int begin() noexcept;
    int set_own(std::span<const std::uint8_t> certificate,
                std::span<const std::uint8_t> key) noexcept;             // DER
    int add_anchor(std::span<const std::uint8_t> certificate) noexcept;  // DER
    void end() noexcept;                                                 // wipes the key

    [[nodiscard]] const mbedtls_ssl_config& config() const noexcept { return config_; }
    [[nodiscard]] std::uint32_t owner() const noexcept { return owner_; }  // of what is Verified

  private:
    mbedtls_ssl_config config_;
    Random random_;
    mbedtls_x509_crt anchors_;
    mbedtls_x509_crt own_;
    mbedtls_pk_context key_;
    std::uint32_t owner_;
};

}  // namespace countersign::native
