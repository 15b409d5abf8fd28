// One function per command, each in the file of its name: adds the subcommand and what it does.
#pragma once

#include <CLI/CLI.hpp>

#include "host/cli/context.h"

namespace countersign::cli {

void add_init(CLI::App& app, Context& context);
void add_issue(CLI::App& app, Context& context);
void add_board(CLI::App& app, Context& context);
void add_load(CLI::App& app, Context& context);
void add_rollover(CLI::App& app, Context& context);
void add_root(CLI::App& app, Context& context);
void add_hosts(CLI::App& app, Context& context);
void add_broker(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_send(CLI::App& app, Context& context);
void add_signer(CLI::App& app, Context& context);
void add_responder(CLI::App& app, Context& context);
void add_renew(CLI::App& app, Context& context);
void add_renewals(CLI::App& app, Context& context);
void add_approve(CLI::App& app, Context& context);
void add_list(CLI::App& app, Context& context);
void add_show(CLI::App& app, Context& context);
void add_revoke(CLI::App& app, Context& context);
void add_hold(CLI::App& app, Context& context);
void add_reinstate(CLI::App& app, Context& context);
void add_crl(CLI::App& app, Context& context);
void add_demo(CLI::App& app, Context& context);
void add_up(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_passphrase(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);

}  // namespace countersign::cli
