// A real Mosquitto on a free port of 127.0.0.1, and its own clients as the other side.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport/certificates.h"
#include "tests/unit/transport/lines.h"

namespace countersign::test {

class Mosquitto {
  public:
    // `more` is appended to the configuration.
    Mosquitto(const Certificates& certificates, const Pair& server, const std::string& more = "");
    Mosquitto(const Mosquitto&) = delete;
    Mosquitto& operator=(const Mosquitto&) = delete;

    void start();  // returns when it listens
    void stop();   // as `systemctl stop` would: it saves its sessions and messages
    void kill();   // SIGKILL
    void signal(int number) { process_->signal(number); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Lines& log() { return *log_; }

    // How a client called `name` with this certificate reaches it by 127.0.0.1; quick to reconnect.
    [[nodiscard]] transport::Options options(const std::string& name, const Pair& pair) const;

    // mosquitto_pub and mosquitto_sub, with the connection's arguments filled in.
    void pub(const Pair& pair, const std::vector<std::string>& arguments) const;
    // Its messages come as lines "topic payload".
    struct Subscriber {
        std::unique_ptr<ChildProcess> process;
        std::unique_ptr<Lines> lines;
    };
    // `more` comes last: of two arguments of a kind, the last one counts.
    [[nodiscard]] Subscriber start_sub(const Pair& pair, const std::string& topic, int qos,
                                       const std::vector<std::string>& more = {}) const;
    // Returns when it is subscribed. What came before that is not among its lines.
    [[nodiscard]] Subscriber sub(const Pair& pair, const std::string& topic, int qos,
                                 const std::vector<std::string>& more = {}) const;

  private:
    [[nodiscard]] std::vector<std::string> arguments(const std::string& program, const Pair& pair) const;

    const Certificates& certificates_;
    std::uint16_t port_;
    std::filesystem::path configuration_;
    std::unique_ptr<ChildProcess> process_;
    std::unique_ptr<Lines> log_;
};

// A port nobody listens on.
[[nodiscard]] std::uint16_t free_port();

}  // namespace countersign::test
