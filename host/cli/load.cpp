// `countersign load NAME --port PORT`: an identity and the program onto a board, proven there.
#include "host/loader/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/stored_identity.h"
#include "host/loader/firmware.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/ports.h"

namespace countersign::cli {
namespace {

constexpr std::size_t kMaxWifiPassword = 64;  // IEEE 802.11: 63 characters or 64 hex digits

struct Options {
    std::string name, port = "auto", ssid, password_file, server, firmware;
    bool replace_main = false;
};

Secret wifi_password(const Context& context, const std::string& file) {
    auto content = read_file(file, kMaxWifiPassword + 2);
    std::string_view text{reinterpret_cast<const char*>(content.data()), content.size()};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    Secret password(text);
    explicit_bzero(content.data(), content.size());
    if (context.verbose) context.note(fmt::format("Read the Wi-Fi password from {}.", file));
    return password;
}

// A name nobody has issued yet is issued now; one that is there is taken as it is.
lifecycle::StoredIdentity identity_for(const Context& context, lifecycle::OpenHome& home,
                                       const std::string& name) {
    if (!home.registry().find_device(name)) {
        lifecycle::IssueRequest request;
        request.name = name;
        request.key = key_type_from(home.settings().key_type);
        request.lifetime = std::chrono::days(home.settings().days);
        lifecycle::check_request(home, request);
        lifecycle::IssuingAuthority authority(home.home(), authority_passphrase(context, home.settings()),
                                              home.clock());
        const auto issued = lifecycle::issue(home, authority, request);
        context.note(fmt::format("Made a certificate for {}; it expires {}.", name,
                                 format_date(issued.certificate.not_after)));
    }
    return lifecycle::load_identity(home.home(), home.registry(), name, context.clock().now());
}

// The brokers a device tries, in order. `server` must be in the broker's certificate, or no device would
// accept it.
std::vector<loader::BrokerAddress> brokers(const lifecycle::Settings& settings, const std::string& server) {
    auto hosts = settings.hosts;
    if (!server.empty()) {
        const auto wanted = std::find(hosts.begin(), hosts.end(), pki::HostName::parse(server).text());
        if (wanted == hosts.end()) {
            throw Error(Code::BrokerName, fmt::format("The broker's certificate does not name {}.", server),
                        fmt::format("countersign hosts add {}", server));
        }
        std::rotate(hosts.begin(), wanted, wanted + 1);
    }
    std::vector<loader::BrokerAddress> addresses;
    addresses.reserve(hosts.size());
    for (const auto& host : hosts) addresses.push_back({host, settings.port});
    return addresses;
}

loader::BoardIdentity board_identity(const Context& context, const Options& options,
                                     const lifecycle::Home& home) {
    lifecycle::OpenHome open(home, context.clock());
    auto stored = identity_for(context, open, options.name);
    const auto authority = lifecycle::load_authority(home, context.clock().now());
    return {options.name,
            std::move(stored.key_der),
            std::move(stored.certificate.der),
            {authority.root().der, authority.issuing().der},
            brokers(open.settings(), options.server)};
}

void report_loaded(const Context& context, const Options& options, const loader::LoadResult& result) {
    if (result.main_kept) {
        context.note(
            "main.py on the board is not ours and stays: nothing of ours starts at boot. --replace-main "
            "replaces it.");
    }
    if (result.wifi_missing) context.note("wifi.conf on the board names no network: add --wifi-ssid.");
    context.report(
        fmt::format(
            "Loaded {} onto the board at {} (MicroPython {}, {}), proven there in slot {}; it boots now.",
            options.name, result.port, result.firmware, result.machine, result.slot),
        {{"name", options.name},
         {"port", result.port},
         {"firmware", result.firmware},
         {"machine", result.machine},
         {"slot", std::string(1, result.slot)},
         {"written", result.written},
         {"main_kept", result.main_kept},
         {"wifi_missing", result.wifi_missing}});
}

void run_load(const Context& context, const Options& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    loader::LoadOptions wanted;
    if (!options.ssid.empty()) wanted.wifi_ssid = options.ssid;
    if (!options.password_file.empty()) wanted.wifi_password = wifi_password(context, options.password_file);
    wanted.replace_main = options.replace_main;

    const std::string port = loader::find_port(options.port);
    loader::check_port(port);
    const auto identity = board_identity(context, options, home);
    const auto say = [&](std::string_view step) { context.note(step); };
    if (!options.firmware.empty()) loader::flash_firmware(port, options.firmware, say);
    loader::MpremoteBoard board(port);
    const auto result = loader::load(board, identity, wanted, context.clock(), say);
    lifecycle::OpenHome(home, context.clock())
        .registry()
        .record("loaded", options.name, pki::parse_certificate(identity.certificate).info.fingerprint,
                fmt::format("{} on MicroPython {}", result.machine, result.firmware));
    report_loaded(context, options, result);
}

}  // namespace

void add_load(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("load", "Put an identity and the program on a board");
    command->footer(
        "Examples:\n"
        "  countersign load user1 --wifi-ssid home --wifi-password-file wifi.txt\n"
        "  countersign load user1 --port /dev/ttyUSB0\n"
        "  countersign load user1 --port /dev/ttyUSB0 --firmware ESP32_GENERIC-v1.25.0.bin   (erases the "
        "board)");
    auto options = std::make_shared<Options>();
    command->add_option("NAME", options->name, "The device; issued now if it has no certificate yet")
        ->required();
    command->add_option("--port", options->port, "A serial port, or auto for the only one")
        ->capture_default_str();
    command->add_option("--wifi-ssid", options->ssid, "Else what wifi.conf on the board says")
        ->type_name("SSID");
    command->add_option("--wifi-password-file", options->password_file, "Where the Wi-Fi password is")
        ->type_name("FILE");
    command->add_option("--server", options->server, "The broker's address this device tries first")
        ->type_name("HOST");
    command->add_option("--firmware", options->firmware, "Erase the board and write this MicroPython first")
        ->type_name("BIN");
    command->add_flag("--replace-main", options->replace_main, "Replace a main.py that is not ours");
    command->callback([&context, options] { run_load(context, *options); });
}

}  // namespace countersign::cli
