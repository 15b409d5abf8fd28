// Between the words of the public headers and those of the inside.
#pragma once

#include <string>
#include <string_view>

#include "core/mqtt/types.h"
#include "countersign/client.h"
#include "countersign/fault.h"
#include "host/base/error.h"
#include "host/transport/client.h"

namespace countersign::gateway {

[[nodiscard]] Fault fault_of(const Error& error, bool permanent);
// Throws Fault E-USAGE unless 0, 1 or 2.
[[nodiscard]] transport::Qos qos_of(int qos);
// Throws Fault E-USAGE unless 4 or 5.
[[nodiscard]] mqtt::Version version_of(int version);
[[nodiscard]] transport::MessageProperties properties_of(const Properties& properties);
[[nodiscard]] Received received_of(const transport::Received& message);
[[nodiscard]] std::string full_topic(std::string_view name, std::string_view own);

}  // namespace countersign::gateway
