// A command as its own file describes it: its options, its examples, what it does.
//
// CLI11 stands behind it in command.cpp alone: including it costs several seconds of compilation, and there
// are some thirty commands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace countersign::cli {

class Option {
  public:
    explicit Option(CLI::Option& option) noexcept : option_(&option) {}

    Option& required();
    Option& type_name(const char* name);
    Option& range(std::int64_t least, std::int64_t most);
    Option& show_default();  // the value the variable has now

  private:
    CLI::Option* option_;
};

// Variables are bound by reference: they must live until Program::run() has returned.
class Command {
  public:
    explicit Command(CLI::App& app) noexcept : app_(&app) {}

    [[nodiscard]] Command subcommand(const char* name, const char* description) const;
    void require_subcommand() const;

    // "NAME" is a positional argument, "--name" and "-n,--name" are options.
    Option option(const char* names, std::string& value, const char* help) const;
    Option option(const char* names, std::vector<std::string>& values, const char* help) const;
    Option option(const char* names, std::int64_t& value, const char* help) const;
    void flag(const char* names, bool& value, const char* help) const;

    // Shown before everything else in --help.
    void examples(const char* text) const;
    // Called once the whole command line has been understood.
    void action(std::function<void()> run) const;

  private:
    CLI::App* app_;
};

// The command line of the program.
class Program {
  public:
    Program(const char* name, const char* description, const char* version);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    [[nodiscard]] Command command() const noexcept { return Command(*app_); }
    [[nodiscard]] std::string help() const;

    // Runs the action of the command that was typed; what that throws passes through. False when the command
    // line was not understood, which has been said then.
    [[nodiscard]] bool run(int argc, char** argv);

  private:
    std::unique_ptr<CLI::App> app_;
};

}  // namespace countersign::cli
