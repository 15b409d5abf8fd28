// A virtual board of a scene's own: real MicroPython behind a serial port, with a flash of its own and with
// it a chip of its own number.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {

inline constexpr std::chrono::seconds kBoardPatience{30};

struct Board {
    Board(const Scene& scene, const std::string& name)
        : port(scene.file(name + "-port")), flash(scene.file(name)) {
        loader::VirtualBoardOptions options;
        options.flash = flash;
        options.port_link = port;
        options.micropython = COUNTERSIGN_SOURCE "/build/libexec/micropython";
        board = std::make_unique<loader::VirtualBoard>(options);
    }
    // After what it was last heard to say.
    [[nodiscard]] testing::AssertionResult says(std::string_view text,
                                                std::chrono::seconds patience = kBoardPatience) {
        if (board->wait_for(text, patience, mark)) {
            mark = board->console().find(text, mark) + text.size();
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "the board did not say \"" << text << "\" but:\n"
                                           << board->console().substr(mark);
    }
    [[nodiscard]] std::vector<std::string> load(const std::string& name,
                                                std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{"load", name, "--port", port, "--wifi-ssid", "home"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return arguments;
    }

    std::string port;
    std::filesystem::path flash;
    std::unique_ptr<loader::VirtualBoard> board;
    std::size_t mark = 0;
};

}  // namespace countersign::e2e
