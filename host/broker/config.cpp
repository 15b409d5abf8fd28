#include "host/broker/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "host/base/error.h"
#include "host/base/tls_policy.h"
#include "host/broker/policy.h"

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

constexpr const char* kConfig =
    R"(# Made by countersign; made again when the broker's settings change.
# The certificate says who a client is; the plugin asks the registry, by way of the admission file, whether it
# may come in, and sets its user name.
per_listener_settings false
allow_anonymous false
plugin {plugin}
plugin_opt_admission {admission}
acl_file {acl}
{user}
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

persistence true
persistence_location {data}
persistence_file mosquitto.db
autosave_interval 10
# A broker that is killed loses what came after the last save; a reconnecting device gets at most
# max_queued_messages of what it missed.
max_queued_messages 10000
max_inflight_messages 20
max_queued_bytes 67108864
# The session of a device that was away for so long, and what waited for it, is given up.
persistent_client_expiration 90d
# Half of this machine's memory: beyond it a message is dropped, and the broker lives on.
memory_limit {memory}
# A device that sends more in one packet is disconnected.
max_packet_size 1048576

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

constexpr const char* kLogTypes = "log_type error\nlog_type warning\nlog_type notice\nlog_type information";

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
    check_path(settings.folder);
    const Files files(settings.folder);
    return fmt::format(fmt::runtime(kConfig), fmt::arg("plugin", files.plugin.string()),
                       fmt::arg("admission", files.admission.string()), fmt::arg("acl", files.acl.string()),
                       fmt::arg("memory", memory_limit()),
                       fmt::arg("user", settings.user.empty() ? "" : "user " + settings.user + "\n"),
                       fmt::arg("port", settings.port),
                       fmt::arg("address", settings.address.empty() ? "" : " " + settings.address),
                       fmt::arg("cas", files.cas.string()), fmt::arg("ciphers", tls::kCiphers),
                       fmt::arg("ciphersuites", tls::kCiphersuites),
                       fmt::arg("certificate", files.certificate.string()),
                       fmt::arg("key", files.key.string()), fmt::arg("data", files.data.string()),
                       fmt::arg("log_types", settings.verbose ? "log_type all" : kLogTypes));
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

std::string access_list(std::span<const std::string> operators, std::span<const std::string> responders) {
    // A pattern holds for every user, %u being the user name the plugin has set. For an operator or responder
    // it opens topics below a name no device can have.
    std::string text = "# Made by countersign; made again when an operator or responder comes or goes.\n" +
                       lines_of("pattern", Role::device);
    for (const auto& [role, names] : {std::pair{Role::operator_, operators}, {Role::responder, responders}}) {
        for (const auto& name : names) {
            text += fmt::format("\nuser {}{}\n{}", username_prefix(role), name, lines_of("topic", role));
        }
    }
    return text;
}

}  // namespace countersign::broker
