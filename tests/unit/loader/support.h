// A virtual board in a temporary folder and the real mpremote, both from build/libexec.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/loader/virtual_board.h"

namespace countersign::loader {

inline constexpr std::chrono::seconds kPatience{20};  // far beyond what anything here takes

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "countersign-test.XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class BoardTest : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("COUNTERSIGN_MICROPYTHON", COUNTERSIGN_LIBEXEC "/micropython", 1);
        ::setenv("COUNTERSIGN_MPREMOTE", COUNTERSIGN_LIBEXEC "/mpremote", 1);
        if (!std::filesystem::exists(COUNTERSIGN_LIBEXEC "/micropython")) {
            FAIL() << "build/libexec/micropython is missing: device/board/virtual/build.sh";
        }
        std::filesystem::create_directories(flash());
    }

    [[nodiscard]] std::filesystem::path flash() const { return folder_.path() / "flash"; }
    [[nodiscard]] std::filesystem::path link() const { return folder_.path() / "port"; }
    void on_flash(const std::string& file, std::string_view content) const {
        std::filesystem::create_directories((flash() / file).parent_path());
        std::ofstream(flash() / file, std::ios::binary) << content;
    }
    [[nodiscard]] std::string from_flash(const std::string& file) const { return read_text(flash() / file); }

    void power_on() {
        board_.reset();
        board_ = std::make_unique<VirtualBoard>(
            VirtualBoardOptions{.flash = flash(), .micropython = {}, .port_link = link(), .on_output = {}});
    }
    // Waits for text printed after `mark`, failing the test with the whole console.
    void expect_printed(std::string_view text, std::size_t mark = 0) const {
        EXPECT_TRUE(board_->wait_for(text, kPatience, mark)) << "not printed: " << text << "\nconsole:\n"
                                                             << board_->console();
    }
    // Types at the friendly REPL.
    void enter(const std::string& line) const { board_->type(line + "\r"); }

    // What mpremote prints; fails the test when it does not end with 0. A Ctrl-C that reaches a board in the
    // middle of its reset is lost, on a real one too: then mpremote is asked once more.
    std::string mpremote(const std::vector<std::string>& arguments) const {
        auto result = run_mpremote(arguments);
        if (result.output.find("could not enter raw repl") != std::string::npos)
            result = run_mpremote(arguments);
        EXPECT_EQ(result.exit_code, 0) << result.output << "\nconsole:\n" << board_->console();
        return result.output;
    }
    CommandResult run_mpremote(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {COUNTERSIGN_LIBEXEC "/mpremote", "connect", board_->port()});
        return run_command(arguments, kPatience);
    }

    TemporaryFolder folder_;
    std::unique_ptr<VirtualBoard> board_;
};

}  // namespace countersign::loader
