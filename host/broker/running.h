// How `countersign broker` shows other commands that it runs: a lock that dies with it, and Mosquitto's
// process id.
#pragma once

#include <filesystem>

namespace countersign::broker {

struct RunningFiles {
    explicit RunningFiles(const std::filesystem::path& folder)
        : lock(folder / "running.lock"), pid(folder / "mosquitto.pid") {}
    std::filesystem::path lock, pid;
};

}  // namespace countersign::broker
