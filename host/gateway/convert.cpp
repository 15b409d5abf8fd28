#include "host/gateway/convert.h"

#include <fmt/format.h>

namespace countersign::gateway {

Fault fault_of(const Error& error, bool permanent) {
    return {error.what(), std::string(error.code()), error.cure(), permanent};
}

transport::Qos qos_of(int qos) {
    if (qos < 0 || qos > 2)
        throw fault_of(Error(Code::Usage, "QoS is 0, 1 or 2.", "publish with QoS 1"), true);
    return static_cast<transport::Qos>(qos);
}

std::string full_topic(std::string_view name, std::string_view own) {
    for (const std::string_view absolute : {"devices/", "countersign/", "$"}) {
        if (own.starts_with(absolute)) return std::string(own);
    }
    return fmt::format("devices/{}/{}", name, own);
}

}  // namespace countersign::gateway
