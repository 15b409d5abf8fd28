#include "host/broker/report_channel.h"

#include <sys/socket.h>

#include <cstdlib>
#include <string>

#include "host/base/error.h"

namespace countersign::broker {

ReportChannel make_report_channel() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw Error(Code::Internal, "socketpair failed.");
    ::setenv(kReportVariable, std::to_string(ends[1]).c_str(), 1);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace countersign::broker
