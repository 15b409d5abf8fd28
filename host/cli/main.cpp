#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "host/base/error.h"
#include "host/cli/commands.h"
#include "host/cli/context.h"
#include "host/cli/help.h"

namespace countersign::cli {
namespace {

// 0 done, 1 refused or failed, 2 wrong usage.
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void add_global_options(CLI::App& app, Context& context) {
    app.add_option("--home", context.home_option, "The folder that holds everything")->type_name("DIR");
    app.add_flag("--json", context.json, "Answer with one JSON object");
    app.add_option("--passphrase-file", context.passphrase_file, "Where the authority's passphrase is")
        ->type_name("FILE");
    app.add_flag("-v,--verbose", context.verbose, "Say more");
    app.set_version_flag("--version", "countersign " COUNTERSIGN_VERSION);
    app.fallthrough();
    app.require_subcommand(1);
}

void add_commands(CLI::App& app, Context& context) {
    add_init(app, context);
    add_issue(app, context);
    add_broker(app, context);
    add_hosts(app, context);
    add_load(app, context);
    add_board(app, context);
    add_watch(app, context);
    add_send(app, context);
    add_list(app, context);
    add_renew(app, context);
    add_renewals(app, context);
    add_approve(app, context);
    add_show(app, context);
    add_revoke(app, context);
    add_hold(app, context);
    add_reinstate(app, context);
    add_crl(app, context);
    add_demo(app, context);
    add_root(app, context);
    add_rollover(app, context);
    add_signer(app, context);
    add_responder(app, context);
    add_up(app, context);
    add_doctor(app, context);
    add_passphrase(app, context);
    add_explain(app, context);
}

void print_error(const Context& context, const Error& error) {
    if (context.json) {
        const Json answer{
            {"ok", false}, {"code", error.code()}, {"what", error.detail()}, {"cure", error.cure()}};
        fmt::print("{}\n", answer.dump(-1, ' ', false, Json::error_handler_t::replace));
    } else {
        fmt::print(stderr, "{}\n", error.what());
    }
}

int run(int argc, char** argv) {
    const SystemClock clock;
    Context context(clock);
    CLI::App app{"Mutual TLS for MQTT devices that stays working for the life of the product."};
    app.name("countersign");
    app.formatter(std::make_shared<ExamplesFirst>());
    add_global_options(app, context);
    add_commands(app, context);
    if (argc == 1) {
        fmt::print(stderr, "{}", app.help());
        return kWrongUsage;
    }
    try {
        app.parse(argc, argv);
        return context.failed ? kFailed : 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kWrongUsage;
    } catch (const Error& error) {
        print_error(context, error);
        return error.id() == Code::Usage ? kWrongUsage : kFailed;
    } catch (const std::exception& error) {
        print_error(context, Error(Code::Internal, error.what()));
        return kFailed;
    }
}

// What even the report of an error may throw (no memory, no stderr) ends here.
int guarded_run(int argc, char** argv) noexcept {
    try {
        return run(argc, argv);
    } catch (...) {
        return kFailed;
    }
}

}  // namespace
}  // namespace countersign::cli

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    return countersign::cli::guarded_run(argc, argv);
}
