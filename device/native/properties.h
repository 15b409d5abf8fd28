// What MQTT 5 lets a message carry, as Python has it: a dict with the names of the C++ client's Properties.
//
//     {"expires_after": 60, "content_type": "text/plain", "response_topic": "devices/user1/answer",
//      "correlation_data": b"\x01", "user": [("unit", "K")]}
#pragma once

#include "core/mqtt/types.h"

extern "C" {
#include "py/obj.h"
}

namespace countersign::native {

// None or a dict, encoded into memory of the collector's. Raises TypeError for what is no property, or
// too long to be one.
mqtt::Properties properties_of(mp_obj_t object);

// A dict, or None when there are none.
mp_obj_t dict_of(mqtt::Properties properties);

}  // namespace countersign::native
