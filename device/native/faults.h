// What a server has done wrong, in the words of the log line, with the number of the MQTT rule where there is
// one.
#pragma once

#include "core/mqtt/types.h"

namespace countersign::native {

[[nodiscard]] const char* words(mqtt::Fault fault) noexcept;

}  // namespace countersign::native
