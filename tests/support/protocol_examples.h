// The hex examples at the end of docs/protocol.md: one source for the page, this side and the device's.
#pragma once

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::test {

// The block under "### Example: <title>". Two blanks end the hex of a line; a comment may follow.
inline std::vector<std::uint8_t> protocol_example(const std::string& title) {
    std::ifstream page(COUNTERSIGN_SOURCE "/docs/protocol.md");
    std::string line;
    while (std::getline(page, line) && line != "### Example: " + title) {
    }
    while (std::getline(page, line) && line != "```hex") {
    }
    std::vector<std::uint8_t> bytes;
    while (std::getline(page, line) && line != "```") {
        const std::string hex = line.substr(0, line.find("  "));
        for (std::size_t i = 0; i < hex.size(); i += 3) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
        }
    }
    if (bytes.empty()) throw std::runtime_error("docs/protocol.md has no example " + title);
    return bytes;
}

}  // namespace countersign::test
