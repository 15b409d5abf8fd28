// A device of the test's own that renews as docs/protocol.md says, over the real broker: host/transport for
// the connection, the openssl program for its requests. It can be stopped at every step.
#pragma once

#include <asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/identity/message.h"
#include "host/pki/certificate.h"
#include "host/transport/client.h"
#include "tests/e2e/support/program.h"

namespace countersign::e2e {

class RenewingDevice {
  public:
    struct Identity {
        std::shared_ptr<pki::PrivateKey> key;
        pki::Certificate certificate;
    };

    // `user` is the name, or birth~NAME. Trusts what the home's operator trusts.
    RenewingDevice(const Scene& scene, std::string user, Identity identity);

    // What `issue` left in the home folder.
    [[nodiscard]] static Identity issued(const Scene& scene, const std::string& name);

    // As `load` makes one. By hand, as for a device that has no other.
    [[nodiscard]] static Identity birth_of(const Scene& scene, const std::string& name);

    // False: refused, or not within half a minute. What was retained for it has not come yet.
    [[nodiscard]] bool connect();
    void disconnect();

    // A new key, asked for under the current one. The number counts up unless it is given.
    void ask(std::optional<std::uint32_t> number = {});
    // The answer to ask(): a certificate for the new key, checked; nothing, and error(), for a refusal.
    [[nodiscard]] std::optional<pki::Certificate> answer();
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    // Comes back as the candidate, clears the request. False when the broker refuses it.
    [[nodiscard]] bool prove(const pki::Certificate& candidate);
    // The signed State, until it is acknowledged.
    [[nodiscard]] bool report();
    // All of it.
    [[nodiscard]] bool renew();

    // Until a Command asks to renew the current certificate.
    [[nodiscard]] bool asked_to_renew();

    [[nodiscard]] const Identity& identity() const noexcept { return identity_; }

  private:
    [[nodiscard]] std::string topic(const std::string& message) const {
        return "countersign/" + user_ + "/" + message;
    }
    void publish(const std::string& message, const std::vector<std::uint8_t>& payload);
    // Until a message on this topic of ours satisfies `wanted`.
    template <class Wanted>
    bool until(const std::string& message, Wanted wanted);

    const Scene& scene_;
    std::string user_;
    Identity identity_;
    std::shared_ptr<pki::PrivateKey> new_key_;
    std::uint32_t number_ = 0;
    std::string error_;
    asio::io_context io_;
    std::unique_ptr<transport::Client> client_;
    std::map<std::string, std::vector<std::uint8_t>> received_;  // the last of each topic
};

}  // namespace countersign::e2e
