// What MQTT allows a client to ask for.
#include <algorithm>

#include "core/mqtt/encode.h"
#include "core/mqtt/property.h"
#include "core/mqtt/topic.h"
#include "core/mqtt/utf8.h"

namespace countersign::mqtt {
namespace {

bool is_string(std::string_view text) noexcept {
    return text.size() <= kMaxStringLength && is_sendable_text(text);
}

// Content that says it is text (5: 3.3.2.3.2) must be; U+0000 is a character of it like any other.
bool is_as_told(const Message& message) noexcept {
    PropertyValue format;
    const bool text =
        find_property(message.properties, Property::payload_format_indicator, format) && format.number == 1;
    if (!text) return true;
    const std::string_view payload(reinterpret_cast<const char*>(message.payload.data()),
                                   message.payload.size());
    for (std::size_t at = 0; at <= payload.size();) {
        const std::size_t end = std::min(payload.find('\0', at), payload.size());
        if (!is_valid_utf8(payload.substr(at, end - at))) return false;
        at = end + 1;
    }
    return true;
}

Status valid_publication(const Message& message, PacketType packet, Version version) noexcept {
    if (!is_sendable_topic(message.topic)) return Status::bad_topic;
    if (message.qos > Qos::exactly_once) return Status::bad_argument;
    if (const Status status = valid_properties(message.properties, packet, version); status != Status::ok)
        return status;
    return is_as_told(message) ? Status::ok : Status::bad_argument;
}

// [MQTT-3.1.3-8] and [MQTT-3.1.2-22] do not stand in 5 any more.
bool only_5_allows(const ConnectOptions& options) noexcept {
    return (options.client_id.empty() && !options.clean_session) ||
           (options.has_password && !options.has_user_name) || options.session_expiry_seconds != 0;
}

}  // namespace

Status valid_properties(Properties properties, PacketType packet, Version version) noexcept {
    if (properties.encoded.empty()) return Status::ok;
    return version == Version::v5 ? check_to_send(properties, packet) : Status::bad_argument;
}

Status valid_connect(const ConnectOptions& options) noexcept {
    if (options.version != Version::v3_1_1 && options.version != Version::v5) return Status::bad_argument;
    if (!is_string(options.client_id)) return Status::bad_argument;
    if (options.version != Version::v5 && only_5_allows(options)) return Status::bad_argument;
    if (options.has_user_name && !is_string(options.user_name)) return Status::bad_argument;
    if (options.password.size() > kMaxStringLength) return Status::bad_argument;
    if (options.receive_maximum == 0) return Status::bad_argument;  // 5: 3.1.2.11.3
    if (const Status status = valid_properties(options.properties, PacketType::connect, options.version);
        status != Status::ok) {
        return status;
    }
    if (options.will == nullptr) return Status::ok;
    if (options.will->payload.size() > kMaxStringLength) return Status::too_large;  // 3.1.3.3
    return valid_publication(*options.will, kWill, options.version);
}

Status valid_message(const Message& message, Version version) noexcept {
    return valid_publication(message, PacketType::publish, version);
}

Status valid_subscription(const Subscription& subscription, Version version) noexcept {
    if (!is_sendable_filter(subscription.filter)) return Status::bad_topic;
    if (subscription.qos > Qos::exactly_once) return Status::bad_argument;  // [MQTT-3.8.3-4]
    const bool options = subscription.no_local || subscription.retain_as_published ||
                         subscription.retain_handling != RetainHandling::send;
    if (version != Version::v5) return options ? Status::bad_argument : Status::ok;
    if (subscription.retain_handling > RetainHandling::do_not_send) return Status::bad_argument;
    if (!is_shared(subscription.filter)) return Status::ok;
    if (subscription.no_local) return Status::bad_argument;  // [5: MQTT-3.8.3-4]
    return is_valid_shared_filter(subscription.filter) ? Status::ok : Status::bad_topic;
}

}  // namespace countersign::mqtt
