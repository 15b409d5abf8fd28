#include "host/base/user_name.h"

#include <fmt/format.h>
#include <pwd.h>

namespace countersign {

std::string name_of(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : fmt::format("user {}", user);
}

}  // namespace countersign
