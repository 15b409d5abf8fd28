// What each way of authentication costs a device.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/authentication/records.h"

namespace countersign::bench {

struct Cost {
    std::string way, program;            // "mTLS, P-256, resumed", "`_countersign`"
    Bytes bytes;                         // medians, as all the rest
    std::optional<double> milliseconds;  // on the virtual board, from the socket to CONNACK
    std::optional<double> held;          // there, bytes in use while connected
    std::optional<double> instructions;  // on the RISC-V board, from the socket to CONNACK
    std::optional<double> riscv_held;
    double spread = 0;  // of the instructions: (largest - smallest) / median
};

[[nodiscard]] std::vector<Cost> measure_costs(const std::filesystem::path& folder, int rounds);

}  // namespace countersign::bench
