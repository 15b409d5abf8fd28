// How our own commands reach the broker: with an identity of theirs, like any other client.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/lifecycle/home.h"
#include "host/lifecycle/host_identities.h"
#include "host/transport/client.h"
#include "host/transport/options.h"

namespace countersign::cli {

// Where this home's broker is dialled from here: on this machine first, whatever its public address is
// (behind NAT, a port forward, a container), then at each address of settings.json in order. On this machine
// it is believed under any of its names (docs/threat-model.md); that nobody of ours is there is no fault.
[[nodiscard]] std::vector<transport::Address> way_to_broker(const lifecycle::Settings& settings);

// To this home's broker with these files; the client id is the caller's to choose. Throws Error{HomeMissing,
// AuthorityBroken}.
[[nodiscard]] transport::Options home_connection(const lifecycle::Home& home,
                                                 const lifecycle::ClientFiles& files);

// Dials `host` and nothing else, or the way_to_broker(). The client id is
// operator~operator/<purpose>-<random>, so that any number of them run side by side. Throws
// Error{HomeMissing, AuthorityBroken}.
[[nodiscard]] transport::Options operator_connection(const lifecycle::Home& home, std::string_view host,
                                                     std::string_view purpose);

// Keeps a client on the way as settings.json has it now, for as long as this lives.
class FollowSettings {
  public:
    FollowSettings(asio::io_context& context, lifecycle::Home home, transport::Client& client);
    void stop() { timer_.cancel(); }

  private:
    void look_again();
    lifecycle::Home home_;
    transport::Client& client_;
    asio::steady_timer timer_;
};

}  // namespace countersign::cli
