#include "core/mqtt/topic.h"

#include <algorithm>

#include "core/mqtt/utf8.h"

namespace countersign::mqtt {
namespace {

constexpr std::string_view kShare = "$share/";

bool is_string(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kMaxStringLength && is_valid_utf8(text);
}

std::size_t levels(std::string_view topic) noexcept {
    return 1 + static_cast<std::size_t>(std::count(topic.begin(), topic.end(), '/'));
}

// Cuts the first level off: "a/b/c" gives "a" and leaves "b/c". `more` tells "a" from "a/".
std::string_view take_level(std::string_view& rest, bool& more) noexcept {
    std::string_view level = rest;
    const std::size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    rest.remove_prefix(more ? slash + 1 : rest.size());
    if (more) level.remove_suffix(level.size() - slash);
    return level;
}

}  // namespace

bool has_wildcard(std::string_view filter) noexcept {
    return filter.find('+') != std::string_view::npos || filter.find('#') != std::string_view::npos;
}

bool is_valid_topic_name(std::string_view topic) noexcept {
    return is_string(topic) && !has_wildcard(topic);
}

bool is_shared(std::string_view filter) noexcept {
    return filter.starts_with(kShare);
}

bool is_valid_shared_filter(std::string_view filter) noexcept {
    if (!is_shared(filter)) return false;
    filter.remove_prefix(kShare.size());
    bool more = false;
    const std::string_view group = take_level(filter, more);
    return more && !group.empty() && !has_wildcard(group) && is_valid_topic_filter(filter);
}

bool is_valid_topic_filter(std::string_view filter) noexcept {
    if (!is_string(filter)) return false;
    for (bool more = true; more;) {
        const std::string_view level = take_level(filter, more);
        const bool plus = level.find('+') != std::string_view::npos;
        const bool hash = level.find('#') != std::string_view::npos;
        if ((plus || hash) && level.size() != 1) return false;
        if (hash && more) return false;
    }
    return true;
}

bool is_sendable_topic(std::string_view topic) noexcept {
    return is_valid_topic_name(topic) && is_sendable_text(topic) && levels(topic) <= kMaxLevels;
}

bool is_sendable_filter(std::string_view filter) noexcept {
    return is_valid_topic_filter(filter) && is_sendable_text(filter) && levels(filter) <= kMaxLevels;
}

bool topic_matches(std::string_view filter, std::string_view topic) noexcept {
    if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
    bool more_filter = true;
    bool more_topic = true;
    while (more_filter) {
        const std::string_view wanted = take_level(filter, more_filter);
        if (wanted == "#") return true;  // also the parent level: "a/#" matches "a" (4.7.1.2)
        if (!more_topic) return false;
        const std::string_view level = take_level(topic, more_topic);
        if (wanted != "+" && wanted != level) return false;
    }
    return !more_topic;
}

}  // namespace countersign::mqtt
