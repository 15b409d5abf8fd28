// The Python that load runs on a board: MicroPython 1.22 and newer, without the package it brings. A script
// is small enough to be compiled in an ESP32's memory; globals named _cs_… carry over from one to the next.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.h"
#include "host/base/secret.h"

namespace countersign::loader {

// Lines the scripts print, to be told apart from whatever else the board says.
inline constexpr std::string_view kFactsLine = "CS-FACTS ";  // then one JSON object (board_facts.h)
inline constexpr std::string_view kWrittenLine =
    "CS-WRITTEN ";  // then the path that has been written and read back
inline constexpr std::string_view kNoWifiLine = "CS-NO-WIFI";  // wifi.conf names no network
inline constexpr std::string_view kNoPasswordLine =
    "CS-NO-PASSWORD";  // it names another one than before, whose password is not known
// What countersign.enrol prints (docs/protocol.md): hex, hex, hex; the slot.
inline constexpr std::string_view kChipLine = "CS-CHIP ";
inline constexpr std::string_view kWorkingRequestLine = "CS-REQUEST working ";
inline constexpr std::string_view kBirthRequestLine = "CS-REQUEST birth ";
inline constexpr std::string_view kEnrolledLine = "CS-ENROLLED ";
// Exceptions the scripts raise on purpose.
inline constexpr std::string_view kReadbackFault = "CS-READBACK ";  // then the path
inline constexpr std::string_view kKeyFault = "CS-KEY";
inline constexpr std::string_view kCertificateFault = "CS-CERT";
inline constexpr std::string_view kWifiConfFault = "CS-WIFI-CONF";

// What the others need; runs before any of them.
[[nodiscard]] Secret script_prelude();

// Prints the facts: firmware, the bytecode it reads, free memory and flash, SHA-256 of the modules in our
// folder and of main.py, slots, pointers, floor, main.py's first line.
[[nodiscard]] Secret script_facts();

// Writes a file beside the target, reads it back and renames it over the target.
[[nodiscard]] std::vector<Secret> scripts_put(std::string_view path, std::span<const std::uint8_t> content);

// The first half of scripts_put: the file lies beside the target, read back.
[[nodiscard]] std::vector<Secret> scripts_stage(std::string_view path, std::span<const std::uint8_t> content);
// The second half, of many files at once; then those that are `gone` are removed.
[[nodiscard]] Secret script_exchange(const std::vector<std::string>& arrived,
                                     const std::vector<std::string>& gone);

// From here to the writing of its identity.json the folder is not a slot.
[[nodiscard]] Secret script_clear_slot(std::string_view folder);

// Gives key, certificate and anchors of the slot to the board's own TLS.
[[nodiscard]] Secret script_try_tls(std::string_view folder, std::size_t anchors);

// Writes the file in place and reads it back: for pointers, which need no rename.
[[nodiscard]] Secret script_write_in_place(std::string_view path, std::string_view text);

// wifi.conf with these keys set ("wifi_ssid": `wifi_ssid="home"`), every other line as it was, and the four
// keys there.
[[nodiscard]] Secret script_wifi_conf(const std::map<std::string, Secret>& lines);

// Makes the keys of `name`, or finds them again. `seed` is hex. Needs the program on the board.
[[nodiscard]] Secret script_request(std::string_view name, const Secret& seed);

// Makes the certificates in the folder the board's own.
[[nodiscard]] Secret script_accept(std::string_view folder);

[[nodiscard]] Secret script_set_clock(Seconds now);

}  // namespace countersign::loader
