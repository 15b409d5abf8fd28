// What every command is given, and how every command speaks.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/base/line_writer.h"
#include "host/base/secret.h"

namespace countersign::cli {

using Json = nlohmann::ordered_json;

// JSON as it is printed: all of the data, in ASCII, so that nothing foreign in it reaches a terminal as
// itself. Text that is no UTF-8 has U+FFFD where it is not.
[[nodiscard]] std::string as_text(const Json& json);

// Failed, but some of the work is done: `result` belongs into the one answer a program gets.
class Incomplete : public Error {
  public:
    Incomplete(const Error& error, Json done) : Error(error), result(std::move(done)) {}
    Json result;
};

// The global options, and the two ways to answer: a sentence for people, or one JSON object for programs.
class Context {
  public:
    // Takes the passphrases out of the environment, before anything is started that would inherit them.
    explicit Context(const Clock& clock);

    std::string home_option;           // --home, else empty
    std::string passphrase_file;       // --passphrase-file, else empty
    std::string root_passphrase_file;  // --root-passphrase-file, else empty
    bool json = false;
    bool verbose = false;
    bool failed = false;  // set by a command whose answer is bad news: "ok": false, exit code 1

    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

    // --home, else COUNTERSIGN_HOME, else the XDG data folder (root: /var/lib/countersign).
    [[nodiscard]] std::filesystem::path home_path() const;

    // The authority's passphrase: the file, else COUNTERSIGN_PASSPHRASE, else a prompt on the terminal (asked
    // twice when `confirm`). Throws Error{PassphraseNeeded} when nobody can be asked.
    [[nodiscard]] Secret passphrase(bool confirm) const;
    [[nodiscard]] bool passphrase_is_given() const noexcept;  // nobody has to be asked for it

    // That of the root's key in this file, which may be another: its own file, else
    // COUNTERSIGN_ROOT_PASSPHRASE, else a prompt that names the key. Throws Error{PassphraseNeeded} as above.
    [[nodiscard]] Secret root_passphrase(const std::filesystem::path& key) const;
    [[nodiscard]] bool root_passphrase_is_given() const noexcept;

    // Another one for the future: the file, else COUNTERSIGN_NEW_PASSPHRASE, else a prompt, asked twice.
    [[nodiscard]] Secret new_passphrase(const std::string& file) const;

    // For programs that run for years: from now on what is said is dropped and counted when nobody reads it,
    // and never waited for.
    void never_wait_for_readers();
    // A line of such a program's log, for people and programs alike.
    void log(std::string_view line) const;
    // Nothing more is said by log(), note() and report(). False: nobody has read the last of it.
    bool finish() const;

    // The end of a command: `sentence` to a person, or `result` (with "ok": true) to a program.
    void report(std::string_view sentence, const Json& result) const;
    // A step on the way; programs do not see it.
    void note(std::string_view sentence) const;

  private:
    void print(std::string_view text) const;

    const Clock& clock_;
    Secret passphrase_, root_passphrase_, new_passphrase_;  // what the variables held
    std::unique_ptr<LineWriter> lines_;
};

// One line on stderr, as long as the work takes: "Issued 1200 of 10000". Silent unless a person is watching.
class Progress {
  public:
    Progress(const Context& context, std::string_view verb);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();
    void show(std::size_t done, std::size_t total);

  private:
    std::string verb_;
    bool visible_;
    bool shown_ = false;
};

}  // namespace countersign::cli
