// Lines of wifi.conf, as device/countersign/config.py reads them: key="value", no escapes.
#pragma once

#include <map>
#include <string>

#include "host/base/secret.h"
#include "host/loader/load.h"

namespace countersign::loader {

// The lines load sets, by key. Throws Error{WifiConfInvalid} for what no access point takes or no line can
// hold.
[[nodiscard]] std::map<std::string, Secret> wifi_conf_lines(const BrokerAddress& broker,
                                                            const LoadOptions& options);

}  // namespace countersign::loader
