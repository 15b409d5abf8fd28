#include "host/loader/wifi_conf.h"

#include <algorithm>
#include <string_view>

#include "host/base/error.h"

namespace countersign::loader {
namespace {

constexpr std::size_t kMaxSsid = 32;     // bytes, IEEE 802.11
constexpr std::size_t kMinPassword = 8;  // bytes
constexpr std::size_t kMaxPassword = 63;
constexpr std::size_t kKeyDigits = 64;  // the key itself, in hex

[[noreturn]] void refuse(std::string_view what) {
    throw Error(Code::WifiConfInvalid, what, "countersign load NAME --port PORT --wifi-ssid SSID");
}

// A quoted value ends at the first such quote after which nothing but a comment follows.
bool can_be_quoted(std::string_view value, char quote) {
    for (std::size_t i = value.find(quote); i != std::string_view::npos; i = value.find(quote, i + 1)) {
        const std::size_t next = value.find_first_not_of(" \t", i + 1);
        if (next == std::string_view::npos || value[next] == '#') return false;
    }
    return true;
}

bool is_password(std::string_view text) {
    if (text.size() != kKeyDigits) return text.size() >= kMinPassword && text.size() <= kMaxPassword;
    return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

Secret line(std::string_view key, std::string_view value) {
    if (std::any_of(value.begin(), value.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
        refuse(std::string(key) + " contains a control character.");
    }
    const char quote = can_be_quoted(value, '"') ? '"' : '\'';
    if (!can_be_quoted(value, quote))
        refuse(std::string(key) + " mixes quotes in a way wifi.conf cannot hold.");
    std::string text;
    text.reserve(key.size() + value.size() + 3);  // never moved, so that nothing of it stays behind
    text.append(key).append(1, '=').append(1, quote).append(value).append(1, quote);
    Secret result{std::string_view(text)};
    explicit_bzero(text.data(), text.size());
    return result;
}

}  // namespace

std::map<std::string, Secret> wifi_conf_lines(const BrokerAddress& broker, const LoadOptions& options) {
    std::map<std::string, Secret> lines;
    lines.emplace("server_ip", line("server_ip", broker.host));
    lines.emplace("server_port", line("server_port", std::to_string(broker.port)));
    if (options.wifi_ssid) {
        if (options.wifi_ssid->empty() || options.wifi_ssid->size() > kMaxSsid) {
            refuse("A Wi-Fi name has 1 to 32 bytes.");
        }
        lines.emplace("wifi_ssid", line("wifi_ssid", *options.wifi_ssid));
    }
    if (options.wifi_password) {
        const std::string_view password = options.wifi_password->text();
        if (!password.empty() && !is_password(password))
            refuse("A Wi-Fi password has 8 to 63 bytes, or 64 hex digits.");
        lines.emplace("wifi_psw", line("wifi_psw", password));
    }
    return lines;
}

}  // namespace countersign::loader
