#include "host/cli/context.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "host/base/error.h"
#include "host/base/locked.h"
#include "host/base/printable.h"
#include "host/cli/passphrase_input.h"
#include "host/lifecycle/home.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLastWords{1};  // for a reader that is slow, before it is given up

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// The file, else what the variable held, else a prompt.
Secret ask_passphrase(const std::string& file, const Secret& given, std::string_view prompt, bool twice) {
    if (!file.empty()) return passphrase_from_file(file);
    if (!given.empty()) return locked(Secret(given.text()));
    return twice ? type_passphrase_twice(prompt) : type_passphrase(prompt);
}

}  // namespace

fs::path Context::home_path() const {
    if (!home_option.empty()) return fs::absolute(home_option).lexically_normal();
    if (const auto home = environment("COUNTERSIGN_HOME")) return fs::absolute(*home).lexically_normal();
    if (const auto data = environment("XDG_DATA_HOME")) return fs::path(*data) / "countersign";
    if (::geteuid() == 0) return "/var/lib/countersign";
    if (const auto home = environment("HOME")) return fs::path(*home) / ".local/share/countersign";
    throw Error(Code::Usage, "There is no HOME to keep the authority in.", "countersign --home DIR …");
}

Context::Context(const Clock& clock)
    : clock_(clock),
      passphrase_(take_variable("COUNTERSIGN_PASSPHRASE")),
      root_passphrase_(take_variable("COUNTERSIGN_ROOT_PASSPHRASE")),
      new_passphrase_(take_variable("COUNTERSIGN_NEW_PASSPHRASE")) {}

bool Context::passphrase_is_given() const noexcept {
    return !passphrase_file.empty() || !passphrase_.empty();
}

Secret Context::passphrase(bool confirm) const {
    const auto key = lifecycle::Home(home_path()).issuing_key();
    return ask_passphrase(
        passphrase_file, passphrase_,
        confirm ? "New passphrase for the authority" : fmt::format("Passphrase of {}", key.string()),
        confirm);
}

bool Context::root_passphrase_is_given() const noexcept {
    return !root_passphrase_file.empty() || !root_passphrase_.empty();
}

Secret Context::root_passphrase(const fs::path& key) const {
    if (!root_passphrase_is_given() && ::isatty(STDIN_FILENO) == 0) {
        throw Error(Code::PassphraseNeeded,
                    fmt::format("{} is encrypted, and its passphrase was not given.", key.string()),
                    "--root-passphrase-file FILE, or set COUNTERSIGN_ROOT_PASSPHRASE");
    }
    return ask_passphrase(root_passphrase_file, root_passphrase_,
                          fmt::format("Passphrase of {}", key.string()), false);
}

Secret Context::new_passphrase(const std::string& file) const {
    return ask_passphrase(file, new_passphrase_, "New passphrase for the authority", true);
}

std::string as_text(const Json& json) {
    return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

void Context::never_wait_for_readers() {
    std::fflush(stdout);
    lines_ = std::make_unique<LineWriter>(STDOUT_FILENO);
}

bool Context::finish() const {
    return !lines_ || lines_->close(kLastWords);
}

void Context::print(std::string_view text) const {
    if (lines_) return lines_->write(text);
    fmt::print("{}\n", text);
    std::fflush(stdout);
}

void Context::log(std::string_view line) const {
    print(one_line(line));
}

void Context::report(std::string_view sentence, const Json& result) const {
    if (!json) return print(own_lines(sentence));
    Json answer{{"ok", !failed}};
    answer.update(result);
    print(as_text(answer));
}

void Context::note(std::string_view sentence) const {
    if (!json) print(own_lines(sentence));
}

Progress::Progress(const Context& context, std::string_view verb)
    : verb_(verb), visible_(!context.json && ::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
    if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::show(std::size_t done, std::size_t total) {
    if (!visible_) return;
    constexpr std::size_t kWidth = 30;
    const std::size_t filled = total == 0 ? kWidth : done * kWidth / total;
    fmt::print(stderr, "\r{} {} of {} [{:=<{}}{:>{}}]", verb_, done, total, "", filled, "", kWidth - filled);
    std::fflush(stderr);
    shown_ = true;
}

}  // namespace countersign::cli
