#include "host/broker/control.h"

#include <signal.h>

#include <cstdlib>
#include <string>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/running.h"

namespace countersign::broker {

bool RunningBroker::running() const {
    const RunningFiles files(folder_);
    if (!std::filesystem::exists(files.lock)) return false;
    try {
        const FileLock lock(files.lock);
        return false;  // nobody holds it
    } catch (const Error& error) {
        if (error.id() != Code::HomeBusy) throw;
    }
    return true;
}

bool RunningBroker::reload() {
    if (!running()) return false;
    const long pid = std::strtol(read_text(RunningFiles(folder_).pid).c_str(), nullptr, 10);
    return pid > 1 && ::kill(static_cast<pid_t>(pid), SIGHUP) == 0;
}

}  // namespace countersign::broker
