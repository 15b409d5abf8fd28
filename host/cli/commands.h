// One function per command, each in the file of its name: adds the subcommand and what it does.
#pragma once

#include "host/cli/command.h"
#include "host/cli/context.h"

namespace countersign::cli {

void add_init(const Command& app, Context& context);
void add_issue(const Command& app, Context& context);
void add_board(const Command& app, Context& context);
void add_load(const Command& app, Context& context);
void add_rollover(const Command& app, Context& context);
void add_root(const Command& app, Context& context);
void add_hosts(const Command& app, Context& context);
void add_broker(const Command& app, Context& context);
void add_watch(const Command& app, Context& context);
void add_send(const Command& app, Context& context);
void add_signer(const Command& app, Context& context);
void add_responder(const Command& app, Context& context);
void add_renew(const Command& app, Context& context);
void add_renewals(const Command& app, Context& context);
void add_approve(const Command& app, Context& context);
void add_list(const Command& app, Context& context);
void add_show(const Command& app, Context& context);
void add_revoke(const Command& app, Context& context);
void add_hold(const Command& app, Context& context);
void add_reinstate(const Command& app, Context& context);
void add_crl(const Command& app, Context& context);
void add_demo(const Command& app, Context& context);
void add_up(const Command& app, Context& context);
void add_clock(const Command& app, Context& context);
void add_doctor(const Command& app, Context& context);
void add_passphrase(const Command& app, Context& context);
void add_explain(const Command& app, Context& context);

}  // namespace countersign::cli
