#include "faults.h"

namespace countersign::native {

const char* words(mqtt::Fault fault) noexcept {
    using mqtt::Fault;
    switch (fault) {
        case Fault::none: return "closed by us";
        case Fault::refused: return "refused";
        case Fault::connect_timeout: return "no CONNACK in time";
        case Fault::keep_alive_timeout: return "no PINGRESP in time";
        case Fault::malformed_length: return "a remaining length that the packet cannot have, section 2.2.3";
        case Fault::reserved_flags: return "reserved flags set [MQTT-2.2.2-2]";
        case Fault::reserved_type: return "a reserved packet type, section 2.2.1";
        case Fault::unexpected_packet: return "a packet out of place [MQTT-3.2.0-1]";
        case Fault::malformed_string: return "a string that is not UTF-8 or too long [MQTT-1.5.3-1]";
        case Fault::bad_topic: return "PUBLISH to a topic with a wildcard or none [MQTT-3.3.2-2]";
        case Fault::bad_qos: return "PUBLISH with both QoS bits, or DUP at QoS 0 [MQTT-3.3.1-4]";
        case Fault::zero_packet_id: return "packet id 0 [MQTT-2.3.1-1]";
        case Fault::bad_session_present: return "a session where there cannot be one [MQTT-3.2.2-1]";
        case Fault::bad_return_code: return "a return code that does not exist [MQTT-3.9.3-2]";
        case Fault::wrong_acknowledgement: return "an acknowledgement of something else, section 4.3";
        case Fault::packet_too_large: return "a packet larger than the receive limit";
        case Fault::malformed_properties: return "properties cut short, or one that does not exist";
        case Fault::bad_property: return "a property out of place, twice, or out of range";
        case Fault::bad_topic_alias: return "a topic alias that names no topic [5: MQTT-3.3.2-7]";
        case Fault::no_alias_room: return "a topic alias whose topic is too long to be kept";
        case Fault::limit_too_small: return "a Maximum Packet Size that no answer fits in [5: MQTT-3.2.2-15]";
        case Fault::unwanted_authentication: return "AUTH that was not asked for, section 4.12";
        case Fault::server_disconnected: return "DISCONNECT";
        case Fault::too_many_exactly_once: return "more QoS 2 messages than there is room for, section 4.3.3";
    }
    return "unknown";
}

}  // namespace countersign::native
