// `countersign init HOST…`: an authority, a broker identity, Mosquitto's configuration.
#include "host/lifecycle/init.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/lifecycle/plausible_clock.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::seconds kLockWait{5};

struct InitOptions {
    std::vector<std::string> hosts;
    std::string key = "p256";
    std::int64_t days = pki::kDefaultLifetime.count();
    std::int64_t port = 8883;
    bool no_passphrase = false;
    bool old_boards = false;
    bool trust_clock = false;
};

lifecycle::InitRequest checked(const InitOptions& options) {
    lifecycle::InitRequest request;
    for (const auto& host : options.hosts) request.hosts.push_back(pki::HostName::parse(host));
    request.key = key_type_from(options.key);
    if (request.key == pki::KeyType::ed25519) {
        throw Error(Code::KeyTypeUnsupported, "Boards cannot verify an authority that signs with Ed25519.");
    }
    request.lifetime = std::chrono::days(options.days);
    if (options.old_boards) request.old_boards = pki::OldBoards::served;
    request.port = static_cast<std::uint16_t>(options.port);
    return request;
}

Json as_json(const lifecycle::Home& home, const lifecycle::InitRequest& request,
             const lifecycle::InitResult& result) {
    Json hosts = Json::array();
    for (const auto& host : request.hosts) hosts.push_back(host.text());
    return {{"home", home.root().string()},
            {"hosts", hosts},
            {"port", request.port},
            {"root_fingerprint", pki::to_hex(result.root.fingerprint)},
            {"issuing_fingerprint", pki::to_hex(result.issuing.fingerprint)},
            {"broker_expires", format_time(result.broker.not_after)}};
}

void run_init(const Context& context, const InitOptions& options) {
    const lifecycle::InitRequest request = checked(options);
    if (!options.trust_clock) {
        lifecycle::check_build_date(context.clock().now(),
                                    "set this computer's clock; if it is right: countersign init HOST "
                                    "--trust-clock");
    }
    const lifecycle::Home home(context.home_path());
    make_folder(home.root(), kPublicFolder);
    const FileLock lock(home.lock(), kLockWait);
    lifecycle::prepare_init(home);
    const Secret passphrase = options.no_passphrase ? Secret{} : context.passphrase(true);
    const auto result = lifecycle::init(home, request, passphrase, context.clock());
    context.report(
        fmt::format(
            "Made the authority \"{}\" in {}.\n"
            "Made the broker's certificate for {}; it expires {}.\n"
            "The root key signs issuing CAs and nothing else. Take it offline, so that nobody who gets into\n"
            "this computer can make a CA your devices trust:\n"
            "  countersign root export FILE   (onto a USB stick), then   countersign root remove\n"
            "Next:  countersign up   and, with a board plugged in,   countersign load user1",
            result.root.name, home.root().string(), fmt::join(options.hosts, ", "),
            format_date(result.broker.not_after)),
        as_json(home, request, result));
}

}  // namespace

void add_init(const Command& app, Context& context) {
    const Command command =
        app.subcommand("init", "Make an authority, a broker identity and Mosquitto's configuration");
    command.examples(
        "  countersign init 192.168.1.22\n"
        "  countersign init 192.168.1.22 broker.local\n"
        "  countersign --home ./lab init 127.0.0.1 --no-passphrase");
    auto options = std::make_shared<InitOptions>();
    command.option("HOST", options->hosts, "The broker's addresses, IP or name; devices dial the first")
        .required();
    command.option("--key", options->key, "p256, p384, rsa2048, rsa3072 or rsa4096").show_default();
    command.option("--days", options->days, "Lifetime of working certificates").show_default();
    command.option("--port", options->port, "The broker's port").show_default().range(1, 65535);
    command.flag("--no-passphrase", options->no_passphrase, "Leave the authority's keys unencrypted");
    command.flag("--old-boards", options->old_boards,
                 "Serve boards with MicroPython before 1.24; `hosts old-boards` changes it");
    command.flag("--trust-clock", options->trust_clock, "The clock is right, though this program is newer");
    command.action([&context, options] { run_init(context, *options); });
}

}  // namespace countersign::cli
