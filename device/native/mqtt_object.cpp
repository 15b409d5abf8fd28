// MQTT(window, receive_limit, version=4): the session of core/mqtt on any stream. Version 4 is MQTT 3.1.1.
#include <new>

#include "arguments.h"
#include "core/mqtt/topic.h"
#include "faults.h"
#include "line.h"
#include "module.h"
#include "properties.h"
#include "tls_object.h"

extern "C" {
#include "py/mphal.h"
}

namespace {

using namespace countersign;
using namespace countersign::native;

constexpr std::size_t kTransmit = 1024;     // grows with what is sent at QoS 0
constexpr std::size_t kStore = 1024;        // grows with what is sent above QoS 0
constexpr std::size_t kHead = 16;           // fixed header, lengths and packet id of a PUBLISH, at most
constexpr std::size_t kSubscriptions = 4;   // under way beside a full window
constexpr std::size_t kIncoming = 16;       // QoS 2 messages received and not released, at first
constexpr std::size_t kMaxIncoming = 1024;  // 2 kB; what is more waits for the next connection

struct MqttObject {
    mp_obj_base_t base;
    mp_uint_t ticks;  // the 32 bits of milliseconds MicroPython gives, when last looked at
    mqtt::Millis now;
    mqtt::Limits limits;
    mp_obj_t stream;
    // The collector finds what the session uses by these.
    std::span<std::uint8_t> transmit, store;
    mqtt::Storage storage;
    Line line;
};

// What MQTT costs beside its buffers.
static_assert(sizeof(MqttObject) - Line::kBuffers <= 2048);

template <typename Item>
std::span<Item> allocate(std::size_t count) {
    return {m_new(Item, count), count};
}

mqtt::Millis now(MqttObject& self) {
    const mp_uint_t ticks = mp_hal_ticks_ms();
    self.now += static_cast<std::uint32_t>(ticks - self.ticks);
    self.ticks = ticks;
    return self.now;
}

// A packet id, or why there is none: what can be waited for is a number, the rest raises.
mp_obj_t given(const mqtt::Accepted& accepted) {
    switch (accepted.status) {
        case mqtt::Status::ok: return MP_OBJ_NEW_SMALL_INT(accepted.packet_id);
        case mqtt::Status::no_room: return MP_OBJ_NEW_SMALL_INT(COUNTERSIGN_NO_ROOM);
        case mqtt::Status::not_connected: return MP_OBJ_NEW_SMALL_INT(COUNTERSIGN_NOT_CONNECTED);
        case mqtt::Status::bad_topic: raise_value_error("topic");
        case mqtt::Status::bad_argument: raise_value_error("MQTT does not allow its QoS or properties");
        case mqtt::Status::not_supported: raise_value_error("not supported by the broker");
        case mqtt::Status::too_large: break;
    }
    raise_value_error("too large");
}

mqtt::Version version_of(mp_obj_t object) {
    const mp_int_t level = mp_obj_get_int(object);
    if (level != 4 && level != 5) raise_value_error("version 4 (MQTT 3.1.1) or 5");
    return static_cast<mqtt::Version>(level);
}

mqtt::Qos qos_of(mp_obj_t object) {
    return static_cast<mqtt::Qos>(mp_obj_get_int(object));
}

void enlarge(MqttObject& self, mqtt::Qos qos, std::size_t size) {
    auto& memory = qos == mqtt::Qos::at_most_once ? self.transmit : self.store;
    memory = allocate<std::uint8_t>(size);
    self.line.session.enlarge(self.transmit, self.store);
}

// Each advance() takes one message at most.
void make_room_for_incoming(MqttObject& self) {
    std::span<std::uint16_t>& incoming = self.storage.incoming;
    if (!self.line.session.incoming_full() || incoming.size() >= kMaxIncoming) return;
    const auto larger = allocate<std::uint16_t>(2 * incoming.size());
    self.line.session.enlarge_incoming(larger);
    incoming = larger;
}

template <typename... Items>
mp_obj_t event(countersign_event kind, Items... items) {
    const mp_obj_t all[] = {MP_OBJ_NEW_SMALL_INT(kind), items...};
    return mp_obj_new_tuple(sizeof...(items) + 1, all);
}

mp_obj_t number(std::size_t value) {
    return mp_obj_new_int_from_uint(value);
}

mp_obj_t code(mqtt::ReasonCode reason) {
    return MP_OBJ_NEW_SMALL_INT(static_cast<int>(reason));
}

// 0: we, with disconnect(); 1: nobody, the other side is silent; 2: it broke a promise.
int by_whom(mqtt::Fault fault) {
    using mqtt::Fault;
    if (fault == Fault::none) return 0;
    return fault == Fault::keep_alive_timeout || fault == Fault::connect_timeout ? 1 : 2;
}

mp_obj_t told(const mqtt::Effect& effect) {
    using Kind = mqtt::Effect::Kind;
    switch (effect.kind) {
        case Kind::connected: return event(COUNTERSIGN_CONNECTED, mp_obj_new_bool(effect.session_present));
        case Kind::refused: return event(COUNTERSIGN_REFUSED, code(effect.reason));
        case Kind::message:
            return event(COUNTERSIGN_MESSAGE, new_text(effect.message.topic),
                         new_bytes(effect.message.payload), dict_of(effect.message.properties));
        case Kind::oversize:
            return event(COUNTERSIGN_OVERSIZE, new_text(effect.message.topic), number(effect.size));
        case Kind::published: return event(COUNTERSIGN_PUBLISHED, number(effect.packet_id));
        case Kind::subscribed:
            return event(COUNTERSIGN_SUBSCRIBED, number(effect.packet_id), new_bytes(effect.bytes));
        case Kind::unsubscribed: return event(COUNTERSIGN_UNSUBSCRIBED, number(effect.packet_id));
        case Kind::dropped:
            return event(COUNTERSIGN_DROPPED, number(effect.packet_id),
                         number(static_cast<std::size_t>(effect.drop)));
        case Kind::rejected:
            return event(COUNTERSIGN_REJECTED, number(effect.packet_id), code(effect.reason));
        case Kind::disconnected: return event(COUNTERSIGN_DISCONNECTED, code(effect.reason));
        case Kind::close:
        case Kind::send: break;
    }
    return event(COUNTERSIGN_CLOSED, MP_OBJ_NEW_SMALL_INT(by_whom(effect.fault)),
                 new_text(words(effect.fault)));
}

}  // namespace

mp_obj_t countersign_is_topic(mp_obj_t topic) {
    return mp_obj_new_bool(mqtt::is_sendable_topic(text_of(topic)));
}

mp_obj_t countersign_is_filter(mp_obj_t filter) {
    return mp_obj_new_bool(mqtt::is_sendable_filter(text_of(filter)));
}

mp_obj_t countersign_matches(mp_obj_t filter, mp_obj_t topic) {
    return mp_obj_new_bool(mqtt::topic_matches(text_of(filter), text_of(topic)));
}

mp_obj_t countersign_mqtt_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args) {
    mp_arg_check_num(n_args, n_kw, 2, 3, false);
    auto& self = *mp_obj_malloc(MqttObject, type);
    self.ticks = mp_hal_ticks_ms();
    self.now = 0;
    self.limits = {};
    self.limits.max_inflight = static_cast<std::uint16_t>(mp_obj_get_int(args[0]));
    self.limits.version = n_args > 2 ? version_of(args[2]) : mqtt::Version::v3_1_1;
    self.limits.republish = true;
    self.stream = mp_const_none;
    self.transmit = allocate<std::uint8_t>(kTransmit);
    self.store = allocate<std::uint8_t>(kStore);
    self.storage = {allocate<std::uint8_t>(static_cast<std::size_t>(mp_obj_get_int(args[1]))), self.transmit,
                    self.store, allocate<mqtt::Slot>(self.limits.max_inflight + kSubscriptions),
                    allocate<std::uint16_t>(kIncoming)};
    new (&self.line) Line(self.storage, self.limits);
    return MP_OBJ_FROM_PTR(&self);
}

// connect(stream, client_id, keepalive, clean, will, unanswered_ms); will: (topic, payload, qos, retain) or
// None.
mp_obj_t countersign_mqtt_connect(size_t, const mp_obj_t* args) {
    auto& self = as<MqttObject>(args[0]);
    const Stream stream(args[1]);
    mqtt::ConnectOptions options;
    options.client_id = text_of(args[2]);
    options.keep_alive_seconds = static_cast<std::uint16_t>(mp_obj_get_int(args[3]));
    options.clean_session = mp_obj_is_true(args[4]);
    options.version = self.limits.version;
    // 3.1.1's way: a session that is not asked to be clean is kept for good.
    const bool kept = options.version == mqtt::Version::v5 && !options.clean_session;
    options.session_expiry_seconds = kept ? mqtt::kNeverExpires : 0;
    mqtt::Message will;
    if (args[5] != mp_const_none) {
        mp_obj_t* items = nullptr;
        mp_obj_get_array_fixed_n(args[5], 4, &items);
        will = {text_of(items[0]), bytes_of(items[1]), qos_of(items[2]), mp_obj_is_true(items[3])};
        options.will = &will;
    }
    self.limits.unanswered = static_cast<mqtt::Millis>(mp_obj_get_int(args[6]));
    self.line.session.set_limits(self.limits);
    self.stream = args[1];
    self.line.attach(stream);
    return given({self.line.session.connect(now(self), options)});
}

// publish(topic, payload, qos, retain, properties=None)
mp_obj_t countersign_mqtt_publish(size_t n_args, const mp_obj_t* args) {
    auto& self = as<MqttObject>(args[0]);
    const mqtt::Message message{text_of(args[1]), bytes_of(args[2]), qos_of(args[3]), mp_obj_is_true(args[4]),
                                properties_of(n_args > 5 ? args[5] : mp_const_none)};
    mqtt::Session& session = self.line.session;
    if (message.qos != mqtt::Qos::at_most_once && session.unacknowledged() >= self.limits.max_inflight) {
        return MP_OBJ_NEW_SMALL_INT(COUNTERSIGN_NO_ROOM);
    }
    mqtt::Accepted accepted = session.publish(message);
    if (accepted.status == mqtt::Status::too_large) {
        if (!self.line.at_rest()) return MP_OBJ_NEW_SMALL_INT(COUNTERSIGN_NO_ROOM);
        const std::size_t properties = message.properties.encoded.size();
        enlarge(self, message.qos, message.topic.size() + properties + message.payload.size() + kHead);
        accepted = session.publish(message);
    }
    return given(accepted);
}

mp_obj_t countersign_mqtt_subscribe(mp_obj_t self, mp_obj_t filter, mp_obj_t qos) {
    const mqtt::Subscription one{text_of(filter), qos_of(qos)};
    return given(as<MqttObject>(self).line.session.subscribe({&one, 1}));
}

mp_obj_t countersign_mqtt_unsubscribe(mp_obj_t self, mp_obj_t filter) {
    const std::string_view one = text_of(filter);
    return given(as<MqttObject>(self).line.session.unsubscribe({&one, 1}));
}

mp_obj_t countersign_mqtt_disconnect(mp_obj_t self) {
    return given({as<MqttObject>(self).line.session.disconnect()});
}

// advance(readable): what has happened (a tuple), None when there is nothing more to do for now, False when
// the other side does not take what is to be sent.
mp_obj_t countersign_mqtt_advance(mp_obj_t self_in, mp_obj_t readable) {
    auto& self = as<MqttObject>(self_in);
    if (self.stream == mp_const_none) return mp_const_none;
    make_room_for_incoming(self);
    mqtt::Effect effect;
    switch (self.line.advance(now(self), mp_obj_is_true(readable), effect)) {
        case Line::State::idle: return mp_const_none;
        case Line::State::full: return mp_const_false;
        case Line::State::effect: return told(effect);
        case Line::State::ended: return event(COUNTERSIGN_ENDED);
        case Line::State::failed: break;
    }
    raise_os_error(self.line.fault(), 0);
}

// Milliseconds until advance() is wanted whatever else happens; None: never.
mp_obj_t countersign_mqtt_next_tick(mp_obj_t self_in) {
    auto& self = as<MqttObject>(self_in);
    const mqtt::Millis due = self.line.session.deadline();
    if (due == mqtt::kNever) return mp_const_none;
    const mqtt::Millis at = now(self);
    return number(due > at ? static_cast<std::size_t>(due - at) : 0);
}

mp_obj_t countersign_mqtt_pending(mp_obj_t self) {
    return number(as<MqttObject>(self).line.session.unacknowledged());
}

// The stream is gone; messages stay for the next one. `hung_up`: the broker has ended it.
mp_obj_t countersign_mqtt_close(mp_obj_t self_in, mp_obj_t hung_up) {
    auto& self = as<MqttObject>(self_in);
    self.stream = mp_const_none;
    self.line.attach(Stream{});
    self.line.session.transport_closed(mp_obj_is_true(hung_up));
    return mp_const_none;
}
