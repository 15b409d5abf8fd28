// What happens in a decade, and what must be true after it.
#pragma once

#include "tests/sim/world.h"

namespace countersign::sim {

// Puts the whole plan on the agenda: boards born, outages, the operator's calendar, the calm month at the
// end.
void plan_decade(World& world);

// After the calm month: what is wrong goes into the chronicle.
void judge_decade(World& world);

}  // namespace countersign::sim
