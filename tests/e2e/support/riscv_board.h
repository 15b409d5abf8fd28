// The RISC-V board with a loaded program, an authority and a broker: what its end-to-end tests share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {

struct RiscvBoard {
    const char* firmware;
    const char* chip;  // whose memory it has
};

inline std::string kind_of(const ::testing::TestParamInfo<RiscvBoard>& board) {
    const bool native = std::string(board.param.firmware).ends_with("native");
    const bool c3 = std::string(board.param.chip) == "esp32-c3";
    return std::string(native ? "native" : "python") + (c3 ? "_c3" : "_esp32");
}

inline void PrintTo(const RiscvBoard& board, std::ostream* out) {
    *out << board.firmware << " on " << board.chip;
}

// Our own firmware is not made for an ESP32's 56 kB.
inline auto all_riscv_boards() {
    return ::testing::Values(RiscvBoard{"micropython-rv32", "esp32-c3"},
                             RiscvBoard{"micropython-rv32", "esp32"},
                             RiscvBoard{"micropython-rv32-native", "esp32-c3"});
}

class RiscvBoardTest : public ::testing::TestWithParam<RiscvBoard> {
  protected:
    static constexpr std::chrono::seconds kPatience{60};
    const std::filesystem::path kLibexec = COUNTERSIGN_SOURCE "/build/libexec";

    void SetUp() override {
        if (find_program("qemu-system-riscv32").empty())
            GTEST_SKIP() << "qemu-system-riscv32 is not installed";
        if (!std::filesystem::exists(kLibexec / GetParam().firmware))
            GTEST_SKIP() << GetParam().firmware << ": device/board/rv32/build.sh";
        scene_.init();
        host_ = std::make_unique<Background>(scene_.argv({"up", "--address", "127.0.0.1"}));
        ASSERT_TRUE(host_->wait_for("answering devices")) << host_->output();
        loader::VirtualBoardOptions options;
        options.flash = scene_.file("flash");
        options.port_link = scene_.file("port");
        options.micropython = kLibexec / GetParam().firmware;
        options.chip = GetParam().chip;
        options.riscv = true;
        options.counted = counted();
        board_ = std::make_unique<loader::VirtualBoard>(options);
    }

    [[nodiscard]] testing::AssertionResult board_says(std::string_view text) {
        if (board_->wait_for(text, kPatience, mark_)) {
            mark_ = board_->console().find(text, mark_) + text.size();
            return testing::AssertionSuccess();
        }
        return testing::AssertionFailure() << "the board did not say \"" << text << "\" but:\n"
                                           << board_->console().substr(mark_);
    }

    // Whether its clock is the number of its instructions, whatever else this computer does.
    [[nodiscard]] virtual bool counted() const { return false; }

    void load() {
        scene_.must({"load", "user1", "--port", scene_.file("port"), "--wifi-ssid", "home"});
        ASSERT_TRUE(board_says("Sending ON"));
    }

    // What a script of this folder prints on the board.
    [[nodiscard]] std::string run(const std::string& preamble, const std::string& script,
                                  std::chrono::seconds patience) {
        ::setenv("COUNTERSIGN_MPREMOTE", (kLibexec / "mpremote").c_str(), 1);
        loader::MpremoteBoard cable(scene_.file("port"));
        std::vector<Secret> scripts;
        scripts.emplace_back(preamble + "\n" + read_text(COUNTERSIGN_SOURCE "/tests/e2e/" + script));
        return cable.run(scripts, patience, {});
    }

    [[nodiscard]] std::vector<std::string> working_certificates() const {
        std::vector<std::string> states;
        const auto answer = scene_.ask({"show", "user1"});
        for (const auto& row : answer["certificates"])
            if (row["role"] == "device") states.push_back(row["state"]);
        return states;
    }
    [[nodiscard]] bool reaches(const std::vector<std::string>& wanted) const {
        for (int tries = 0; tries < 300; ++tries, ::usleep(100'000))
            if (working_certificates() == wanted) return true;
        return false;
    }

    [[nodiscard]] bool follows_the_new_root() const {
        for (int tries = 0; tries < 300; ++tries, ::usleep(100'000))
            if (scene_.ask({"rollover", "root", "status"})["confirmed"] == 1) return true;
        return false;
    }

    Scene scene_;
    std::unique_ptr<Background> host_;
    std::unique_ptr<loader::VirtualBoard> board_;
    std::size_t mark_ = 0;
};

}  // namespace countersign::e2e
