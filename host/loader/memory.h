// Whether a board has the memory the program needs: asked before anything is written to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/loader/board_facts.h"

namespace countersign::loader {

// What a board must have free when its interpreter has just been restarted, with boot.py's programs in it and
// nothing of ours: bounds below which it cannot work, not what is comfortable (docs/guide.md, "Memory").
struct MemoryNeeds {
    // gc.mem_free(): 39 kB are in use of package, asyncio and TLS context when it is connected.
    static constexpr std::uint64_t kHeap = 40ULL * 1024;
    // esp32.idf_heap_info(), all regions: with 44 kB an ESP32-C3's Wi-Fi did not come up, and a TLS
    // connection takes 29 kB beside it. Fresh chips have 96 kB (ESP32) and 112 kB (C3) with Wi-Fi up.
    static constexpr std::uint64_t kIdf = 48ULL * 1024;
};

// A sentence with both numbers when the board has clearly too little; nullopt when it has enough, or does not
// say. `port` is how the sentence names the board.
[[nodiscard]] std::optional<std::string> doubt_about_memory(const BoardFacts& facts, const std::string& port);

}  // namespace countersign::loader
