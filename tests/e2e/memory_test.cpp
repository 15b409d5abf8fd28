// What the program on a board takes of MicroPython's heap while it is connected, on an ESP32-C3's memory: it
// must not grow back unseen. Bytes allocated, which no time and no other load changes.
#include <nlohmann/json.hpp>

#include "tests/e2e/support/riscv_board.h"

namespace countersign::e2e {
namespace {

// The goal of stock firmware is 35'000. Beside these are the firmware's own asyncio and TLS objects, which
// are in them, and with _countersign 14 kB of buffers.
constexpr long kPythonBound = 31'500;
constexpr long kNativeBound = 46'500;

class MemoryTest : public RiscvBoardTest {
  protected:
    [[nodiscard]] bool is_native() const { return std::string_view(GetParam().firmware).ends_with("native"); }
};

TEST_P(MemoryTest, OfTheProgramWhileItIsConnected) {
    load();
    const auto said = run("", "../../bench/device/memory.py", kPatience);
    const auto at = said.rfind("\n{");
    ASSERT_NE(at, std::string::npos) << said;
    const auto figures = nlohmann::json::parse(said.substr(at));
    const long held = figures["connected"]["heap"].get<long>() - figures["REPL"]["heap"].get<long>();
    RecordProperty("held", std::to_string(held));
    EXPECT_LT(held, is_native() ? kNativeBound : kPythonBound) << said;
}

INSTANTIATE_TEST_SUITE_P(Board, MemoryTest,
                         ::testing::Values(RiscvBoard{"micropython-rv32", "esp32-c3"},
                                           RiscvBoard{"micropython-rv32-native", "esp32-c3"}),
                         kind_of);

}  // namespace
}  // namespace countersign::e2e
