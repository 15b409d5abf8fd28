// Mosquitto's log, in words: what a person at the terminal wants to know, one line each.
#include <fmt/format.h>

#include <array>
#include <string>

#include "core/identity/name.h"
#include "core/identity/role.h"
#include "host/broker/quotas.h"
#include "host/broker/supervisor.h"

namespace countersign::broker {
namespace {

constexpr std::string_view kOurs = "countersign: ";

// Lines that say nothing the plugin or we have not said already.
constexpr std::array<std::string_view, 14> kSilent{"New connection from ",
                                                   "New client connected from ",
                                                   "Config loaded from ",
                                                   "Opening ipv",
                                                   "Opening websockets ",
                                                   "Loading plugin: ",
                                                   "Saving in-memory database",
                                                   "Reloading config.",
                                                   "Client <unknown> ",
                                                   "Socket error on client <unk",
                                                   "Warning: Mosquitto should not be",
                                                   "mosquitto version ",
                                                   "Client (null) ",
                                                   "Plugin "};

struct Fault {
    std::string_view part;
    std::string_view words;
};

// Parts of OpenSSL's error texts, in the order they are tried.
constexpr std::array<Fault, 9> kTlsFaults{{
    {"peer did not return a certificate", "turned away a client without a certificate"},
    {"certificate verify failed",
     "turned away a client whose certificate is not of this authority, or not valid today"},
    {"alert unknown ca", "a client does not know this broker's authority and left"},
    {"alert bad certificate", "a client refused this broker's certificate and left"},
    {"alert certificate", "a client refused this broker's certificate and left"},
    {"unsupported protocol", "turned away a client with a TLS older than 1.2"},
    {"wrong version number", "turned away a client that does not speak TLS"},
    {"http request", "turned away a client that does not speak TLS"},
    {"no shared cipher", "turned away a client that has no cipher in common with this broker"},
}};

struct Ending {
    std::string_view suffix;
    std::string_view words;
};

constexpr std::array<Ending, 7> kEndings{{
    {" been disconnected by administrative action.", ""},  // the plugin has said why
    {" disconnected, not authorised.", ""},                // so it has
    {" disconnected.", "left"},
    {" closed its connection.", "closed its connection"},
    {" has exceeded timeout, disconnecting.", "was silent for too long: its connection is closed"},
    {" already connected, closing old connection.", "connects again: its old connection is closed"},
    {" disconnected due to protocol error.", "broke the rules of MQTT: its connection is closed"},
}};

bool is_silent(std::string_view message) {
    for (const auto beginning : kSilent) {
        if (message.starts_with(beginning)) return true;
    }
    return false;
}

// "2027-11-22T15:04:05: message", as the configuration asks for.
constexpr std::size_t kStamp = 19;

bool is_stamped(std::string_view line) {
    return line.size() > kStamp + 2 && line[10] == 'T' && line.substr(kStamp, 2) == ": ";
}

std::string in_words(std::string_view message) {
    if (message.starts_with(kOurs)) return std::string(message.substr(kOurs.size()));
    if (message.starts_with("OpenSSL Error")) {
        for (const auto& fault : kTlsFaults) {
            if (message.find(fault.part) != std::string_view::npos) return std::string(fault.words);
        }
        // What a client leaves behind that hangs up in the middle of a handshake.
        return message.find("unexpected eof") != std::string_view::npos ? "" : std::string(message);
    }
    if (is_silent(message)) return {};
    // What Debian's Mosquitto says when it may open no more files; and seldom, what it says.
    constexpr std::string_view kWrapped = " denied access by tcpd.";
    if (message.ends_with(kWrapped)) {
        return "turned a client away: no more files may be opened (ulimit -n), or /etc/hosts.deny names it";
    }
    constexpr std::string_view kClient = "Client ";
    if (message.starts_with(kClient)) {
        for (const auto& ending : kEndings) {
            if (!message.ends_with(ending.suffix)) continue;
            if (ending.words.empty()) return {};
            const auto who =
                message.substr(kClient.size(), message.size() - kClient.size() - ending.suffix.size());
            return fmt::format("{} {}", who, ending.words);
        }
    }
    return std::string(message);
}

}  // namespace

std::optional<Admission> read_admission(std::string_view report) {
    const std::size_t blank = report.rfind(' ');
    if (blank == std::string_view::npos || blank == 0 || blank + 1 == report.size()) return std::nullopt;
    return Admission{std::string(report.substr(0, blank)), std::string(report.substr(blank + 1))};
}

// The plugin writes the certificate's name out of a certificate that the registry knows.
std::optional<Suspicion> read_suspicion(std::string_view line) {
    constexpr std::string_view kRetired = ": its certificate is retired: a newer one is in use (serial ";
    constexpr std::string_view kOver = " is taken over again and again (serial ";
    constexpr std::string_view kRefused = ": countersign: refused ";
    constexpr std::string_view kNoted = ": countersign: ";
    if (!is_stamped(line)) return std::nullopt;
    line.remove_prefix(kStamp);
    const bool retired = line.starts_with(kRefused);
    if (!retired && !line.starts_with(kNoted)) return std::nullopt;
    line.remove_prefix(retired ? kRefused.size() : kNoted.size());
    const std::size_t name_end = line.find(retired ? kRetired : kOver);
    if (name_end == std::string_view::npos || !is_valid_name(line.substr(0, name_end))) return std::nullopt;
    const std::string_view rest = line.substr(name_end + (retired ? kRetired : kOver).size());
    const std::size_t serial_end = rest.find_first_not_of("0123456789abcdef");
    return Suspicion{std::string(line.substr(0, name_end)), std::string(rest.substr(0, serial_end)), retired};
}

// "refused NAME to publish to TOPIC: it publishes too fast": the reason is the plugin's word, the topic is
// not.
std::optional<std::string> read_excess(std::string_view line) {
    constexpr std::string_view kRefused = ": countersign: refused ";
    constexpr std::array<std::string_view, 2> kActs{" to publish to ", " to subscribe to "};
    if (!is_stamped(line) || !line.substr(kStamp).starts_with(kRefused)) return std::nullopt;
    line.remove_prefix(kStamp + kRefused.size());
    for (const auto act : kActs) {
        const std::size_t name_end = line.find(act);
        if (name_end == std::string_view::npos || !is_valid_name(line.substr(0, name_end))) continue;
        for (const Excess excess :
             {Excess::topic, Excess::subscriptions, Excess::payload, Excess::retained, Excess::rate}) {
            if (line.find(": " + std::string(in_words(excess))) != std::string_view::npos)
                return std::string(line.substr(0, name_end));
        }
    }
    return std::nullopt;
}

std::optional<std::string> read_trespasser(std::string_view line) {
    constexpr std::string_view kBefore = ": countersign: the session of ";
    constexpr std::string_view kBehind = " must go: it takes messages it may not read";
    if (!is_stamped(line) || !line.substr(kStamp).starts_with(kBefore) || !line.ends_with(kBehind))
        return std::nullopt;
    line.remove_prefix(kStamp + kBefore.size());
    line.remove_suffix(kBehind.size());
    std::string_view name = line;
    const std::string_view birth = username_prefix(Role::birth);
    if (name.starts_with(birth)) name.remove_prefix(birth.size());
    return is_valid_name(name) ? std::optional(std::string(line)) : std::nullopt;
}

std::string translate(std::string_view line) {
    constexpr std::size_t kClock = 11;  // where the time of day begins
    std::string words = in_words(is_stamped(line) ? line.substr(kStamp + 2) : line);
    if (words.empty() || !is_stamped(line)) return words;
    return fmt::format("{}  {}", line.substr(kClock, kStamp - kClock), words);
}

}  // namespace countersign::broker
