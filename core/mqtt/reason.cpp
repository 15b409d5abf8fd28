#include "core/mqtt/reason.h"

#include <array>

namespace countersign::mqtt {
namespace {

constexpr std::uint16_t in(PacketType type) noexcept {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(type));
}

constexpr std::uint16_t kConnack = in(PacketType::connack);
constexpr std::uint16_t kReceived = in(PacketType::puback) | in(PacketType::pubrec);
constexpr std::uint16_t kReleased = in(PacketType::pubrel) | in(PacketType::pubcomp);
constexpr std::uint16_t kSuback = in(PacketType::suback);
constexpr std::uint16_t kUnsuback = in(PacketType::unsuback);
constexpr std::uint16_t kGoodbye = in(PacketType::disconnect);
constexpr std::uint16_t kAuth = in(PacketType::auth);
constexpr std::uint16_t kOurGoodbye = 1U << 0;  // DISCONNECT from us: there is no packet type 0
constexpr std::uint16_t kBothGoodbyes = kGoodbye | kOurGoodbye;

struct Place {
    ReasonCode code;
    std::uint16_t packets;
};

// 5: table 2-6. The size is written out: where it is deduced, GCC 12 puts the table into RAM.
constexpr std::array<Place, 42> kPlaces{{
    Place{ReasonCode::success,
          kConnack | kReceived | kReleased | kSuback | kUnsuback | kBothGoodbyes | kAuth},
    Place{ReasonCode::granted_qos_1, kSuback},
    Place{ReasonCode::granted_qos_2, kSuback},
    Place{ReasonCode::disconnect_with_will, kOurGoodbye},
    Place{ReasonCode::no_matching_subscribers, kReceived},
    Place{ReasonCode::no_subscription_existed, kUnsuback},
    Place{ReasonCode::continue_authentication, kAuth},
    Place{ReasonCode::unspecified_error, kConnack | kReceived | kSuback | kUnsuback | kBothGoodbyes},
    Place{ReasonCode::malformed_packet, kConnack | kBothGoodbyes},
    Place{ReasonCode::protocol_error, kConnack | kBothGoodbyes},
    Place{ReasonCode::implementation_specific_error,
          kConnack | kReceived | kSuback | kUnsuback | kBothGoodbyes},
    Place{ReasonCode::unsupported_protocol_version, kConnack},
    Place{ReasonCode::client_identifier_not_valid, kConnack},
    Place{ReasonCode::bad_user_name_or_password, kConnack},
    Place{ReasonCode::not_authorized, kConnack | kReceived | kSuback | kUnsuback | kGoodbye},
    Place{ReasonCode::server_unavailable, kConnack},
    Place{ReasonCode::server_busy, kConnack | kGoodbye},
    Place{ReasonCode::banned, kConnack},
    Place{ReasonCode::server_shutting_down, kGoodbye},
    Place{ReasonCode::bad_authentication_method, kConnack | kGoodbye},
    Place{ReasonCode::keep_alive_timeout, kGoodbye},
    Place{ReasonCode::session_taken_over, kGoodbye},
    Place{ReasonCode::topic_filter_invalid, kSuback | kUnsuback | kGoodbye},
    Place{ReasonCode::topic_name_invalid, kConnack | kReceived | kBothGoodbyes},
    Place{ReasonCode::packet_identifier_in_use, kReceived | kSuback | kUnsuback},
    Place{ReasonCode::packet_identifier_not_found, kReleased},
    Place{ReasonCode::receive_maximum_exceeded, kBothGoodbyes},
    Place{ReasonCode::topic_alias_invalid, kBothGoodbyes},
    Place{ReasonCode::packet_too_large, kConnack | kBothGoodbyes},
    Place{ReasonCode::message_rate_too_high, kBothGoodbyes},
    Place{ReasonCode::quota_exceeded, kConnack | kReceived | kSuback | kBothGoodbyes},
    Place{ReasonCode::administrative_action, kBothGoodbyes},
    Place{ReasonCode::payload_format_invalid, kConnack | kReceived | kBothGoodbyes},
    Place{ReasonCode::retain_not_supported, kConnack | kGoodbye},
    Place{ReasonCode::qos_not_supported, kConnack | kGoodbye},
    Place{ReasonCode::use_another_server, kConnack | kGoodbye},
    Place{ReasonCode::server_moved, kConnack | kGoodbye},
    Place{ReasonCode::shared_subscriptions_not_supported, kSuback | kGoodbye},
    Place{ReasonCode::connection_rate_exceeded, kConnack | kGoodbye},
    Place{ReasonCode::maximum_connect_time, kGoodbye},
    Place{ReasonCode::subscription_identifiers_not_supported, kSuback | kGoodbye},
    Place{ReasonCode::wildcard_subscriptions_not_supported, kSuback | kGoodbye},
}};

bool has_place(std::uint8_t code, std::uint16_t packets) noexcept {
    for (const Place& place : kPlaces) {
        if (static_cast<std::uint8_t>(place.code) == code) return (place.packets & packets) != 0;
    }
    return false;
}

}  // namespace

bool is_reason_from_server(PacketType type, std::uint8_t code) noexcept {
    return has_place(code, in(type));
}

bool is_reason_to_disconnect(ReasonCode reason) noexcept {
    return has_place(static_cast<std::uint8_t>(reason), kOurGoodbye);
}

bool is_about_a_message(ReasonCode reason) noexcept {
    switch (reason) {
        case ReasonCode::unspecified_error:
        case ReasonCode::malformed_packet:
        case ReasonCode::protocol_error:
        case ReasonCode::implementation_specific_error:
        case ReasonCode::not_authorized:
        case ReasonCode::topic_name_invalid:
        case ReasonCode::packet_too_large:
        case ReasonCode::payload_format_invalid:
        case ReasonCode::retain_not_supported:
        case ReasonCode::qos_not_supported: return true;
        default: return false;
    }
}

ReasonCode reason_of(Fault fault) noexcept {
    switch (fault) {
        case Fault::none:
        case Fault::refused:
        case Fault::connect_timeout:
        case Fault::keep_alive_timeout:
        case Fault::limit_too_small:  // nor would this DISCONNECT
        case Fault::server_disconnected: return ReasonCode::success;
        case Fault::malformed_length:
        case Fault::reserved_flags:
        case Fault::reserved_type:
        case Fault::malformed_string:
        case Fault::bad_qos:
        case Fault::malformed_properties: return ReasonCode::malformed_packet;
        case Fault::packet_too_large: return ReasonCode::packet_too_large;
        case Fault::too_many_exactly_once: return ReasonCode::receive_maximum_exceeded;
        case Fault::bad_topic_alias: return ReasonCode::topic_alias_invalid;
        case Fault::no_alias_room: return ReasonCode::quota_exceeded;
        default: return ReasonCode::protocol_error;
    }
}

}  // namespace countersign::mqtt
