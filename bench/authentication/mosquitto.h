// A real Mosquitto with a configuration of the experiment's, and what it says about its clients.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "host/base/subprocess.h"

namespace countersign::bench {

class Mosquitto {
  public:
    // `configuration` has a listener on `port` and no log_dest. Listens on return.
    Mosquitto(const std::filesystem::path& folder, const std::string& configuration, std::uint16_t port);

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // SIGHUP, and until it has been taken in.
    void reload();
    // How many connections under this client id have been let in so far.
    [[nodiscard]] std::size_t let_in(const std::string& client_id) const;
    // Until `client_id` has been let in more than `before` times; false when it has not been after
    // `patience`.
    [[nodiscard]] bool lets_in(const std::string& client_id, std::size_t before,
                               std::chrono::milliseconds patience) const;
    // The same of connections that have ended, whoever ended them.
    [[nodiscard]] std::size_t ended(const std::string& client_id) const;
    [[nodiscard]] bool ends(const std::string& client_id, std::size_t before,
                            std::chrono::milliseconds patience) const;

  private:
    [[nodiscard]] std::string log() const;
    std::filesystem::path log_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> child_;
};

}  // namespace countersign::bench
