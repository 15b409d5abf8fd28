#include "host/broker/own_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <sstream>
#include <string_view>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/pki/certificate.h"
#include "host/pki/message_signature.h"

namespace countersign::broker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEdited = ".edited-";
constexpr std::string_view kMark = "# As made: ";
constexpr std::size_t kMarkDigits = 16;  // of a SHA-256: against mistakes, not against anybody

// Root reads these lines: what they make it write, load or stay is not theirs to say. And one plugin with one
// admission file, one access list, one place for what is kept, one answer for every listener.
constexpr std::array<std::string_view, 13> kOurs{"user",
                                                 "pid_file",
                                                 "include_dir",
                                                 "plugin",
                                                 "auth_plugin",
                                                 "acl_file",
                                                 "per_listener_settings",
                                                 "check_retain_source",
                                                 "persistence_location",
                                                 "persistence_file",
                                                 "tls_engine",  // a library that root would load
                                                 "use_identity_as_username",
                                                 "use_subject_as_username"};

// What the plugin is told: more of it would come after ours.
constexpr std::array<std::string_view, 2> kPluginOptions{"plugin_opt_", "auth_opt_"};

// About the listener before it: ours, until this file begins one of its own.
constexpr std::array<std::string_view, 15> kOfAListener{"require_certificate",
                                                        "cafile",
                                                        "capath",
                                                        "certfile",
                                                        "keyfile",
                                                        "crlfile",
                                                        "ciphers",
                                                        "tls_version",
                                                        "tls_keyform",
                                                        "ciphers_tls1.3",
                                                        "dhparamfile",
                                                        "psk_hint",
                                                        "protocol",
                                                        "mount_point",
                                                        "use_username_as_clientid"};

bool is_among(std::span<const std::string_view> options, std::string_view option) {
    return std::find(options.begin(), options.end(), option) != options.end();
}

// As Mosquitto reads a line: words are kept apart by blanks.
std::string_view word_of(std::string_view line, std::size_t index) {
    for (;;) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const std::string_view word = line.substr(0, line.find(' '));
        if (index-- == 0) return word;
        line.remove_prefix(word.size());
    }
}

bool is_ours(std::string_view line) {
    const std::string_view option = word_of(line, 0);
    if (option == "log_dest") return word_of(line, 1) == "file";
    return is_among(kOurs, option) ||
           std::any_of(kPluginOptions.begin(), kPluginOptions.end(),
                       [&](std::string_view prefix) { return option.starts_with(prefix); });
}

void check_lines(const fs::path& file) {
    std::istringstream lines(read_text(file));
    std::size_t number = 0;
    bool own_listener = false;
    for (std::string text; std::getline(lines, text);) {
        ++number;
        std::string_view line = text;
        while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
        const std::string_view option = word_of(line, 0);
        own_listener |= option == "listener";
        const bool for_ours = !own_listener && is_among(kOfAListener, option);
        if (!for_ours && !is_ours(line)) continue;
        throw Error(Code::OwnLines,
                    fmt::format("{}, line {}: {} is for Countersign to set.", file.string(), number, option),
                    for_ours ? "take the line out, or put it after a listener line of this file"
                             : "take the line out");
    }
}

std::string digest(std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    return pki::to_hex(pki::sha256_of({bytes, text.size()})).substr(0, kMarkDigits);
}

// What cannot be read, or has no mark (from an earlier version), is simply replaced.
bool is_edited(const fs::path& path) {
    std::string content;
    try {
        content = read_text(path);
    } catch (const Error&) {
        return false;
    }
    const std::string_view text = content;
    const std::size_t mark = text.rfind(kMark);
    if (mark == std::string_view::npos) return false;
    return text.substr(mark + kMark.size()) != digest(text.substr(0, mark)) + "\n";
}

}  // namespace

void check_own_config(const fs::path& folder) {
    const OwnFiles own(folder);
    for (const auto& entry : entries_in(own.config)) {
        if (entry.name.ends_with(".conf")) check_lines(own.config / entry.name);
    }
}

std::string own_access(const fs::path& folder) {
    const OwnFiles own(folder);
    return fs::exists(own.access) ? read_text(own.access) : "";
}

void write_generated(const fs::path& path, const std::string& text, mode_t mode) {
    if (is_edited(path)) {
        std::string time = format_time(SystemClock().now());
        std::erase(time, ':');
        (void)rename_entry(path, path.string() + std::string(kEdited) + time);
    }
    write_file(path, text + std::string(kMark) + digest(text) + "\n", mode);
}

std::vector<fs::path> edited_files(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : entries_in(folder)) {
        if (entry.name.find(kEdited) != std::string::npos) found.push_back(folder / entry.name);
    }
    return found;
}

}  // namespace countersign::broker
