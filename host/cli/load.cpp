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
#include "host/lifecycle/anchors.h"
#include "host/lifecycle/enrolment.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/renewal.h"
#include "host/lifecycle/stored_identity.h"
#include "host/loader/firmware.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/ports.h"

namespace countersign::cli {
namespace {

constexpr std::size_t kMaxWifiPassword = 64;  // IEEE 802.11: 63 characters or 64 hex digits

struct Options {
    std::string name, port = "auto", ssid, password_file, server, firmware;
    bool replace_main = false, host_key = false, replace = false, source = false;
};

Secret wifi_password(const Context& context, const std::string& file) {
    const Secret content = read_secret(file, kMaxWifiPassword + 2);
    std::string_view text = content.text();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    Secret password(text);
    if (context.verbose) context.note(fmt::format("Read the Wi-Fi password from {}.", file));
    return password;
}

// A name nobody has issued yet is issued now; one that is there is taken as it is.
lifecycle::StoredIdentity identity_for(const Context& context, lifecycle::OpenHome& home,
                                       const Options& options) {
    if (options.replace || !home.registry().find_device(options.name)) {
        lifecycle::IssueRequest request;
        request.name = options.name;
        request.key = key_type_from(home.settings().key_type);
        request.lifetime = std::chrono::days(home.settings().days);
        request.replace = options.replace;
        lifecycle::check_request(home, request);
        lifecycle::IssuingAuthority authority(home.home(), authority_passphrase(context, home.settings()),
                                              home.clock());
        const auto issued = lifecycle::issue(home, authority, request);
        context.note(fmt::format("Made a key and a certificate for {} here; it expires {}.", options.name,
                                 format_date(issued.certificate.not_after)));
    }
    return lifecycle::load_identity(home.home(), home.registry(), options.name, context.clock().now());
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

loader::Trust trust_of(const Context& context, const lifecycle::Home& home, const std::string& server) {
    const auto settings = lifecycle::load_settings(home);
    const auto authority = lifecycle::load_authority(home, context.clock().now());
    return {{authority.root().der, authority.issuing().der},
            brokers(settings, server),
            lifecycle::anchors_version(home),
            settings.brokers_version};
}

// Signs what the board asks for. The home is locked only while it does: a load takes its time.
class HomeRegistrar final : public loader::Registrar {
  public:
    HomeRegistrar(const Context& context, const Options& options, const lifecycle::Home& home)
        : context_(context), options_(options), home_(home) {}

    // The authority is unlocked here, so that a wrong passphrase leaves the board as it is.
    bool must_enrol(const loader::BoardFacts& facts) override {
        board_ = fmt::format("{} on MicroPython {}", facts.machine, facts.version_text());
        const auto registry = registry::Registry::open(home_.registry(), context_.clock());
        if (!lifecycle::must_enrol(registry, options_.name, {facts.chip_id, facts.active_certificate},
                                   options_.replace, context_.clock().now())) {
            return false;
        }
        authority_ = std::make_unique<lifecycle::IssuingAuthority>(
            home_, authority_passphrase(context_, lifecycle::load_settings(home_)), context_.clock());
        return true;
    }

    loader::EnrolmentAnswer certify(const loader::EnrolmentRequest& request) override {
        lifecycle::OpenHome open(home_, context_.clock());
        enrolled_ = lifecycle::enrol(open, *authority_,
                                     {options_.name, request.chip_id, request.working, request.birth});
        return {enrolled_->working.der, enrolled_->birth.der};
    }

    void enrolled() override {
        lifecycle::OpenHome open(home_, context_.clock());
        lifecycle::confirm_enrolment(open, *enrolled_, board_);
    }

    [[nodiscard]] const std::optional<lifecycle::Enrolled>& product() const noexcept { return enrolled_; }

  private:
    const Context& context_;
    const Options& options_;
    const lifecycle::Home& home_;
    std::unique_ptr<lifecycle::IssuingAuthority> authority_;
    std::optional<lifecycle::Enrolled> enrolled_;
    std::string board_;
};

void report_loaded(const Context& context, const Options& options, const loader::LoadResult& result) {
    if (result.main_kept) {
        context.note(
            "main.py on the board is not ours and stays: nothing of ours starts at boot. --replace-main "
            "replaces it.");
    }
    if (result.wifi_missing) context.note("wifi.conf on the board names no network: add --wifi-ssid.");
    context.report(
        fmt::format("{} {} onto the board at {} (MicroPython {}, {}), proven there in slot {}; it boots now.",
                    result.enrolled ? "Enrolled" : "Loaded", options.name, result.port, result.firmware,
                    result.machine, result.slot),
        {{"name", options.name},
         {"port", result.port},
         {"firmware", result.firmware},
         {"machine", result.machine},
         {"slot", std::string(1, result.slot)},
         {"enrolled", result.enrolled},
         {"program", result.compiled ? "bytecode" : "source"},
         {"written", result.written},
         {"removed", result.removed},
         {"main_kept", result.main_kept},
         {"wifi_missing", result.wifi_missing}});
}

// The key is made here, or was: for boards that cannot, and for names that were issued before.
loader::LoadResult load_with_host_key(const Context& context, const Options& options,
                                      const lifecycle::Home& home, loader::Board& board,
                                      const loader::LoadOptions& wanted) {
    const auto identity = [&]() -> loader::BoardIdentity {
        lifecycle::OpenHome open(home, context.clock());
        auto stored = identity_for(context, open, options);
        return {options.name, std::move(stored.key_der), std::move(stored.certificate.der),
                trust_of(context, home, options.server)};
    }();
    const auto say = [&](std::string_view step) { context.note(step); };
    const auto certificate = pki::parse_certificate(identity.certificate).info;
    if (const auto kind = lifecycle::renews_by_hand(certificate)) {
        context.note(
            fmt::format("Its key is {}: the board cannot renew by itself, which takes a P-256 key. Before "
                        "{}: countersign issue {} --replace, then this command again.",
                        *kind, format_date(certificate.not_after), options.name));
    }
    auto result = loader::load(board, identity, wanted, context.clock(), say);
    lifecycle::OpenHome(home, context.clock())
        .registry()
        .record("loaded", options.name, certificate.fingerprint,
                fmt::format("{} on MicroPython {}", result.machine, result.firmware));
    return result;
}

loader::LoadResult load_with_own_key(const Context& context, const Options& options,
                                     const lifecycle::Home& home, loader::Board& board,
                                     const loader::LoadOptions& wanted) {
    HomeRegistrar registrar(context, options, home);
    auto result = loader::load(board, options.name, trust_of(context, home, options.server), registrar,
                               wanted, context.clock(), [&](std::string_view step) { context.note(step); });
    if (registrar.product()) {
        context.note(
            fmt::format("The working certificate of {} expires {}; its birth certificate, which can only "
                        "renew it, does not. Neither key was ever here.",
                        options.name, format_date(registrar.product()->working.info.not_after)));
    } else {
        context.note(fmt::format("The board is {} already: its keys and certificates stay.", options.name));
    }
    return result;
}

bool wants_host_key(const Context& context, const Options& options, const lifecycle::Home& home) {
    if (options.host_key) return true;
    const lifecycle::OpenHome open(home, context.clock());  // finishes what a killed `issue` left
    return !options.replace &&
           lifecycle::key_is_on_host(home, registry::Registry::open(home.registry(), context.clock()),
                                     options.name);
}

void run_load(const Context& context, const Options& options) {
    const lifecycle::Home home(context.home_path());
    home.require_initialised();
    loader::LoadOptions wanted;
    if (!options.ssid.empty()) wanted.wifi_ssid = options.ssid;
    if (!options.password_file.empty()) wanted.wifi_password = wifi_password(context, options.password_file);
    wanted.replace_main = options.replace_main;
    wanted.source = options.source;

    const std::string port = loader::find_port(options.port);
    loader::check_port(port);
    const bool host_key = wants_host_key(context, options, home);
    (void)brokers(lifecycle::load_settings(home), options.server);  // refused before the board is touched
    if (!options.firmware.empty()) {
        loader::flash_firmware(port, options.firmware, [&](std::string_view step) { context.note(step); });
    }
    loader::MpremoteBoard board(port);
    const auto load = host_key ? load_with_host_key : load_with_own_key;
    report_loaded(context, options, load(context, options, home, board, wanted));
}

}  // namespace

void add_load(const Command& app, Context& context) {
    const Command command = app.subcommand("load", "Make a board a device: program, identity, configuration");
    command.examples(
        "  countersign load user1 --wifi-ssid home --wifi-password-file wifi.txt\n"
        "  countersign load user1 --port /dev/ttyUSB0\n"
        "  countersign load user1 --replace            (another board takes the name)\n"
        "  countersign load user1 --port /dev/ttyUSB0 --firmware ESP32_GENERIC-v1.25.0.bin   (erases the "
        "board)");
    auto options = std::make_shared<Options>();
    command.option("NAME", options->name, "The device; its keys are made on the board unless they are here")
        .required();
    command.option("--port", options->port, "A serial port, or auto for the only one").show_default();
    command.option("--wifi-ssid", options->ssid, "Else what wifi.conf on the board says").type_name("SSID");
    command.option("--wifi-password-file", options->password_file, "Where the Wi-Fi password is")
        .type_name("FILE");
    command.option("--server", options->server, "The broker's address this device tries first")
        .type_name("HOST");
    command.option("--firmware", options->firmware, "Erase the board and write this MicroPython first")
        .type_name("BIN");
    command.flag("--replace", options->replace,
                 "New keys; the older certificates work until the new ones have been used");
    command.flag("--host-key", options->host_key, "Make the key here, for a board that cannot");
    command.flag("--source", options->source,
                 "The program as .py, not as .mpy: tracebacks with line numbers");
    command.flag("--replace-main", options->replace_main, "Replace a main.py that is not ours");
    command.action([&context, options] { run_load(context, *options); });
}

}  // namespace countersign::cli
