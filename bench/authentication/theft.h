// What the thief of one device can do with what is on its flash, and what it takes to stop that.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/authentication/deployment.h"

namespace countersign::bench {

struct Theft {
    std::string what;  // "password, one for all"
    bool as_itself = false;
    bool as_another_user = false;  // another device's user name and client id, with the stolen secret
    bool under_its_id = false;     // its own user name and secret, another device's client id
    // After the operator has locked the stolen device out:
    bool still_gets_in = false, session_ended = false;
    bool other_gets_in = false;  // the other device, with the secrets it has
};

[[nodiscard]] Theft steal(const std::string& what, Deployment& deployment);
[[nodiscard]] std::vector<Theft> steal_all(const std::filesystem::path& folder);

}  // namespace countersign::bench
