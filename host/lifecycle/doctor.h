// What is wrong with a home folder, found without changing anything in it: OpenHome would mend half of it
// unseen.
#pragma once

#include <string>
#include <vector>

#include "host/base/clock.h"
#include "host/base/error.h"
#include "host/lifecycle/home.h"

namespace countersign::lifecycle {

struct Examination {
    std::string part;  // "registry"
    std::string good;  // what can be said of it when nothing is wrong
    std::vector<Error> complaints;
};

// Each part, in the order in which they lean upon each other. Looked at without the home's lock, and once
// more under it before anything is complained of: a command that is under way changes one thing after the
// other. Throws Error{HomeMissing}; whatever else is wrong is a complaint.
[[nodiscard]] std::vector<Examination> examine(const Home& home, const Clock& clock);

}  // namespace countersign::lifecycle
