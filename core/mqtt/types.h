// The words of MQTT that the codec, the session and their callers share.
//
// MQTT 3.1.1 (OASIS, 29 October 2014) and MQTT 5.0 (OASIS, 7 March 2019) are spoken. Numbers such as
// [MQTT-3.1.2-6] are normative statements of 3.1.1, those with a five before them, [5: MQTT-3.1.2-6], of 5.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace countersign::mqtt {

using Bytes = std::span<const std::uint8_t>;

// Milliseconds of any clock that only goes forward. The core never asks for the time, it is told.
using Millis = std::uint64_t;
inline constexpr Millis kNever = ~Millis{0};

// The protocol level of CONNECT [MQTT-3.1.2-2], [5: MQTT-3.1.2-2].
enum class Version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,  // 5 only
};

// MQTT 5's reason codes (2.4), which name everything 3.1.1's CONNACK return codes 1 to 5 can say and more.
// From 0x80 on they are refusals.
enum class ReasonCode : std::uint8_t {
    success = 0x00,  // also: normal disconnection, granted QoS 0
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    reauthenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,  // 3.1.1: return code 1
    client_identifier_not_valid = 0x85,   // 2
    bad_user_name_or_password = 0x86,     // 4
    not_authorized = 0x87,                // 5
    server_unavailable = 0x88,            // 3
    server_busy = 0x89,
    banned = 0x8A,
    server_shutting_down = 0x8B,
    bad_authentication_method = 0x8C,
    keep_alive_timeout = 0x8D,
    session_taken_over = 0x8E,
    topic_filter_invalid = 0x8F,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9A,
    qos_not_supported = 0x9B,
    use_another_server = 0x9C,
    server_moved = 0x9D,
    shared_subscriptions_not_supported = 0x9E,
    connection_rate_exceeded = 0x9F,
    maximum_connect_time = 0xA0,
    subscription_identifiers_not_supported = 0xA1,
    wildcard_subscriptions_not_supported = 0xA2,
};

[[nodiscard]] constexpr bool is_refusal(ReasonCode reason) noexcept {
    return static_cast<std::uint8_t>(reason) >= 0x80;
}

// The encoded properties of a packet, without their length; always empty in 3.1.1. property.h reads and
// writes them.
struct Properties {
    Bytes encoded{};
};

// An application message. The views are only looked at during the call, or until the next call when handed
// out.
struct Message {
    std::string_view topic{};
    Bytes payload{};
    Qos qos = Qos::at_most_once;
    bool retain = false;
    Properties properties{};
};

// Whether retained messages come when the subscription is made (5: 3.8.3.1).
enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

struct Subscription {
    std::string_view filter{};
    Qos qos = Qos::at_most_once;  // the most the server may use for it
    // 5 only (3.8.3.1):
    bool no_local = false;             // not the messages this very client id publishes
    bool retain_as_published = false;  // RETAIN as the publisher set it
    RetainHandling retain_handling = RetainHandling::send;
};

inline constexpr std::uint32_t kNeverExpires = 0xFFFFFFFF;
inline constexpr std::uint16_t kMaxReceiveMaximum = 65535;  // also what stands when nothing is said

// What CONNECT carries.
struct ConnectOptions {
    Version version = Version::v3_1_1;
    std::string_view client_id{};  // 5: if empty, CONNACK brings one: Property::assigned_client_identifier
    bool clean_session = true;     // 5: Clean Start; false says that we may have a session
    std::uint16_t keep_alive_seconds = 60;  // 0: none [MQTT-3.1.2.10]; 5: CONNACK may set another
    const Message* will = nullptr;          // nullptr: none
    bool has_user_name = false;
    std::string_view user_name{};
    bool has_password = false;  // 3.1.1: needs a user name [MQTT-3.1.2-22]
    Bytes password{};
    Properties properties{};  // 5 only: request response information, user properties

    // 5 only. How long the server keeps our session once the connection is gone: 0 not at all.
    std::uint32_t session_expiry_seconds = 0;
    // False asks for no reason strings and user properties but with PUBLISH, CONNACK and DISCONNECT.
    bool request_problem_information = true;
    // What we bear. The session takes less when its memory is smaller.
    std::uint16_t receive_maximum = kMaxReceiveMaximum;
    std::uint32_t maximum_packet_size = 0;  // of a whole packet; 0: no limit
    std::uint16_t topic_alias_maximum = kMaxReceiveMaximum;
};

// Why the session gave up a connection. Everything from `malformed_length` on is a broken promise of the
// server.
enum class Fault : std::uint8_t {
    none,                // the close was asked for with disconnect()
    refused,             // CONNACK said no; the `refused` effect before carried its reason
    connect_timeout,     // no CONNACK in time
    keep_alive_timeout,  // no PINGRESP in time
    malformed_length,   // a remaining length of more than four bytes, or one that the packet type cannot have
    reserved_flags,     // header flags that the packet type does not allow
    reserved_type,      // packet type 0 or 15
    unexpected_packet,  // a packet only clients send, CONNACK twice, or anything before CONNACK
    malformed_string,   // not UTF-8, U+0000 in it, or longer than its packet
    bad_topic,          // an empty topic name, or one with a wildcard
    bad_qos,            // QoS 3, or DUP with QoS 0
    zero_packet_id,
    bad_session_present,  // CONNACK flags other than 0 and 1, or 1 where a new session was asked for or
                          // refused
    bad_return_code,      // a return or reason code that this packet cannot have, or the wrong number of them
    wrong_acknowledgement,  // not the acknowledgement that this QoS or this step calls for
    packet_too_large,       // larger than the receive buffer; in 3.1.1 a PUBLISH may be (Effect::oversize)
    too_many_exactly_once,  // more unreleased QoS 2 messages than there is room to remember
    // 5 only:
    malformed_properties,     // cut short, or a property that does not exist
    bad_property,             // one that has no place in its packet, came twice, or is out of range
    bad_topic_alias,          // 0, more than we allow, or one that names no topic
    no_alias_room,            // one whose topic we could not keep; the next CONNECT allows none
    limit_too_small,          // CONNACK's Maximum Packet Size: no acknowledgement would fit
    unwanted_authentication,  // AUTH, which we have not asked for
    server_disconnected,      // DISCONNECT; the `disconnected` effect before carried its reason
};

// What a call came to.
enum class Status : std::uint8_t {
    ok,
    not_connected,  // needs a connection (or, for connect(), that there is none)
    bad_topic,      // an empty topic or filter, one with misplaced wildcards, or not UTF-8
    bad_argument,   // a client id, will, user name or list that MQTT does not allow
    no_room,        // buffers or slots are full for now: drain the effects, or wait for acknowledgements
    too_large,  // does not fit in the buffers even when they are empty, or the server takes no such packet
    not_supported,  // the server has said that it does not have this (5: QoS, RETAIN, wildcards, shared
                    // subscriptions, subscription identifiers)
};

// Why an exchange of ours will not come to its end.
enum class Drop : std::uint8_t {
    none,
    lost,           // its connection (subscriptions) or the server's session (messages) is gone
    expired,        // its message expiry interval passed before it could be sent
    too_large,      // the server takes no packet of this size
    not_supported,  // the server takes no such QoS, or nothing retained
    hung_up_on,     // the server has hung up on it Session::kHangUps times running
};

}  // namespace countersign::mqtt
