#include "host/broker/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "host/base/error.h"
#include "host/base/tls_policy.h"
#include "host/broker/control_topics.h"
#include "host/broker/own_lines.h"
#include "host/broker/policy.h"
#include "host/broker/saved_state.h"

namespace countersign::broker {
namespace {

// Mosquitto reads a value to the end of its line and drops blanks in front of it: a path may hold blanks, but
// not begin or end with one, and no control characters.
void check_path(const std::filesystem::path& path) {
    const std::string text = path.string();
    const bool odd = std::any_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    // OpenSSL takes a colon in a folder's name for the end of it.
    if (path.is_absolute() && !odd && text.back() != ' ' && text.find(':') == std::string::npos) return;
    throw Error(Code::HomeUnreachable,
                fmt::format("Mosquitto's configuration cannot name the folder {:?}.", text),
                "use a --home with an absolute path of ordinary characters");
}

constexpr const char* kBeginning =
    R"(# Made by countersign; made again when the broker's settings change. Lines of your own belong in
# broker.d/NAME.conf beside this file.
# The certificate says who a client is; the plugin asks the registry, by way of the admission file, whether it
# may come in, and sets its user name.
per_listener_settings false
)";

constexpr const char* kAccess = R"(allow_anonymous false
plugin {plugin}
plugin_opt_admission {admission}
plugin_opt_grants {acl}
acl_file {acl}
)";

constexpr const char* kListener = R"(
listener {port}{address}
protocol mqtt
set_tcp_nodelay true
allow_zero_length_clientid false

# Where a client's issuer is looked up when it is needed: a new CA counts at once, without a reload.
capath {cas}
certfile {certificate}
keyfile {key}
require_certificate true
# The plugin sets the user name. True would skip the plugin.
use_identity_as_username false
tls_version tlsv1.2
# Keys made anew for each connection, and authenticated encryption: nothing else is spoken.
ciphers {ciphers}
ciphers_tls1.3 {ciphersuites}
)";

constexpr const char* kLimits = R"(
# A reconnecting device gets at most max_queued_messages of what it missed.
max_queued_messages 10000
max_inflight_messages 20
max_queued_bytes 67108864
# The session of a device that was away for so long, and what waited for it, is given up.
persistent_client_expiration 90d
# Half of this machine's memory: beyond it a message is dropped, and the broker lives on.
memory_limit {memory}
# What is retained is delivered only while its author might still write it. Mosquitto 2.0.11 says that this is its
# default, and does it only when it is told to.
check_retain_source true
# A device that sends more in one packet is disconnected.
max_packet_size 1048576
)";

constexpr const char* kState = R"(
persistence true
persistence_location {data}
persistence_file {state}
# A broker that is killed loses what came after the last save.
autosave_interval 10

log_dest stderr
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S
connection_messages true
{log_types}
)";

std::uint64_t memory_limit() {
    constexpr std::uint64_t kLeast = 256ULL << 20;
    const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0) return kLeast;
    return std::max(kLeast, static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page) / 2);
}

std::string limits() {
    return fmt::format(fmt::runtime(kLimits), fmt::arg("memory", memory_limit()));
}

constexpr const char* kLogTypes = "log_type error\nlog_type warning\nlog_type notice\nlog_type information";

std::string access_part(const Settings& settings) {
    check_path(settings.folder);
    const Files files(settings.folder);
    return fmt::format(fmt::runtime(kAccess), fmt::arg("plugin", files.plugin.string()),
                       fmt::arg("admission", files.admission.string()), fmt::arg("acl", files.acl.string()));
}

std::string listeners(const Settings& settings) {
    const Files files(settings.folder);
    std::vector<std::uint16_t> ports{settings.port};
    ports.insert(ports.end(), settings.former_ports.begin(), settings.former_ports.end());
    std::string text;
    for (const auto port : ports) {
        text += fmt::format(fmt::runtime(kListener), fmt::arg("port", port),
                            fmt::arg("address", settings.address.empty() ? "" : " " + settings.address),
                            fmt::arg("cas", files.cas.string()), fmt::arg("ciphers", tls::kCiphers),
                            fmt::arg("ciphersuites", tls::kCiphersuites),
                            fmt::arg("certificate", files.certificate.string()),
                            fmt::arg("key", files.key.string()));
    }
    return text;
}

}  // namespace

Files::Files(const std::filesystem::path& folder)
    : config(folder / "mosquitto.conf"),
      acl(folder / "acl"),
      ca(folder / "ca.pem"),
      cas(folder / "cas"),
      old_crl(folder / "crl.pem"),
      certificate(folder / "broker.crt.pem"),
      key(folder / "broker.key.pem"),
      admission(folder / "admission"),
      data(folder / "data"),
      plugin(folder / "countersign_plugin.so"),
      knows_fresh(folder / "knows-fresh") {}

std::string mosquitto_config(const Settings& settings) {
    std::string text = kBeginning + access_part(settings);
    if (!settings.user.empty()) text += "user " + settings.user + "\n";
    text += listeners(settings) + limits();
    const Files files(settings.folder);
    text += fmt::format(fmt::runtime(kState), fmt::arg("data", files.data.string()),
                        fmt::arg("state", kSavedState),
                        fmt::arg("log_types", settings.verbose ? "log_type all" : kLogTypes));
    // Last: a line about a listener is about the one before it.
    const OwnFiles own(settings.folder);
    if (std::filesystem::is_directory(own.config))
        text += fmt::format("\ninclude_dir {}\n", own.config.string());
    return text;
}

std::string mosquitto_part(const Settings& settings) {
    return access_part(settings) + listeners(settings) + limits();
}

namespace {

// Mosquitto's words for what it can say of these grants; the plugin says the rest (never_write).
std::string lines_of(std::string_view keyword, Role role) {
    std::string text;
    for (const Grant& grant : grants_of(role)) {
        if (grant.access == Access::never_write) continue;
        text +=
            fmt::format("{} {} {}\n", keyword, grant.access == Access::read ? "read" : "write", grant.filter);
    }
    return text;
}

}  // namespace

std::string access_list(std::span<const std::string> operators, std::span<const std::string> responders,
                        std::string_view own) {
    // A pattern holds for every user, %u being the user name the plugin has set. For an operator or responder
    // it opens topics below a name no device can have.
    std::string text =
        "# Made by countersign; made again when an operator or responder comes or goes. Grants of your own "
        "belong\n"
        "# in acl.local beside this file.\n";
    // First: lines without a user of their own would be the last user's otherwise.
    if (!own.empty()) text += fmt::format("\n# --- acl.local\n{}\n# --- end of acl.local\n\n", own);
    text += lines_of("pattern", Role::device);
    for (const auto& [role, names] : {std::pair{Role::operator_, operators}, {Role::responder, responders}}) {
        for (const auto& name : names) {
            text += fmt::format("\nuser {}{}\n{}", username_prefix(role), name, lines_of("topic", role));
        }
    }
    return text;
}

}  // namespace countersign::broker
