#include "host/cli/command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <utility>

#include "host/base/printable.h"

namespace countersign::cli {
namespace {

// Help as people read it: examples first, then the options.
class ExamplesFirst : public CLI::Formatter {
  public:
    // Examples are kept in each command's footer; here they move up.
    std::string make_usage(const CLI::App* app, std::string name) const override {
        const std::string examples = CLI::Formatter::make_footer(app);
        return (examples.empty() ? "" : "\n" + examples + "\n") +
               CLI::Formatter::make_usage(app, std::move(name));
    }
    std::string make_footer(const CLI::App* /*app*/) const override { return {}; }
};

}  // namespace

Option& Option::required() {
    option_->required();
    return *this;
}

Option& Option::type_name(const char* name) {
    option_->type_name(name);
    return *this;
}

Option& Option::range(std::int64_t least, std::int64_t most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option& Option::show_default() {
    option_->capture_default_str();
    return *this;
}

Command Command::subcommand(const char* name, const char* description) const {
    return Command(*app_->add_subcommand(name, description));
}

void Command::require_subcommand() const {
    app_->require_subcommand(1);
}

Option Command::option(const char* names, std::string& value, const char* help) const {
    return Option(*app_->add_option(names, value, help));
}

Option Command::option(const char* names, std::vector<std::string>& values, const char* help) const {
    return Option(*app_->add_option(names, values, help));
}

Option Command::option(const char* names, std::int64_t& value, const char* help) const {
    return Option(*app_->add_option(names, value, help));
}

void Command::flag(const char* names, bool& value, const char* help) const {
    app_->add_flag(names, value, help);
}

void Command::examples(const char* text) const {
    app_->footer(std::string("Examples:\n") + text);
}

void Command::action(std::function<void()> run) const {
    app_->callback(std::move(run));
}

Program::Program(const char* name, const char* description, const char* version)
    : app_(std::make_unique<CLI::App>(description)) {
    app_->name(name);
    app_->formatter(std::make_shared<ExamplesFirst>());
    app_->set_version_flag("--version", std::string(name) + " " + version);
    // Arguments may be names of files that somebody else has chosen.
    app_->failure_message([](const CLI::App*, const CLI::Error& error) {
        return one_line(error.what()) + "\nRun with --help for more information.\n";
    });
    app_->fallthrough();  // global options may follow the command
    app_->require_subcommand(1);
}

Program::~Program() = default;

std::string Program::help() const {
    return app_->help();
}

bool Program::run(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
        return true;
    } catch (const CLI::ParseError& error) {
        if (const auto words = app_->remaining(); !words.empty() && app_->get_subcommands().empty()) {
            std::cerr << "There is no command \"" << one_line(words.front())
                      << "\". Run with --help for those there are.\n";
            return false;
        }
        return app_->exit(error) == 0;  // --help and --version come this way too
    }
}

}  // namespace countersign::cli
