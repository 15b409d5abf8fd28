#include "host/pki/host_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "host/base/error.h"

namespace countersign::pki {
namespace {

constexpr std::size_t kMaxNameSize = 253;  // RFC 1035 2.3.4: 255 octets on the wire
constexpr std::size_t kMaxLabelSize = 63;

Error refused(std::string_view text, std::string_view why) {
    // Bounded and printable: it came from a command line or a file and goes to a terminal.
    std::string shown(text.substr(0, 80));
    std::ranges::replace_if(
        shown, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return Error(Code::HostInvalid, "\"" + shown + "\" " + std::string(why));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

void check_ipv4(std::string_view text, const std::vector<std::uint8_t>& address) {
    const bool unspecified = std::ranges::all_of(address, [](std::uint8_t octet) { return octet == 0; });
    if (unspecified || address[0] >= 224) throw refused(text, "is no address a device could dial.");
}

void check_ipv6(std::string_view text, const std::vector<std::uint8_t>& address) {
    const bool unspecified = std::ranges::all_of(address, [](std::uint8_t octet) { return octet == 0; });
    if (unspecified || address[0] == 0xff) throw refused(text, "is no address a device could dial.");
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), address.begin())) {
        throw refused(text, "is an IPv4 address in IPv6 clothes; give the IPv4 address.");
    }
}

void check_label(std::string_view text, std::string_view label) {
    if (label.empty()) throw refused(text, "has an empty part between its dots.");
    if (label.size() > kMaxLabelSize) throw refused(text, "has a part of more than 63 characters.");
    if (label.front() == '-' || label.back() == '-')
        throw refused(text, "has a part with a hyphen at its end.");
    // An underscore is no host name's (RFC 952), but containers have it, and TLS clients compare it as it
    // stands.
    if (!std::ranges::all_of(label,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; })) {
        throw refused(text, "has a character that is not a letter, digit, hyphen, underscore or dot.");
    }
}

void check_dns(std::string_view text, std::string_view name) {
    if (name.size() > kMaxNameSize) throw refused(text, "has more than 253 characters.");
    std::string_view rest = name;
    while (true) {
        const std::size_t dot = rest.find('.');
        const std::string_view label = rest.substr(0, dot);
        check_label(text, label);
        if (dot == std::string_view::npos) {
            // A name that ends in a number is a mistyped address (RFC 3696 section 2).
            if (std::ranges::all_of(label, is_digit)) throw refused(text, "is not a complete IPv4 address.");
            return;
        }
        rest.remove_prefix(dot + 1);
    }
}

// What people often type instead of a host, each with its own words.
void check_no_decoration(std::string_view text) {
    if (text.empty()) throw refused(text, "is empty.");
    if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; })) {
        throw refused(text, "has a space or a character that is not ASCII (write others as xn--).");
    }
    if (text.find("//") != std::string_view::npos) throw refused(text, "is a URL; give only its host.");
    if (text.find('*') != std::string_view::npos) {
        throw refused(text, "is a wildcard; devices dial one name, which the certificate must state.");
    }
    if (text.find('%') != std::string_view::npos)
        throw refused(text, "has a zone, which no certificate can name.");
    if (text.front() == '[')
        throw refused(text, "has brackets; give the bare IPv6 address, the port by --port.");
    if (std::ranges::count(text, ':') == 1) throw refused(text, "has a port; give it by --port.");
}

}  // namespace

HostName HostName::parse(std::string_view text) {
    check_no_decoration(text);
    const std::string name = lower(text);
    std::vector<std::uint8_t> address(4);
    if (inet_pton(AF_INET, name.c_str(), address.data()) == 1) {
        check_ipv4(text, address);
        return {Kind::ipv4, name, std::move(address)};
    }
    address.resize(16);
    if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1) {
        check_ipv6(text, address);
        std::array<char, INET6_ADDRSTRLEN> canonical{};
        inet_ntop(AF_INET6, address.data(), canonical.data(), canonical.size());
        return {Kind::ipv6, canonical.data(), std::move(address)};
    }
    if (name.find(':') != std::string::npos) throw refused(text, "is not an IPv6 address.");
    check_dns(text, name);
    return {Kind::dns, name, {}};
}

}  // namespace countersign::pki
