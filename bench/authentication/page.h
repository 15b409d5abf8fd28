// docs/choosing-authentication.md: a template's prose with the tables of one run in it.
#pragma once

#include <string>
#include <vector>

#include "bench/authentication/attacks.h"
#include "bench/authentication/cost.h"
#include "bench/authentication/theft.h"

namespace countersign::bench {

struct Findings {
    std::vector<Cost> costs;
    std::vector<Attacked> attacks;
    std::vector<Theft> thefts;
    std::string conditions;  // machine, versions
};

// Each `{{…}}` of the template by what was found. Throws when the template lacks one.
[[nodiscard]] std::string page(std::string text, const Findings& findings);

}  // namespace countersign::bench
