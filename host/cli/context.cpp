#include "host/cli/context.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/printable.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPassphrase = 1024;
constexpr std::chrono::seconds kLastWords{1};  // for a reader that is slow, before it is given up

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// Turns the terminal's echo off while a passphrase is typed, and always back on.
class SilentTerminal {
  public:
    SilentTerminal() {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;
    ~SilentTerminal() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

  private:
    termios before_{};
};

// Character by character into a buffer that is wiped: stdio would keep a copy.
Secret read_silently(std::string_view prompt) {
    fmt::print(stderr, "{}: ", prompt);
    const SilentTerminal silence;
    char line[kMaxPassphrase];
    std::size_t length = 0;
    char c = 0;
    while (length < sizeof line && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line[length++] = c;
    Secret typed(std::string_view(line, length));
    explicit_bzero(line, sizeof line);
    fmt::print(stderr, "\n");
    return typed;
}

std::string_view without_line_end(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

Secret passphrase_from_file(const fs::path& path) {
    const Secret content = read_secret(path, kMaxPassphrase);
    Secret passphrase(without_line_end(content.text()));
    if (passphrase.empty()) {
        throw Error(Code::PassphraseNeeded, fmt::format("{} holds no passphrase.", path.string()));
    }
    return passphrase;
}

// The file, else the variable, else a prompt.
Secret ask_passphrase(const std::string& file, const char* variable, bool confirm) {
    if (!file.empty()) return passphrase_from_file(file);
    if (const char* given = std::getenv(variable); given != nullptr && *given != '\0') {
        return Secret(std::string_view(given));
    }
    if (::isatty(STDIN_FILENO) == 0) throw Error(Code::PassphraseNeeded);
    Secret typed =
        read_silently(confirm ? "New passphrase for the authority" : "Passphrase of the authority");
    if (typed.empty()) {
        throw Error(Code::PassphraseNeeded, "An empty passphrase protects nothing.",
                    "--no-passphrase says so openly");
    }
    if (confirm && read_silently("Once more").text() != typed.text()) {
        throw Error(Code::PassphraseWrong, "The two passphrases differ.");
    }
    return typed;
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

Secret Context::passphrase(bool confirm) const {
    return ask_passphrase(passphrase_file, "COUNTERSIGN_PASSPHRASE", confirm);
}

Secret Context::new_passphrase(const std::string& file) const {
    return ask_passphrase(file, "COUNTERSIGN_NEW_PASSPHRASE", true);
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
