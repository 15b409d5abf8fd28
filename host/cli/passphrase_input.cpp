#include "host/cli/passphrase_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/locked.h"
#include "host/base/printable.h"
#include "host/base/user_name.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPassphrase = 1024;

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
    fmt::print(stderr, "{}: ", one_line(prompt));
    const SilentTerminal silence;
    char line[kMaxPassphrase];
    std::size_t length = 0;
    char c = 0;
    while (length < sizeof line && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line[length++] = c;
    Secret typed = locked(Secret(std::string_view(line, length)));
    explicit_bzero(line, sizeof line);
    fmt::print(stderr, "\n");
    return typed;
}

// The descriptor that a path is another word for.
std::optional<int> descriptor_of(const std::string& path) {
    if (path == "/dev/stdin") return STDIN_FILENO;
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
        if (!path.starts_with(folder)) continue;
        int number = -1;
        const char* const end = path.data() + path.size();
        const auto [last, fault] = std::from_chars(path.data() + folder.size(), end, number);
        if (fault == std::errc{} && last == end && number >= 0) return number;
    }
    return std::nullopt;
}

// Nobody else can put a program in its place: it comes from who has started us.
std::optional<int> pipe_of(const fs::path& path) {
    const auto descriptor = descriptor_of(path.string());
    struct stat info {};
    if (!descriptor || ::fstat(*descriptor, &info) != 0) return std::nullopt;
    return S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) ? descriptor : std::nullopt;
}

bool is_credential(const fs::path& path) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder == '\0') return false;
    std::error_code ignored;
    return fs::equivalent(fs::absolute(path).parent_path(), folder, ignored);
}

void check_closed(int file, const fs::path& path) {
    struct stat info {};
    if (::fstat(file, &info) != 0) throw Error(Code::FileRead, path.string());
    if (info.st_uid != ::geteuid() && info.st_uid != 0) {
        throw Error(
            Code::PassphraseOpen,
            fmt::format("{} belongs to {}, who can read and change it.", path.string(), name_of(info.st_uid)),
            fmt::format("chown {} '{}'", name_of(::geteuid()), path.string()));
    }
    const mode_t others = is_credential(path) ? 0007 : 0077;
    if ((info.st_mode & others) == 0) return;
    throw Error(Code::PassphraseOpen,
                fmt::format("{} can be read or written by others (mode {:04o}).", path.string(),
                            info.st_mode & 07777U),
                fmt::format("chmod 600 '{}'", path.string()));
}

Secret read_whole(const fs::path& path) {
    if (const auto pipe = pipe_of(path)) return read_secret(*pipe, path, kMaxPassphrase);
    const Descriptor file = open_file(path, O_RDONLY, Code::FileRead);
    check_closed(file.get(), path);
    return read_secret(file.get(), path, kMaxPassphrase);
}

}  // namespace

Secret take_variable(const char* name) {
    char* const value = std::getenv(name);
    if (value == nullptr) return {};
    Secret taken = locked(Secret(std::string_view(value)));
    explicit_bzero(value, taken.bytes().size());  // the kernel's /proc/PID/environ is this very memory
    ::unsetenv(name);
    return taken;
}

Secret passphrase_from_file(const fs::path& path) {
    const Secret content = read_whole(path);
    std::string_view text = content.text();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    if (text.empty())
        throw Error(Code::PassphraseNeeded, fmt::format("{} holds no passphrase.", path.string()));
    return locked(Secret(text));
}

Secret type_passphrase(std::string_view prompt) {
    if (::isatty(STDIN_FILENO) == 0) throw Error(Code::PassphraseNeeded);
    Secret typed = read_silently(prompt);
    if (!typed.empty()) return typed;
    throw Error(Code::PassphraseNeeded, "An empty passphrase protects nothing.",
                "--no-passphrase says so openly");
}

Secret type_passphrase_twice(std::string_view prompt) {
    Secret typed = type_passphrase(prompt);
    if (read_silently("Once more").text() == typed.text()) return typed;
    throw Error(Code::PassphraseWrong, "The two passphrases differ.");
}

}  // namespace countersign::cli
