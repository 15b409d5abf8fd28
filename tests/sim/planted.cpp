#include "tests/sim/planted.h"

namespace countersign::sim {
namespace {

struct Plant {
    std::string name;
    std::vector<Replacement> replacements;
};

const std::vector<Plant>& all() {
    static const std::vector<Plant> plants{
        {"nothing", {}},
        // The answer becomes the active identity before it has connected even once.
        {"flip-before-proof",
         {{"filling.py", "    if proven:\n", "    slots.activate(slots.free())\n    if proven:\n"}}},
        // The birth certificate is never tried.
        {"no-birth",
         {{"detour.py", "or await _renew_by_birth(life, slots.birth(), client)\n",
           "or await _renew_by_birth(life, None, client)\n"}}},
        // Of several brokers the first one's silence hides that another has refused the certificate.
        {"first-fault",
         {{"dialling.py", "            if worst is None or _weight(e) > _weight(worst):\n",
           "            if worst is None:\n"}}},
        // The responder: a State that names nothing in particular confirms the newest certificate.
        {"confirm-naming-none", {}},
    };
    return plants;
}

}  // namespace

std::vector<std::string> plants() {
    std::vector<std::string> names;
    for (const auto& plant : all()) names.push_back(plant.name);
    return names;
}

std::vector<Replacement> replacements_for(std::string_view plant) {
    // A date that lies ahead is looked at every ten days instead of every hour, and NTP is asked as often:
    // 87,600 looks a board are a simulation's whole time.
    std::vector<Replacement> replacements{
        {"upkeep.py", "_LOOK = const(3600)", "_LOOK = const(864000)"},
        {"rest.py", "_LOOK = const(3600)", "_LOOK = const(864000)"},
        {"timekeeping.py", "_ANSWERED = const(86400)", "_ANSWERED = const(864000)"},
        {"timekeeping.py", "_UNANSWERED = const(3600)", "_UNANSWERED = const(864000)"}};
    for (const auto& one : all()) {
        if (one.name == plant) {
            replacements.insert(replacements.end(), one.replacements.begin(), one.replacements.end());
        }
    }
    return replacements;
}

void plant_in_authority(std::string_view plant, Policy& policy) {
    policy.confirms_anything = plant == "confirm-naming-none";
}

}  // namespace countersign::sim
