#include "bench/device/host.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "bench/support/broker.h"
#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace fs = std::filesystem;
namespace {

constexpr int kTries = 300;  // of 100 ms

}  // namespace

Host::Host(const fs::path& folder) : home_(folder / "home"), port_(free_port()) {
    use_built_plugin();
    countersign_command(home_, {"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(port_)});
    // Into a file: nobody reads a pipe here, and the broker says a line for each connection.
    const fs::path log = folder / "up.log";
    up_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"/bin/sh", "-c", R"(log=$1; shift; exec "$@" >"$log" 2>&1)", "sh", log,
                                 built_program(), "--home", home_, "up", "--address", "127.0.0.1"});
    for (int tries = 0; tries < kTries; ++tries) {
        if (fs::exists(log) && read_text(log).find("answering devices") != std::string::npos) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    expect(false, "countersign up");
}

void Host::load(const Board& board, const std::string& name) const {
    countersign_command(home_, {"load", name, "--port", board.port(), "--wifi-ssid", "home"});
}

void Host::renew(const std::string& name) const {
    countersign_command(home_, {"renew", name, "--wait", "0"});
}

}  // namespace countersign::bench
