// One function per command, each in the file of its name: adds the subcommand and what it does.
#pragma once

#include <CLI/CLI.hpp>

#include "host/cli/context.h"

namespace countersign::cli {

void add_explain(CLI::App& app, Context& context);

}  // namespace countersign::cli
