// What a figure depends on beside the machine.
#pragma once

#include <string>

namespace countersign::bench {

// "GCC 12.2.0"
[[nodiscard]] std::string compiler_version();
// "mosquitto version 2.0.11"
[[nodiscard]] std::string mosquitto_version();
// Of the virtual board: "MicroPython 1.25.0, mbedTLS 3.6.6"
[[nodiscard]] std::string board_version();
// "QEMU emulator version 7.2.22 …"; "" when it is not installed.
[[nodiscard]] std::string qemu_version();

// All of them and OpenSSL's, in one line.
[[nodiscard]] std::string versions();

}  // namespace countersign::bench
