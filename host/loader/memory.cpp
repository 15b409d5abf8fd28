#include "host/loader/memory.h"

#include <fmt/format.h>

namespace countersign::loader {
namespace {

std::uint64_t kilobytes(std::uint64_t bytes) {
    return bytes / 1024;
}

}  // namespace

std::optional<std::string> doubt_about_memory(const BoardFacts& facts, const std::string& port) {
    const auto& memory = facts.memory;
    if (memory.heap && *memory.heap < MemoryNeeds::kHeap) {
        return fmt::format("The board at {} has {} kB free for Python; the program needs {} kB.", port,
                           kilobytes(*memory.heap), kilobytes(MemoryNeeds::kHeap));
    }
    if (memory.idf && *memory.idf < MemoryNeeds::kIdf) {
        return fmt::format(
            "The board at {} has {} kB free for Wi-Fi and TLS (ESP-IDF's heap); they need {} kB.", port,
            kilobytes(*memory.idf), kilobytes(MemoryNeeds::kIdf));
    }
    return std::nullopt;
}

}  // namespace countersign::loader
