#include "host/broker/control.h"

#include <signal.h>

#include <cstdlib>
#include <string>

#include "host/base/files.h"
#include "host/broker/running.h"

namespace countersign::broker {

bool RunningBroker::running() const {
    return is_locked(RunningFiles(folder_).lock);
}

bool RunningBroker::reload() {
    if (!running()) return false;
    const long pid = std::strtol(read_text(RunningFiles(folder_).pid).c_str(), nullptr, 10);
    return pid > 1 && ::kill(static_cast<pid_t>(pid), SIGHUP) == 0;
}

}  // namespace countersign::broker
