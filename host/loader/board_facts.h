// What a board says about itself before anything is written to it, and what follows from it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/clock.h"

namespace countersign::loader {

// Free bytes, as the firmware counts them; nullopt where it does not say.
struct BoardMemory {
    std::optional<std::uint64_t> heap;         // gc.mem_free() after a collection
    std::optional<std::uint64_t> idf;          // esp32.idf_heap_info(): the sum of the regions
    std::optional<std::uint64_t> idf_largest;  // the largest block of any of them
};

struct BoardFacts {
    std::string implementation;  // "micropython"
    std::array<int, 3> version{};
    std::string machine;           // "ESP32C3 module with ESP32C3"; may be empty
    std::uint64_t block_size = 0;  // bytes
    std::uint64_t free_bytes = 0;  // of flash
    BoardMemory memory;
    int bytecode = 0;                           // the version of .mpy files it reads; 0: none
    std::map<std::string, std::string> sha256;  // of our modules and main.py, in hex; "" when absent
    std::string main_line;                      // the first line of main.py; "" when there is none
    std::string chip_id;                        // machine.unique_id() in hex; "" where there is none
    std::string active_name;                    // of the identity in use; "" when there is none
    std::string active_certificate;             // its fingerprint, in hex
    char free_slot = 'a';                       // the one that may be written
    int next_pointer = 0;                       // the pointer file that may be written
    std::uint64_t next_sequence = 1;
    Seconds floor{};  // the newest time the board has proof of

    [[nodiscard]] std::string version_text() const;
};

// From what script_facts() printed. Nothing of it is trusted: a board may hold anything. Throws
// Error{BoardFailed}.
[[nodiscard]] BoardFacts parse_facts(std::string_view output);

// The lines of the files in /slots (docs/architecture.md, "On the device").
[[nodiscard]] std::string pointer_line(std::uint64_t sequence, char slot);
[[nodiscard]] std::string floor_line(Seconds floor);

}  // namespace countersign::loader
