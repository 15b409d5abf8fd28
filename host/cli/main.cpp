#include <fmt/format.h>

#include <csignal>

#include "host/base/error.h"
#include "host/base/undumpable.h"
#include "host/cli/commands.h"
#include "host/cli/context.h"
#include "host/pki/locked_memory.h"

namespace countersign::cli {
namespace {

// 0 done, 1 refused or failed, 2 wrong usage.
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void add_global_options(const Command& app, Context& context) {
    app.option("--home", context.home_option, "The folder that holds everything").type_name("DIR");
    app.flag("--json", context.json, "Answer with one JSON object");
    app.option("--passphrase-file", context.passphrase_file, "Where the authority's passphrase is")
        .type_name("FILE");
    app.option("--root-passphrase-file", context.root_passphrase_file,
               "Where that of the root's key is, if it is another")
        .type_name("FILE");
    app.flag("-v,--verbose", context.verbose, "Say more");
}

void add_commands(const Command& app, Context& context) {
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
    add_clock(app, context);
    add_doctor(app, context);
    add_passphrase(app, context);
    add_explain(app, context);
}

void print_error(const Context& context, const Error& error) {
    const bool is_read = context.finish();
    if (context.json) {
        if (!is_read) return;
        Json answer{{"ok", false}, {"code", error.code()}, {"what", error.detail()}, {"cure", error.cure()}};
        if (const auto* incomplete = dynamic_cast<const Incomplete*>(&error))
            answer.update(incomplete->result);
        fmt::print("{}\n", as_text(answer));
    } else {
        fmt::print(stderr, "{}\n", error.what());
    }
}

int run(int argc, char** argv) {
    const SystemClock clock;
    Context context(clock);
    Program program("countersign",
                    "Mutual TLS for MQTT devices that stays working for the life of the product.",
                    COUNTERSIGN_VERSION);
    add_global_options(program.command(), context);
    add_commands(program.command(), context);
    if (argc == 1) {
        fmt::print(stderr, "{}", program.help());
        return kWrongUsage;
    }
    try {
        if (!program.run(argc, argv)) return kWrongUsage;
        return context.failed ? kFailed : 0;
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
    // Most commands open a key or ask for a passphrase, and which do is no matter for each of them.
    countersign::make_undumpable();
    countersign::pki::keep_keys_in_locked_memory();
    std::signal(SIGPIPE, SIG_IGN);
    return countersign::cli::guarded_run(argc, argv);
}
