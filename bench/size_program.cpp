// Uses everything of a session, so that a linker keeps what a program of both versions needs.
#include "core/mqtt/property.h"
#include "core/mqtt/session.h"
#include "core/mqtt/topic.h"

namespace {

using namespace countersign::mqtt;

unsigned sink;

void drain(Session& session) {
    Effect effect;
    while (session.next(effect)) {
        sink += static_cast<unsigned>(effect.kind) + effect.packet_id;
        PropertyReader reader(effect.properties);
        for (PropertyValue value; reader.next(value);) sink += value.number;
    }
}

}  // namespace

extern "C" unsigned size_program(Session* session, const ConnectOptions* options, const Message* message,
                                 Bytes input, std::span<std::uint8_t> room) {
    sink += static_cast<unsigned>(session->connect(1, *options));
    sink += static_cast<unsigned>(session->bytes_received(2, input));
    PropertyWriter properties(room);
    properties.number(Property::message_expiry_interval, 60).text(Property::content_type, "t").user("a", "b");
    sink += static_cast<unsigned>(session->publish(*message).status);
    const Subscription subscription{message->topic, message->qos};
    const std::string_view filter = message->topic;
    sink += session->subscribe({&subscription, 1}, properties.done()).packet_id;
    sink += session->unsubscribe({&filter, 1}).packet_id;
    sink += topic_matches(filter, message->topic) ? 1U : 0U;
    session->tick(session->deadline());
    drain(*session);
    sink += static_cast<unsigned>(session->disconnect());
    session->transport_closed();
    return sink + session->server().receive_maximum;
}

extern "C" void size_construct(Session* session, const Storage& storage) {
    *session = Session(storage);
}
