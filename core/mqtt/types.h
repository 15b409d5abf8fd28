// The words of MQTT that the codec, the session and their callers share.
//
// MQTT 3.1.1 (OASIS, 29 October 2014) is spoken; numbers such as [MQTT-3.1.2-6] are its normative statements.
// What MQTT 5 adds has its place already: the version, the reason codes and the properties.
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

// The protocol level of CONNECT [MQTT-3.1.2-2].
enum class Version : std::uint8_t { v3_1_1 = 4 };

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
};

// MQTT 5's reason codes, which name everything 3.1.1's CONNACK return codes 1 to 5 can say and more.
enum class ReasonCode : std::uint8_t {
    success = 0x00,
    unspecified_error = 0x80,
    unsupported_protocol_version = 0x84,  // 3.1.1: return code 1
    client_identifier_not_valid = 0x85,   // 2
    bad_user_name_or_password = 0x86,     // 4
    not_authorized = 0x87,                // 5
    server_unavailable = 0x88,            // 3
};

// The encoded properties of a packet, without their length; always empty in 3.1.1.
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

struct Subscription {
    std::string_view filter{};
    Qos qos = Qos::at_most_once;  // the most the server may use for it
};

// What CONNECT carries.
struct ConnectOptions {
    Version version = Version::v3_1_1;
    std::string_view client_id{};
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 60;  // 0: none [MQTT-3.1.2.10]
    const Message* will = nullptr;          // nullptr: none
    bool has_user_name = false;
    std::string_view user_name{};
    bool has_password = false;  // needs a user name [MQTT-3.1.2-22]
    Bytes password{};
    Properties properties{};
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
    bad_session_present,    // CONNACK flags other than 0 and 1, or 1 where a new session was asked for or
                            // refused
    bad_return_code,        // a CONNACK or SUBACK code that does not exist, or the wrong number of them
    wrong_acknowledgement,  // not the acknowledgement that this QoS or this step calls for
    packet_too_large,       // larger than the receive buffer and not a PUBLISH
    too_many_exactly_once,  // more unreleased QoS 2 messages than there is room to remember
};

// What a call came to.
enum class Status : std::uint8_t {
    ok,
    not_connected,  // needs a connection (or, for connect(), that there is none)
    bad_topic,      // an empty topic or filter, one with misplaced wildcards, or not UTF-8
    bad_argument,   // a client id, will, user name or list that MQTT does not allow
    no_room,        // buffers or slots are full for now: drain the effects, or wait for acknowledgements
    too_large,      // does not fit in the buffers even when they are empty
};

}  // namespace countersign::mqtt
