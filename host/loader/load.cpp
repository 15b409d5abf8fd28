#include "host/loader/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "host/base/error.h"
#include "host/loader/board_facts.h"
#include "host/loader/board_scripts.h"
#include "host/loader/digest.h"
#include "host/loader/memory.h"
#include "host/loader/program.h"
#include "host/loader/wifi_conf.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;

constexpr std::array<int, 3> kOldestVersion = {1, 22, 0};
// What is on the board already is not sent again, so each try comes further than the one before.
constexpr int kTries = 4;
// Folders and the bookkeeping of LittleFS or FAT.
constexpr std::uint64_t kSpareBlocks = 6;
// Both keys with their requests, certificates and descriptions, and the folder they are handed over in.
constexpr std::uint64_t kEnrolmentBlocks = 16;

struct File {
    std::string path;
    std::span<const std::uint8_t> content;
};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string identity_json(const BoardIdentity& identity, const std::vector<File>& files) {
    nlohmann::ordered_json brokers = nlohmann::ordered_json::array();
    for (const auto& broker : identity.trust.brokers)
        brokers.push_back({{"host", broker.host}, {"port", broker.port}});
    nlohmann::ordered_json digests = nlohmann::ordered_json::object();
    for (const auto& file : files)
        digests[file.path.substr(file.path.rfind('/') + 1)] = sha256_hex(file.content);
    return nlohmann::ordered_json{{"version", 1},
                                  {"name", identity.name},
                                  {"brokers", std::move(brokers)},
                                  {"anchors", identity.trust.anchors.size()},
                                  {"anchors_version", identity.trust.anchors_version},
                                  {"brokers_version", identity.trust.brokers_version},
                                  {"sha256", std::move(digests)}}
        .dump();
}

// One load of one board.
class Loading {
  public:
    Loading(Board& board, const Trust& trust, const LoadOptions& options,
            const std::map<std::string, Secret>& wifi, const Clock& clock, const Progress& progress)
        : talk_(board, progress), trust_(trust), options_(options), wifi_(wifi), clock_(clock) {}

    LoadResult run(const BoardIdentity& identity) {
        look();
        decide_program();
        check_space(3 + trust_.anchors.size());
        bring_identity(identity);
        bring_program();
        configure();
        return restart();
    }

    LoadResult run(const std::string& name, Registrar& registrar) {
        look();
        result_.enrolled = registrar.must_enrol(facts_);
        decide_program();
        check_space(result_.enrolled ? kEnrolmentBlocks + trust_.anchors.size() : 0);
        bring_program();
        configure();
        result_.slot = result_.enrolled ? enrol(talk_, name, trust_, registrar) : other(facts_.free_slot);
        return restart();
    }

  private:
    void look() {
        talk_.say("Stopping what runs on the board, looking at what it is");
        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_facts());
        facts_ = parse_facts(talk_.run(scripts));
        result_.port = talk_.board().port();
        result_.firmware = facts_.version_text();
        result_.machine = facts_.machine;
        if (facts_.implementation != "micropython" || facts_.version < kOldestVersion) {
            throw Error(Code::BoardTooOld,
                        fmt::format("The board at {} runs {} {}; MicroPython {} is the oldest that works.",
                                    result_.port, facts_.implementation, result_.firmware, kOldestFirmware));
        }
        if (options_.check) options_.check(facts_);
        check_memory();
    }

    void check_memory() {
        result_.memory = facts_.memory;
        const auto doubt = doubt_about_memory(facts_, result_.port);
        if (doubt && !options_.ignore_memory) {
            throw Error(
                Code::BoardMemory, *doubt,
                "keep boot.py from importing what it need not, or take another board; --ignore-memory "
                "loads it all the same");
        }
        if (doubt) talk_.say(*doubt);
    }

    void decide_program() {
        const Form form = form_for(facts_, options_.source);
        program_.emplace(facts_, form, options_.replace_main);
        result_.compiled = form == Form::compiled;
        result_.main_kept = program_->keeps_main();
        result_.written = program_->written();
        result_.removed = program_->removed();
    }

    // `more`: blocks that are needed beside those of the program.
    void check_space(std::uint64_t more) {
        if (facts_.block_size == 0) throw Error(Code::BoardFailed, "The board has no file system.");
        more += kSpareBlocks;
        const std::uint64_t free = facts_.free_bytes / facts_.block_size;
        free_for_program_ = free > more ? free - more : 0;
        const std::uint64_t needed = more + program_->blocks(free_for_program_);
        if (needed > free) {
            throw Error(Code::BoardFull,
                        fmt::format("The board at {} has {} kB free; {} kB are needed.", result_.port,
                                    facts_.free_bytes / 1024, (needed * facts_.block_size + 1023) / 1024));
        }
    }

    void bring_identity(const BoardIdentity& identity) {
        result_.slot = facts_.free_slot;
        talk_.say(fmt::format("Putting the identity of {} into slot {}", identity.name, facts_.free_slot));
        const std::string folder = fmt::format("/slots/{}", facts_.free_slot);
        std::vector<File> files = {{folder + "/key.der", identity.key.bytes()},
                                   {folder + "/cert.der", identity.certificate}};
        for (std::size_t i = 0; i < trust_.anchors.size(); ++i)
            files.push_back({fmt::format("{}/anchor{}.der", folder, i), trust_.anchors[i]});
        const std::string description = identity_json(identity, files);
        files.push_back({folder + "/identity.json", as_bytes(description)});

        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_clear_slot(folder));
        for (const auto& file : files) append(scripts, scripts_put(file.path, file.content));
        scripts.push_back(script_try_tls(folder, trust_.anchors.size()));
        scripts.push_back(script_write_in_place(fmt::format("/slots/pointer{}", facts_.next_pointer),
                                                pointer_line(facts_.next_sequence, facts_.free_slot)));
        (void)talk_.run(scripts);
    }

    void bring_program() {
        if (program_->empty()) return;
        const std::size_t total = program_->written().size();
        talk_.say(fmt::format("Bringing the program up to date ({} files)", total));
        std::size_t done = 0;
        const Progress count = [&](std::string_view file) {
            talk_.say(file);
            if (options_.on_file) options_.on_file(++done, total);
        };
        (void)Conversation(talk_.board(), count).run(program_->scripts(free_for_program_));
    }

    void configure() {
        talk_.say("Writing wifi.conf, the time floor and the clock");
        const Seconds now = clock_.now();
        const std::string floor = floor_line(options_.lower_floor ? now : std::max(now, facts_.floor));
        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_wifi_conf(wifi_));
        append(scripts, scripts_put("/slots/floor", as_bytes(floor)));
        scripts.push_back(script_set_clock(now));
        const std::string said = talk_.run(scripts);
        result_.wifi_missing = contains(said, kNoWifiLine);
        result_.password_missing = contains(said, kNoPasswordLine);
    }

    LoadResult restart() {
        if (options_.restart) {
            talk_.say("Restarting the board");
            talk_.board().hard_reset();
        }
        return std::move(result_);
    }

    static char other(char slot) { return slot == 'a' ? 'b' : 'a'; }

    Conversation talk_;
    const Trust& trust_;
    const LoadOptions& options_;
    const std::map<std::string, Secret>& wifi_;
    const Clock& clock_;
    BoardFacts facts_;
    std::optional<ProgramChange> program_;
    std::uint64_t free_for_program_ = 0;  // blocks
    LoadResult result_;
};

const Progress kQuiet = [](std::string_view) {};

// Whether the line or the board is at fault: then there is nothing to restart, or nobody who would do it.
bool is_of_the_line(Code code) {
    switch (code) {
        case Code::PortMissing:
        case Code::PortPermission:
        case Code::PortBusy:
        case Code::BoardSilent:
        case Code::BoardStuck:
        case Code::BoardUnplugged:
        case Code::BoardReset: return true;
        default: return false;
    }
}

// What was stopped runs again.
void leave_running(Board& board) {
    try {
        board.hard_reset();
    } catch (const std::exception&) {  // the first fault is the one to tell
    }
}

// Loads until the board does not reset in the middle of it.
LoadResult persistently(Board& board, const LoadOptions& options, const Progress& progress,
                        const std::function<LoadResult()>& once) {
    for (int tries = 1;; ++tries) {
        try {
            auto result = once();
            result.resets = tries - 1;
            return result;
        } catch (const Error& error) {
            if (error.id() == Code::BoardSilent && options.sleep.count() != 0 && tries == 1) {
                progress(fmt::format(
                    "Nothing answers at {}: it may be asleep. Waiting up to {} s for it to wake, "
                    "which its reset button makes it do",
                    board.port(), std::chrono::duration_cast<std::chrono::seconds>(options.sleep).count()));
                if (!board.wake(options.sleep)) throw;
                continue;
            }
            const bool was_reset = error.id() == Code::BoardReset ||
                                   (error.id() == Code::BoardUnplugged && options.port_return.count() != 0 &&
                                    board.is_back(options.port_return));
            if (!was_reset || tries == kTries) {
                if (!is_of_the_line(error.id())) leave_running(board);
                throw;
            }
            progress(fmt::format("{} Once more ({} of {})", error.detail(), tries + 1, kTries));
        }
    }
}

void check(const Trust& trust) {
    if (!trust.brokers.empty() && !trust.anchors.empty()) return;
    throw Error(Code::Internal, "an identity has a broker and an anchor.");
}

}  // namespace

LoadResult load(Board& board, const BoardIdentity& identity, const LoadOptions& options, const Clock& clock,
                const Progress& progress) {
    check(identity.trust);
    const Progress& say = progress ? progress : kQuiet;
    const auto wifi = wifi_conf_lines(identity.trust.brokers.front(), options);
    return persistently(board, options, say, [&] {
        return Loading(board, identity.trust, options, wifi, clock, say).run(identity);
    });
}

LoadResult load(Board& board, const std::string& name, const Trust& trust, Registrar& registrar,
                const LoadOptions& options, const Clock& clock, const Progress& progress) {
    check(trust);
    const Progress& say = progress ? progress : kQuiet;
    const auto wifi = wifi_conf_lines(trust.brokers.front(), options);
    return persistently(board, options, say, [&] {
        return Loading(board, trust, options, wifi, clock, say).run(name, registrar);
    });
}

}  // namespace countersign::loader
