// `countersign explain CODE`: the catalogue at the prompt, and as the page docs/troubleshooting.md.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/cli/commands.h"

namespace countersign::cli {
namespace {

void print_markdown() {
    fmt::print(
        "# Troubleshooting by error code\n\n"
        "Every failure is one line: a code, what happened, and the command that cures it. `countersign "
        "explain CODE`\n"
        "shows the same at the prompt. CAPITALS stand for your own values. This page is made by\n"
        "`countersign explain --markdown`; a test keeps it true.\n\n"
        "| code | what happened | cure |\n|---|---|---|\n");
    for (const auto& entry : catalogue()) {
        fmt::print("| `{}` | {} | {} |\n", entry.code, entry.what, entry.cure);
    }
}

void print_table() {
    for (const auto& entry : catalogue()) fmt::print("{:<22} {}\n", entry.code, entry.what);
}

Json as_json(const CatalogueEntry& entry) {
    return {{"code", entry.code}, {"what", entry.what}, {"cure", entry.cure}};
}

void explain(const Context& context, const std::string& code) {
    const CatalogueEntry* entry = find_catalogue_entry(code);
    if (entry == nullptr) {
        throw Error(Code::Usage, fmt::format("There is no error {}.", code), "countersign explain");
    }
    context.report(fmt::format("{}\n  {}\n  Cure: {}", entry->code, entry->what, entry->cure),
                   as_json(*entry));
}

}  // namespace

void add_explain(const Command& app, Context& context) {
    const Command command = app.subcommand("explain", "What an error code means and what cures it");
    command.examples("  countersign explain E-NAME-TAKEN\n  countersign explain");
    auto code = std::make_shared<std::string>();
    auto markdown = std::make_shared<bool>(false);
    command.option("CODE", *code, "An error code; none: all of them");
    command.flag("--markdown", *markdown, "All of them as a page");
    command.action([&context, code, markdown] {
        if (*markdown) return print_markdown();
        if (!code->empty()) return explain(context, *code);
        if (!context.json) return print_table();
        Json all = Json::array();
        for (const auto& entry : catalogue()) all.push_back(as_json(entry));
        context.report("", {{"errors", all}});
    });
}

}  // namespace countersign::cli
