// The memory of the RISC-V board beside what was measured on official firmware: ESP32_GENERIC_C3 1.24.1,
// ESP32_GENERIC 1.24.0.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iomanip>
#include <map>
#include <sstream>

#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/loader/mpremote_board.h"
#include "host/loader/virtual_board.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

const fs::path kLibexec = COUNTERSIGN_SOURCE "/build/libexec";

struct Figures {
    double gc_free = 0, free = 0, largest = 0;  // 0: not measured
};

struct Chip {
    const char* name;
    std::map<std::string, Figures> measured;
    double connection;  // what TLS takes of ESP-IDF's heap
};

class ChipMemoryTest : public ::testing::TestWithParam<Chip> {
  protected:
    void SetUp() override {
        if (find_program("qemu-system-riscv32").empty())
            GTEST_SKIP() << "qemu-system-riscv32 is not installed";
        if (!fs::exists(kLibexec / "micropython-rv32")) GTEST_SKIP() << "device/board/rv32/build.sh";
        scene_.init();
        broker_ = start_broker(scene_);
        loader::VirtualBoardOptions options;
        options.flash = scene_.file("flash");
        options.micropython = kLibexec / "micropython-rv32";
        options.chip = GetParam().name;
        options.riscv = true;
        board_ = std::make_unique<loader::VirtualBoard>(options);
        ::setenv("COUNTERSIGN_MPREMOTE", (kLibexec / "mpremote").c_str(), 1);
    }

    // What a script of this folder prints on the board: the words of each line, by the first one.
    [[nodiscard]] std::map<std::string, std::vector<std::string>> run(const std::string& script,
                                                                      const std::string& preamble = {}) {
        loader::MpremoteBoard cable(board_->port());
        std::vector<Secret> scripts;
        scripts.emplace_back("BROKER = ('127.0.0.1', " + std::to_string(scene_.port()) + ")\n" + preamble +
                             read_text(COUNTERSIGN_SOURCE "/tests/e2e/" + script));
        said_ = cable.run(scripts, seconds(60), {});
        std::map<std::string, std::vector<std::string>> lines;
        std::istringstream said(said_);
        for (std::string line; std::getline(said, line);) {
            std::istringstream words(line);
            std::string first, word;
            for (words >> first; words >> word;) lines[first].push_back(word);
        }
        return lines;
    }

    // As Python's bytes: a literal, since a tuple of numbers would stay in the memory that is measured.
    [[nodiscard]] std::string bytes_of(const fs::path& file) const {
        std::ostringstream text;
        text << std::hex << std::setfill('0') << "b'";
        for (const auto byte : read_file(file)) text << "\\x" << std::setw(2) << static_cast<int>(byte);
        return text.str() + "'";
    }

    Scene scene_;
    std::unique_ptr<Background> broker_;
    std::unique_ptr<loader::VirtualBoard> board_;
    std::string said_;
};

constexpr double kTolerance = 0.05;  // the script that measures takes some kilobytes itself

void expect_near(double is, double measured, const std::string& what) {
    if (measured > 0) {
        EXPECT_NEAR(is, measured, measured * kTolerance) << what;
    }
}

TEST_P(ChipMemoryTest, IsAsMeasuredFromTheReplToAConnectedClient) {
    scene_.must({"issue", "plain"});
    const auto file = [&](const char* name) { return bytes_of(scene_.device("plain") / name); };
    const auto lines =
        run("chip_memory.py", "NAME = 'plain'\nNOW = (2027, 1, 1)\nCERTIFICATE = " + file("plain.crt.der") +
                                  "\nKEY = " + file("plain.key.der") + "\nAUTHORITY = " + file("ca.crt.der") +
                                  "\n");
    ASSERT_TRUE(lines.contains("HEAP")) << said_;
    const auto& words = lines.at("HEAP");
    std::map<std::string, Figures> is;
    for (std::size_t i = 0; i + 3 < words.size(); i += 4)
        is[words[i]] = {std::stod(words[i + 1]), std::stod(words[i + 2]), std::stod(words[i + 3])};
    for (const auto& [phase, measured] : GetParam().measured) {
        ASSERT_TRUE(is.contains(phase)) << said_;
        expect_near(is[phase].gc_free, measured.gc_free, phase + ", gc.mem_free()\n" + said_);
        expect_near(is[phase].free, measured.free, phase + ", free\n" + said_);
        expect_near(is[phase].largest, measured.largest, phase + ", largest\n" + said_);
    }
    expect_near(is["context"].free - is["connected"].free, GetParam().connection, "a connection\n" + said_);
    EXPECT_NEAR(is["closed"].free, is["context"].free, 1000) << "all of it comes back: " << said_;
}

// The regions are those that a large program left on the C3 before its Wi-Fi.
TEST_P(ChipMemoryTest, WiFiThatComesTooLateNeverAssociates) {
    auto lines = run("starved_wifi.py");
    if (std::string(GetParam().name) == "esp32-c3") {
        ASSERT_EQ(lines["GROWN"].size(), 4U) << said_;
        const double grown[] = {27508, 928, 10160, 5692};
        for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(std::stod(lines["GROWN"][i]), grown[i], 100) << said_;
        ASSERT_EQ(lines["ACTIVE"].size(), 4U) << said_;
        for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(std::stoi(lines["ACTIVE"][i]), 500) << said_;
        EXPECT_EQ(lines["ACTIVE"][3], "5692") << "the radio cannot use this region: " << said_;
        EXPECT_EQ(lines["STARVED"].at(0), "201") << said_;
        EXPECT_EQ(lines["STILL"].at(0), "201") << "memory that comes later helps nobody: " << said_;
    } else {
        EXPECT_TRUE(lines.contains("REFUSED")) << said_;
    }
    EXPECT_EQ(lines["MENDED"].at(0), "1010") << said_;
    EXPECT_TRUE(lines.contains("LOST")) << said_;
    EXPECT_TRUE(said_.rfind("REACHED") != std::string::npos && said_.rfind("REACHED") > said_.find("LOST"))
        << said_;
}

INSTANTIATE_TEST_SUITE_P(Chip, ChipMemoryTest,
                         ::testing::Values(Chip{"esp32-c3",
                                                {{"wifi", {0, 112e3, 0}},
                                                 {"context", {153.0e3, 112.6e3, 0}},
                                                 {"connected", {123.9e3, 86.8e3, 0}}},
                                                25.7e3},
                                           Chip{"esp32",
                                                {{"fresh", {159e3, 138e3, 110e3}},
                                                 {"wifi", {0, 96e3, 94e3}},
                                                 {"context", {144.9e3, 94.3e3, 0}},
                                                 {"connected", {113.4e3, 68.5e3, 0}}},
                                                25.8e3}),
                         [](const auto& chip) {
                             return std::string(chip.param.name) == "esp32" ? "esp32" : "c3";
                         });

}  // namespace
}  // namespace countersign::e2e
