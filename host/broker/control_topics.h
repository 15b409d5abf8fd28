// Where an operator asks the plugin over MQTT and is answered (plugin/answer.h says what): both sides and the
// access list name it.
#pragma once

namespace countersign::broker {

inline constexpr const char* kControlTopic = "$CONTROL/countersign/v1";
inline constexpr const char* kResponseTopic = "$CONTROL/countersign/v1/response";

}  // namespace countersign::broker
