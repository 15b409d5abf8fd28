// Makes a board a device of this authority: identity, program and configuration, proven on the board itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.h"
#include "host/base/secret.h"
#include "host/loader/board.h"
#include "host/loader/board_facts.h"
#include "host/loader/conversation.h"
#include "host/loader/enrol.h"

namespace countersign::loader {

// An identity whose key was made on the host.
struct BoardIdentity {
    std::string name;
    Secret key;         // DER, PKCS#8 or SEC 1
    Bytes certificate;  // DER
    Trust trust;
};

struct LoadOptions {
    std::optional<std::string> wifi_ssid;  // not given: what wifi.conf on the board says stays
    std::optional<Secret> wifi_password;   // likewise, for the same network; empty: an open network
    bool replace_main = false;             // also a main.py that is not ours
    bool lower_floor = false;              // a floor above our clock was made by one that was wrong
    bool source = false;                   // the program as source, though the board reads our bytecode
    bool ignore_memory = false;            // also a board that has clearly too little
    bool restart = true;                   // at the end, as the reset button does
    // Asked before anything is written to the board; what it throws ends the load.
    std::function<void(const BoardFacts&)> check;
    // How many files of the program have been copied.
    std::function<void(std::size_t done, std::size_t total)> on_file;
    // How long a port that went away in the middle may take to come back, which is a reset then.
    std::chrono::milliseconds port_return{0};
    // How long a board that says nothing may take to wake.
    std::chrono::milliseconds sleep{0};
};

struct LoadResult {
    std::string port;
    std::string firmware;              // "1.25.0"
    std::string machine;               // what the firmware calls the board
    BoardMemory memory;                // before the load
    char slot = 'a';                   // where the identity is now
    bool enrolled = false;             // the board made its keys in this load
    bool compiled = true;              // the program is there as bytecode, not as source
    std::vector<std::string> written;  // program files that were not yet on the board as they are
    std::vector<std::string> removed;  // modules of ours that the program does not have any more
    bool main_kept = false;            // main.py is somebody else's: nothing starts at boot
    bool wifi_missing = false;         // wifi.conf names no network
    bool password_missing = false;     // it names another one than before, and no password was given
    int resets = 0;                    // how often the board has reset on the way
};

// The oldest firmware the program on the board works on (tests/versions; what was tried on which:
// docs/guide.md).
inline constexpr std::string_view kOldestFirmware = "1.22";

// Whatever happens on the way, the identity that was in use stays in use until the new one has been read back
// and been taken by the board's own TLS; calling again finishes what was interrupted. Nothing else on the
// board is touched. A board that resets on the way is loaded again, some times; one that cannot be loaded is
// restarted, so that it does what it did before. Throws what Board::run throws, and Error{BoardTooOld,
// BoardFull, FlashWrite, KeyTypeUnsupported, CertInvalid, WifiConfInvalid, BoardFailed}.
LoadResult load(Board& board, const BoardIdentity& identity, const LoadOptions& options, const Clock& clock,
                const Progress& progress);

// The same for a board that makes its keys itself: the program first, since it is what makes them. A board
// that the registrar finds in order gets program and configuration only.
LoadResult load(Board& board, const std::string& name, const Trust& trust, Registrar& registrar,
                const LoadOptions& options, const Clock& clock, const Progress& progress);

}  // namespace countersign::loader
