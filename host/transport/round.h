// One round through the brokers, until one of them has let us in: RFC 8305, "happy eyeballs".
//
// An address that swallows what it is sent costs those after it a moment, not the round: while it goes on
// being dialled, the next one begins. The first with which TLS comes about is tried further, the others wait
// in case it does not let us in. Only one at a time is ever sent an MQTT packet.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "host/transport/fault.h"
#include "host/transport/link.h"
#include "host/transport/options.h"
#include "host/transport/tls.h"

namespace countersign::transport {

// Told from the context's thread; after round_failed or abandon() nothing comes any more.
class RoundOwner {
  public:
    // TLS is up. The link belongs to the owner now, and is in the stage `connack`.
    virtual void round_open(std::shared_ptr<Link> link) = 0;
    // None of them let us in: the failure that tells most.
    virtual void round_failed(const Failure& failure) = 0;

  protected:
    ~RoundOwner() = default;
};

class Round : public std::enable_shared_from_this<Round> {
  public:
    // The owner calls abandon() before it goes, or before it lets go of the round.
    Round(asio::io_context& context, std::shared_ptr<TlsContext> tls, const Options& options,
          std::vector<Address> brokers, RoundOwner& owner);

    void begin();
    // The link of round_open() did not let us in.
    void go_on(const Failure& failure);
    void abandon();

  private:
    using Tcp = asio::ip::tcp;
    using Resolver = asio::ip::basic_resolver<Tcp, asio::io_context::executor_type>;

    // What is still to be tried: a broker whose name is to be looked up, or one of its addresses.
    struct Target {
        std::size_t broker;
        std::optional<Tcp::endpoint> at;
    };
    // What is being tried: a name is looked up, or a link opens.
    struct Trial {
        std::uint64_t number;
        Target target;
        std::shared_ptr<Link> link;
        std::unique_ptr<asio::steady_timer> patience;  // with a lookup; a link has its own
    };

    void next();
    void look_up(std::size_t broker);
    void found(std::uint64_t lookup, std::vector<Tcp::endpoint> endpoints);
    void dial(const Target& target);
    void opened(std::uint64_t number);
    void failed(std::uint64_t number, const Failure& failure);
    void note(std::size_t broker, const Failure& failure);
    void pace(bool shaking_hands);
    void stop_trials();
    [[nodiscard]] std::chrono::milliseconds head_start(const Trial& trial) const;
    [[nodiscard]] std::list<Trial>::iterator find(std::uint64_t number);
    [[nodiscard]] Failure verdict() const;

    asio::io_context& context_;
    std::shared_ptr<TlsContext> tls_;
    const Options& options_;
    const std::vector<Address> brokers_;
    RoundOwner& owner_;
    Resolver resolver_;
    asio::steady_timer pace_;
    std::deque<Target> targets_;
    std::list<Trial> trials_;
    std::uint64_t count_ = 0;
    std::optional<std::size_t> open_;  // the broker that is tried further
    std::optional<Failure> told_;      // the failure that tells most, and whose
    std::size_t told_by_ = 0;
    bool all_permanent_ = true;
    std::optional<Failure> aside_;  // told when there is no other
    bool over_ = false;
};

}  // namespace countersign::transport
