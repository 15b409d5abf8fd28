#include "host/cli/demo_stage.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "host/base/error.h"
#include "host/base/files.h"

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
        result += fmt::format("  {}\n", text.substr(0, end));
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

void Stage::chapter(std::string_view title) {
    context_.note(colour_ ? fmt::format("\n\033[1m{}\033[0m", title) : fmt::format("\n{}", title));
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
    context_.note(colour_ ? fmt::format("\033[36m$ {}\033[0m", line) : fmt::format("$ {}", line));
}

void Stage::command(const std::vector<std::string>& arguments, std::string_view home) {
    show_command(arguments);
    const auto result = run_command(argv(arguments, home), kCommandDeadline);
    if (!context_.json) fmt::print("{}", indented(result.output));
    std::fflush(stdout);
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
        if (!context_.json) fmt::print("{}", indented(evidence()));
        throw Error(Code::DemoFailed, fmt::format("Not seen: {}.", what));
    }
    ++tally_;
    if (context_.verbose) context_.note(indented(evidence()));
    context_.note(colour_ ? fmt::format("  \033[32m✓\033[0m {}", what) : fmt::format("  ✓ {}", what));
}

}  // namespace countersign::cli
