#include "core/identity/topics.h"

#include "core/identity/name.h"

namespace countersign {

std::string_view device_of_topic(std::string_view topic) noexcept {
    if (!topic.starts_with(kDevicesTopic)) return {};
    topic.remove_prefix(kDevicesTopic.size());
    const std::size_t slash = topic.find('/');
    if (slash == std::string_view::npos || slash + 1 == topic.size()) return {};
    const std::string_view name = topic.substr(0, slash);
    return is_valid_name(name) ? name : std::string_view{};
}

std::string_view device_subtopic(std::string_view topic) noexcept {
    const std::string_view name = device_of_topic(topic);
    return name.empty() ? std::string_view{} : topic.substr(kDevicesTopic.size() + name.size() + 1);
}

}  // namespace countersign
