#include "host/loader/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/base/error.h"
#include "host/loader/board_facts.h"
#include "host/loader/board_scripts.h"
#include "host/loader/device_files.h"
#include "host/loader/digest.h"
#include "host/loader/wifi_conf.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;

constexpr std::array<int, 3> kOldestVersion = {1, 22, 0};
// Getting to the prompt alone may take mpremote 20 s when a program resists.
constexpr milliseconds kBaseDeadline = std::chrono::seconds(45);
// 115200 baud carry 11 kB/s, twice in base64 and into a slow flash.
constexpr milliseconds kPerKilobyte{500};
// Folders and the bookkeeping of LittleFS or FAT.
constexpr std::uint64_t kSpareBlocks = 6;

struct File {
    std::string path;
    std::span<const std::uint8_t> content;
};

std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string identity_json(const BoardIdentity& identity, const std::vector<File>& files) {
    nlohmann::ordered_json brokers = nlohmann::ordered_json::array();
    for (const auto& broker : identity.brokers)
        brokers.push_back({{"host", broker.host}, {"port", broker.port}});
    nlohmann::ordered_json digests = nlohmann::ordered_json::object();
    for (const auto& file : files)
        digests[file.path.substr(file.path.rfind('/') + 1)] = sha256_hex(file.content);
    return nlohmann::ordered_json{{"version", 1},
                                  {"name", identity.name},
                                  {"brokers", std::move(brokers)},
                                  {"anchors", identity.anchors.size()},
                                  {"sha256", std::move(digests)}}
        .dump();
}

// What a script's exception means to the person with the board in hand.
[[noreturn]] void explain(const ScriptError& fault, const Board& board) {
    const std::string_view text = fault.what();
    if (contains(text, kReadbackFault)) {
        throw Error(Code::FlashWrite,
                    "The board at " + board.port() + " does not hold what was written to " +
                        std::string(text.substr(text.find(kReadbackFault) + kReadbackFault.size())) + ".");
    }
    if (contains(text, kKeyFault)) {
        throw Error(Code::KeyTypeUnsupported,
                    "The TLS of the board at " + board.port() + " cannot use this kind of key.",
                    "countersign issue NAME --key p256 --replace, then load again");
    }
    if (contains(text, kCertificateFault)) {
        throw Error(Code::CertInvalid,
                    "The TLS of the board at " + board.port() + " cannot read the certificate.");
    }
    if (contains(text, kWifiConfFault)) {
        throw Error(Code::WifiConfInvalid, "wifi.conf on the board is not text of at most 4096 bytes.",
                    "mpremote connect " + board.port() + " fs rm :wifi.conf, then load again");
    }
    if (contains(text, "ENOSPC") || contains(text, "OSError: 28")) {
        throw Error(Code::BoardFull, "The flash of the board at " + board.port() + " is full.");
    }
    if (contains(text, "MemoryError")) {
        throw Error(Code::BoardFailed, "The board at " + board.port() + " has not enough memory.");
    }
    throw Error(Code::BoardFailed, fmt::format("The board at {} says: {}", board.port(), text));
}

// One load of one board.
class Loading {
  public:
    Loading(Board& board, const BoardIdentity& identity, const LoadOptions& options, const Clock& clock,
            const Progress& progress)
        : board_(board),
          identity_(identity),
          options_(options),
          clock_(clock),
          progress_(progress),
          wifi_(wifi_conf_lines(identity.brokers.at(0), options)) {}

    LoadResult run() {
        look();
        decide_program();
        check_space();
        bring_identity();
        bring_program();
        configure();
        progress_("Restarting the board");
        board_.hard_reset();
        return std::move(result_);
    }

  private:
    std::string on_board(const std::vector<Secret>& scripts) {
        std::size_t bytes = 0;
        for (const auto& script : scripts) bytes += script.bytes().size();
        const auto deadline = kBaseDeadline + kPerKilobyte * static_cast<long>(bytes / 1024);
        try {
            return board_.run(scripts, deadline, [this](std::string_view line) {
                if (line.starts_with(kWrittenLine)) progress_(line.substr(kWrittenLine.size()));
            });
        } catch (const ScriptError& fault) {
            explain(fault, board_);
        }
    }

    void look() {
        progress_("Stopping what runs on the board, looking at what it is");
        std::vector<std::string> paths;
        for (const auto& file : device_files()) paths.emplace_back(file.path);
        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_facts(paths));
        facts_ = parse_facts(on_board(scripts));
        result_.port = board_.port();
        result_.firmware = facts_.version_text();
        result_.machine = facts_.machine;
        result_.slot = facts_.free_slot;
        if (facts_.implementation != "micropython" || facts_.version < kOldestVersion) {
            throw Error(Code::BoardTooOld,
                        fmt::format("The board at {} runs {} {}; MicroPython {} is the oldest that works.",
                                    board_.port(), facts_.implementation, result_.firmware, kOldestFirmware));
        }
    }

    void decide_program() {
        for (const auto& file : device_files()) {
            const std::string path(file.path);
            const std::string there = digest_of(path);
            if (there == sha256_hex(file.content)) continue;
            if (path == "main.py" && !there.empty() && !facts_.main_line.starts_with(kMainMarker) &&
                !options_.replace_main) {
                result_.main_kept = true;
                continue;
            }
            program_.push_back({"/" + path, as_bytes(file.content)});
            result_.written.push_back(path);
        }
    }

    // Of a file on the board; empty when it is not there.
    [[nodiscard]] std::string digest_of(const std::string& path) const {
        const auto found = facts_.sha256.find(path);
        return found == facts_.sha256.end() ? std::string() : found->second;
    }

    // A file of the program is written beside the one it replaces, so its blocks are needed on top.
    void check_space() const {
        if (facts_.block_size == 0) throw Error(Code::BoardFailed, "The board has no file system.");
        std::uint64_t blocks = kSpareBlocks + 3 + identity_.anchors.size();
        std::uint64_t largest = 0;
        for (const auto& file : program_) {
            const std::uint64_t needed = file.content.size() / facts_.block_size + 1;
            if (digest_of(file.path.substr(1)).empty()) blocks += needed;
            largest = std::max(largest, needed);
        }
        const std::uint64_t bytes = (blocks + largest) * facts_.block_size;
        if (bytes > facts_.free_bytes) {
            throw Error(Code::BoardFull,
                        fmt::format("The board at {} has {} kB free; {} kB are needed.", board_.port(),
                                    facts_.free_bytes / 1024, (bytes + 1023) / 1024));
        }
    }

    void bring_identity() {
        progress_(fmt::format("Putting the identity of {} into slot {}", identity_.name, facts_.free_slot));
        const std::string folder = fmt::format("/slots/{}", facts_.free_slot);
        std::vector<File> files = {{folder + "/key.der", identity_.key.bytes()},
                                   {folder + "/cert.der", identity_.certificate}};
        for (std::size_t i = 0; i < identity_.anchors.size(); ++i)
            files.push_back({fmt::format("{}/anchor{}.der", folder, i), identity_.anchors[i]});
        const std::string description = identity_json(identity_, files);
        files.push_back({folder + "/identity.json", as_bytes(description)});

        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_clear_slot(folder));
        for (const auto& file : files) append(scripts, scripts_put(file.path, file.content));
        scripts.push_back(script_try_tls(folder, identity_.anchors.size()));
        scripts.push_back(script_write_in_place(fmt::format("/slots/pointer{}", facts_.next_pointer),
                                                pointer_line(facts_.next_sequence, facts_.free_slot)));
        on_board(scripts);
    }

    void bring_program() {
        if (program_.empty()) return;
        progress_("Bringing the program up to date");
        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        for (const auto& file : program_) append(scripts, scripts_put(file.path, file.content));
        on_board(scripts);
    }

    void configure() {
        progress_("Writing wifi.conf, the time floor and the clock");
        const Seconds now = clock_.now();
        const std::string floor = floor_line(std::max(now, facts_.floor));
        std::vector<Secret> scripts;
        scripts.push_back(script_prelude());
        scripts.push_back(script_wifi_conf(wifi_));
        append(scripts, scripts_put("/slots/floor", as_bytes(floor)));
        scripts.push_back(script_set_clock(now));
        result_.wifi_missing = contains(on_board(scripts), kNoWifiLine);
    }

    static void append(std::vector<Secret>& scripts, std::vector<Secret> more) {
        for (auto& script : more) scripts.push_back(std::move(script));
    }

    Board& board_;
    const BoardIdentity& identity_;
    const LoadOptions& options_;
    const Clock& clock_;
    const Progress& progress_;
    const std::map<std::string, Secret> wifi_;
    BoardFacts facts_;
    std::vector<File> program_;
    LoadResult result_;
};

}  // namespace

LoadResult load(Board& board, const BoardIdentity& identity, const LoadOptions& options, const Clock& clock,
                const Progress& progress) {
    if (identity.brokers.empty() || identity.anchors.empty()) {
        throw Error(Code::Internal, "an identity has a broker and an anchor.");
    }
    const Progress quiet = [](std::string_view) {};
    return Loading(board, identity, options, clock, progress ? progress : quiet).run();
}

}  // namespace countersign::loader
