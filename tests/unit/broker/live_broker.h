// A real Mosquitto with our plugin, started by our supervisor on a free port of 127.0.0.1.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/broker/admission/publisher.h"
#include "host/broker/config.h"
#include "host/broker/supervisor.h"
#include "tests/unit/broker/raw_client.h"
#include "tests/unit/broker/support.h"

namespace countersign::broker {

// One authority for all tests of the program: making keys takes longer than the tests.
OpenSslAuthority& authority();

class LiveBroker {
  public:
    // Writes folder, configuration and files; starts nothing. `operators` as in access_list().
    explicit LiveBroker(const std::vector<std::string>& operators = {}, const std::string& folder = "broker");
    LiveBroker(const LiveBroker&) = delete;
    LiveBroker& operator=(const LiveBroker&) = delete;
    // Stops it, and fails the test when a sanitizer has spoken in its log.
    ~LiveBroker();

    void write_config();  // after a change of `settings`
    void start();
    void stop();
    // Publishes rows as the registry would: the whole file, or appended to it.
    void publish(const std::vector<Standing>& rows);
    void append(const std::vector<Standing>& rows);
    void set_users(const std::vector<std::string>& operators,
                   const std::vector<std::string>& responders = {});
    void reload() { supervisor_->reload(); }
    [[nodiscard]] pid_t pid() const { return supervisor_->pid(); }

    // Reads the log until so many lines have this in them; false when they do not come within ten seconds.
    bool wait_for_log(const std::string& part, std::size_t times = 1);
    // Lines so far with this in them.
    [[nodiscard]] std::size_t count_log(const std::string& part);

    // Takes in what the broker has logged: of a log that nobody reads lines are lost.
    void drain();

    RawClient dial(const Identity* identity, const RawClient::Options& options = {}) {
        return RawClient(settings.port, authority().certificate(), identity, options);
    }

    TemporaryFolder home;
    Settings settings;
    Files files;

  private:
    std::unique_ptr<Supervisor> supervisor_;
    admission::Publisher publisher_;
    std::optional<admission::Stamp> stamp_;
    std::vector<std::string> log_;
};

}  // namespace countersign::broker
