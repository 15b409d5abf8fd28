#include "host/loader/conversation.h"

#include <fmt/format.h>

#include <chrono>

#include "host/base/error.h"
#include "host/loader/board_scripts.h"

namespace countersign::loader {
namespace {

using std::chrono::milliseconds;

// Getting to the prompt alone may take mpremote 20 s when a program resists.
constexpr milliseconds kBaseDeadline = std::chrono::seconds(45);
// 115200 baud carry 11 kB/s, twice in base64 and into a slow flash.
constexpr milliseconds kPerKilobyte{500};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

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
        throw Error(Code::BoardMemory,
                    "The board at " + board.port() + " has not enough memory for a step of the load.",
                    "let boot.py on the board hold less, then run the command again");
    }
    throw Error(Code::BoardFailed, fmt::format("The board at {} says: {}", board.port(), text));
}

}  // namespace

std::string Conversation::run(const std::vector<Secret>& scripts) const {
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

void append(std::vector<Secret>& scripts, std::vector<Secret> more) {
    for (auto& script : more) scripts.push_back(std::move(script));
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace countersign::loader
