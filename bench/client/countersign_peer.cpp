#include <openssl/crypto.h>

#include <asio/io_context.hpp>

#include "bench/client/peer.h"
#include "bench/support/support.h"
#include "host/transport/client.h"

namespace countersign::bench {
namespace {

transport::Options options_for(const Target& target) {
    transport::Options options;
    options.brokers = {{"127.0.0.1", target.port}};
    options.client_id = target.client_id;
    options.certificate = target.certificate;
    options.key = target.key;
    options.anchors = target.anchors;
    options.max_inflight = kWindow;
    options.reconnect = false;
    return options;
}

class Countersign final : public Peer {
  public:
    explicit Countersign(const Target& target) : client_(context_, options_for(target)) {
        client_.on_state([this](const transport::State&) { context_.stop(); });
        client_.on_message([this](const transport::Received&) {
            if (++received_ == wanted_) context_.stop();
        });
    }

    void connect() override {
        client_.start();
        run_until([this] { return client_.state().phase != transport::Phase::connecting; });
        expect(client_.state().phase == transport::Phase::connected, "countersign: connect");
    }

    void disconnect() override {
        client_.stop();
        run_until([this] { return client_.state().phase == transport::Phase::stopped; });
    }

    void publish(const std::string& topic, const std::string& payload, int qos, std::size_t count) override {
        std::size_t handed = 0, done = 0;
        std::function<void()> hand;
        const auto on_done = [&](const std::optional<Error>& error) {
            expect(!error, "countersign: publish");
            ++done;
            hand();
        };
        hand = [&] {
            for (; handed < count && handed - done < kOutstanding; ++handed) {
                const bool last = handed + 1 == count;
                client_.publish(topic, payload, last ? transport::Qos::at_least_once : transport::Qos(qos),
                                false, [&on_done](const auto& error) { on_done(error); });
            }
            if (done == count) context_.stop();
        };
        hand();
        run_until([&] { return done == count; });
    }

    void subscribe(const std::string& filter, int qos) override {
        bool done = false;
        client_.subscribe(filter, transport::Qos(qos), [&](const std::optional<Error>& error) {
            expect(!error, "countersign: subscribe");
            done = true;
            context_.stop();
        });
        run_until([&] { return done; });
    }

    void receive(std::size_t count) override {
        wanted_ = count;
        run_until([&] { return received_ >= wanted_; });
    }

  private:
    template <typename Happened>
    void run_until(Happened happened) {
        while (!happened()) {
            context_.restart();
            context_.run();
        }
    }

    asio::io_context context_{1};  // the hint: only one thread runs it
    transport::Client client_;
    std::size_t received_ = 0, wanted_ = 0;
};

}  // namespace

Library countersign_library() {
    return {"countersign", std::string("Asio, ") + OpenSSL_version(OPENSSL_VERSION_STRING),
            [](const Target& target) { return std::make_unique<Countersign>(target); }};
}

}  // namespace countersign::bench
