#include "host/cli/demo_stage.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/printable.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kCommandDeadline{60};

fs::path make_stage_folder() {
    std::string name = (fs::temp_directory_path() / "countersign-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw Error(Code::FileWrite, fmt::format("{} cannot be made.", name));
    ::chmod(name.c_str(), kPublicFolder);  // Mosquitto's own user must be able to enter
    return name;
}

std::string indented(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        result += fmt::format("  {}\n", one_line(text.substr(0, end)));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
}

}  // namespace

Stage::Stage(const Context& context)
    : context_(context),
      folder_(make_stage_folder()),
      program_(fs::read_symlink("/proc/self/exe")),
      colour_(::isatty(STDOUT_FILENO) != 0) {}

Stage::~Stage() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

// Colours are ours: what else is in the text has been made printable before.
void Stage::put(std::string_view text) const {
    if (context_.json) return;
    fmt::print("{}", text);
    std::fflush(stdout);
}

void Stage::chapter(std::string_view title) {
    put(colour_ ? fmt::format("\n\033[1m{}\033[0m\n", title) : fmt::format("\n{}\n", title));
}

void Stage::say(std::string_view sentence) {
    context_.note(fmt::format("  {}", sentence));
}

std::vector<std::string> Stage::argv(const std::vector<std::string>& arguments,
                                     std::string_view home_name) const {
    std::vector<std::string> all{program_, "--home", home(home_name).string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

void Stage::show_command(const std::vector<std::string>& arguments) const {
    std::string line = "countersign";
    for (const auto& argument : arguments) line += " " + argument;
    put(colour_ ? fmt::format("\033[36m$ {}\033[0m\n", line) : fmt::format("$ {}\n", line));
}

void Stage::command(const std::vector<std::string>& arguments, std::string_view home) {
    show_command(arguments);
    const auto result = run_command(argv(arguments, home), kCommandDeadline);
    put(indented(result.output));
    if (result.exit_code != 0) {
        throw Error(Code::DemoFailed,
                    fmt::format("countersign {} ended with {}.", arguments.front(), result.exit_code));
    }
}

std::unique_ptr<Background> Stage::start(const std::vector<std::string>& arguments, std::string_view home) {
    show_command(arguments);
    return std::make_unique<Background>(argv(arguments, home));
}

void Stage::seen(bool happened, std::string_view what, const std::function<std::string()>& evidence) {
    if (!happened) {
        put(indented(evidence()));
        throw Error(Code::DemoFailed, fmt::format("Not seen: {}.", what));
    }
    ++tally_;
    if (context_.verbose) context_.note(indented(evidence()));
    put(colour_ ? fmt::format("  \033[32m✓\033[0m {}\n", what) : fmt::format("  ✓ {}\n", what));
}

}  // namespace countersign::cli
