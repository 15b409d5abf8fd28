#include "tests/unit/core/session_harness.h"

#include <array>
#include <cstdio>

namespace countersign::mqtt::test {
namespace {

std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::none: return "none";
        case Fault::refused: return "refused";
        case Fault::connect_timeout: return "connect_timeout";
        case Fault::keep_alive_timeout: return "keep_alive_timeout";
        case Fault::malformed_length: return "malformed_length";
        case Fault::reserved_flags: return "reserved_flags";
        case Fault::reserved_type: return "reserved_type";
        case Fault::unexpected_packet: return "unexpected_packet";
        case Fault::malformed_string: return "malformed_string";
        case Fault::bad_topic: return "bad_topic";
        case Fault::bad_qos: return "bad_qos";
        case Fault::zero_packet_id: return "zero_packet_id";
        case Fault::bad_session_present: return "bad_session_present";
        case Fault::bad_return_code: return "bad_return_code";
        case Fault::wrong_acknowledgement: return "wrong_acknowledgement";
        case Fault::packet_too_large: return "packet_too_large";
        case Fault::too_many_exactly_once: return "too_many_exactly_once";
        case Fault::malformed_properties: return "malformed_properties";
        case Fault::bad_property: return "bad_property";
        case Fault::limit_too_small: return "limit_too_small";
        case Fault::bad_topic_alias: return "bad_topic_alias";
        case Fault::no_alias_room: return "no_alias_room";
        case Fault::unwanted_authentication: return "unwanted_authentication";
        case Fault::server_disconnected: return "server_disconnected";
    }
    return "?";
}

std::string text_of(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

std::string_view name_of(Drop drop) {
    switch (drop) {
        case Drop::none: return " ?";
        case Drop::lost: return "";
        case Drop::expired: return " expired";
        case Drop::too_large: return " too_large";
        case Drop::not_supported: return " not_supported";
        case Drop::hung_up_on: return " hung_up_on";
    }
    return "?";
}

std::string describe(const Message& message, bool duplicate) {
    return std::string(message.topic) + " qos" + std::to_string(static_cast<int>(message.qos)) +
           (message.retain ? " retained" : "") + (duplicate ? " dup" : "");
}

// " [26 00 ...]", or nothing.
std::string describe(Properties properties) {
    return properties.encoded.empty() ? "" : " [" + hex(properties.encoded) + "]";
}

std::string code_of(ReasonCode reason) {
    return test::hex({reinterpret_cast<const std::uint8_t*>(&reason), 1});
}

std::string unless_success(ReasonCode reason) {
    return reason == ReasonCode::success ? "" : " " + code_of(reason);
}

std::string codes(Bytes bytes) {
    return bytes.empty() ? "" : ": " + test::hex(bytes);
}

}  // namespace

std::string hex(Bytes bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        std::array<char, 4> two{};
        std::snprintf(two.data(), two.size(), "%02x", byte);
        text += text.empty() ? two.data() : std::string(" ") + two.data();
    }
    return text;
}

std::string line_of(const Effect& effect) {
    const std::string id = " " + std::to_string(effect.packet_id);
    const std::string properties = describe(effect.properties);
    switch (effect.kind) {
        case Effect::Kind::send: return "send " + hex(effect.bytes);
        case Effect::Kind::connected:
            return (effect.session_present ? "connected session" : "connected") + properties;
        case Effect::Kind::refused: return "refused " + code_of(effect.reason) + properties;
        case Effect::Kind::message:
            return "message " + describe(effect.message, effect.duplicate) + ": " +
                   text_of(effect.message.payload) + describe(effect.message.properties);
        case Effect::Kind::oversize:
            return "oversize " + describe(effect.message, effect.duplicate) + ": " +
                   std::to_string(effect.size);
        case Effect::Kind::published: return "published" + id + unless_success(effect.reason) + properties;
        case Effect::Kind::rejected: return "rejected" + id + " " + code_of(effect.reason) + properties;
        case Effect::Kind::subscribed: return "subscribed" + id + codes(effect.bytes) + properties;
        case Effect::Kind::unsubscribed: return "unsubscribed" + id + codes(effect.bytes) + properties;
        case Effect::Kind::dropped: return "dropped" + id + std::string(name_of(effect.drop));
        case Effect::Kind::disconnected: return "disconnected " + code_of(effect.reason) + properties;
        case Effect::Kind::close: return "close " + std::string(name_of(effect.fault));
    }
    return "?";
}

Packet join(const std::vector<Packet>& packets) {
    Packet all;
    for (const Packet& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
    return all;
}

Harness::Harness(const Sizes& sizes)
    : receive_(sizes.receive),
      transmit_(sizes.transmit),
      store_(sizes.store),
      aliases_in_(sizes.aliases_in),
      aliases_out_(sizes.aliases_out),
      outgoing_(sizes.outgoing),
      incoming_(sizes.incoming),
      session({receive_, transmit_, store_, outgoing_, incoming_, aliases_in_, aliases_out_}, sizes.limits) {}

Lines Harness::drain() {
    Lines lines;
    Effect effect;
    while (session.next(effect)) lines.push_back(line_of(effect));
    return lines;
}

Lines Harness::receive(const Packet& packet, Millis now) {
    EXPECT_EQ(session.bytes_received(now, packet), Status::ok);
    return drain();
}

void Harness::connect(bool clean_session, bool session_present, Millis now) {
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = clean_session;
    ASSERT_EQ(session.connect(now, options), Status::ok);
    ASSERT_EQ(drain().size(), 1U);
    ASSERT_THAT(receive(connack(session_present ? 1 : 0), now),
                ElementsAre(session_present ? "connected session" : "connected"));
}

Lines Harness::reconnect(bool session_present, Millis now) {
    ConnectOptions options;
    options.client_id = "d1";
    options.clean_session = false;
    EXPECT_EQ(session.connect(now, options), Status::ok);
    EXPECT_EQ(drain().size(), 1U);
    Lines lines = receive(connack(session_present ? 1 : 0), now);
    EXPECT_EQ(lines.at(0), session_present ? "connected session" : "connected");
    lines.erase(lines.begin());
    return lines;
}

ConnectOptions options5() {
    ConnectOptions options;
    options.version = Version::v5;
    options.client_id = "d1";
    options.clean_session = false;
    options.session_expiry_seconds = 100;
    return options;
}

Lines Harness::connect5(const Packet& server_says, bool session_present, Millis now) {
    EXPECT_EQ(session.connect(now, options5()), Status::ok);
    EXPECT_EQ(drain().size(), 1U);
    return receive(connack5(server_says, session_present ? 1 : 0), now);
}

Accepted Harness::publish(std::string_view topic, std::string_view payload, Qos qos, bool retain) {
    return session.publish({topic, as_bytes(payload), qos, retain});
}

Accepted Harness::subscribe(std::string_view filter, Qos qos) {
    const Subscription subscription{filter, qos};
    return session.subscribe({&subscription, 1});
}

Accepted Harness::unsubscribe(std::string_view filter) {
    return session.unsubscribe({&filter, 1});
}

}  // namespace countersign::mqtt::test
