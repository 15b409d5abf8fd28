// A user's name, for messages.
#pragma once

#include <sys/types.h>

#include <string>

namespace countersign {

// As in passwd(5); "user 1001" when it is not there.
[[nodiscard]] std::string name_of(uid_t user);

}  // namespace countersign
