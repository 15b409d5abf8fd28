// By which the plugin tells its supervisor who came in: not the log, which loses lines when nobody reads it.
#pragma once

#include <cstddef>

#include "host/base/beneath.h"

namespace countersign::broker {

// A report is one message, "USERNAME SERIAL".
inline constexpr std::size_t kMaxReport = 256;
// Set for Mosquitto: the number of the descriptor the plugin reports on.
inline constexpr const char* kReportVariable = "COUNTERSIGN_REPORTS";

struct ReportChannel {
    Descriptor ours, plugins;
};

// A pair of sockets that keep messages apart, and kReportVariable for the program that is started next with
// `plugins` handed on.
[[nodiscard]] ReportChannel make_report_channel();

}  // namespace countersign::broker
