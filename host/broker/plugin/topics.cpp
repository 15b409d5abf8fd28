#include "host/broker/plugin/topics.h"

#include "core/identity/role.h"

namespace countersign::broker::plugin {

bool within_role(std::string_view username, std::string_view topic) noexcept {
    constexpr std::string_view kRenewal = "countersign/";
    if (!username.starts_with(username_prefix(Role::birth))) return true;
    if (!topic.starts_with(kRenewal)) return false;
    topic.remove_prefix(kRenewal.size());
    return topic.size() > username.size() && topic.starts_with(username) && topic[username.size()] == '/';
}

}  // namespace countersign::broker::plugin
