// Faults put in on purpose: a simulation that finds none of these would prove nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/authority.h"
#include "tests/sim/boards.h"

namespace countersign::sim {

[[nodiscard]] std::vector<std::string> plants();  // "nothing" is one

// For the device package: the fault, and what a simulation changes in any case.
[[nodiscard]] std::vector<Replacement> replacements_for(std::string_view plant);

void plant_in_authority(std::string_view plant, Policy& policy);

}  // namespace countersign::sim
