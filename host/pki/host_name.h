// The addresses of a broker as people type them and as certificates name them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::pki {

class HostName {
  public:
    enum class Kind : std::uint8_t { dns, ipv4, ipv6 };

    // An IPv4 or IPv6 address or a DNS name (RFC 1123 letters, digits, hyphens). Wildcards, URLs, ports,
    // brackets, zones and addresses nobody can dial are refused: Error{HostInvalid} saying why.
    [[nodiscard]] static HostName parse(std::string_view text);

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_ip() const noexcept { return kind_ != Kind::dns; }
    // Canonical: lower case, IPv6 as RFC 5952 writes it.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    // 4 or 16 bytes in network order; empty for a DNS name.
    [[nodiscard]] const std::vector<std::uint8_t>& address() const noexcept { return address_; }

    bool operator==(const HostName&) const = default;

  private:
    HostName(Kind kind, std::string text, std::vector<std::uint8_t> address)
        : kind_(kind), text_(std::move(text)), address_(std::move(address)) {}
    Kind kind_;
    std::string text_;
    std::vector<std::uint8_t> address_;
};

// Whether IPv4 addresses stand in a broker's certificate a second time, as DNS names. mbedTLS before 3.5, and
// with it MicroPython before 1.24, finds them nowhere else; strict parsers refuse a certificate over it.
enum class OldBoards : std::uint8_t { not_served, served };

}  // namespace countersign::pki
