#include "host/transport/client.h"

#include <fmt/format.h>

#include <utility>

#include "host/transport/client_impl.h"

namespace countersign::transport {

Client::Client(asio::io_context& context, Options options)
    : impl_(std::make_shared<Impl>(context, std::move(options))) {}

Client::~Client() {
    impl_->abandon();
}

void Client::on_message(std::function<void(const Received&)> callback) {
    impl_->on_message = std::move(callback);
}

void Client::on_state(std::function<void(const State&)> callback) {
    impl_->on_state = std::move(callback);
}

void Client::on_oversize(std::function<void(std::string_view, std::size_t)> callback) {
    impl_->on_oversize = std::move(callback);
}

void Client::start() {
    impl_->start();
}

void Client::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

void Client::subscribe(std::string filter, Qos qos, Done done) {
    impl_->queue.subscribe(std::move(filter), qos, std::move(done));
    impl_->pump();
}

void Client::unsubscribe(std::string filter, Done done) {
    impl_->queue.unsubscribe(std::move(filter), std::move(done));
    impl_->pump();
}

void Client::publish(std::string topic, std::string payload, Qos qos, bool retain, Done done,
                     const MessageProperties& properties) {
    impl_->queue.publish(std::move(topic), std::move(payload), qos, retain, std::move(done), properties);
    impl_->pump();
}

void Client::set_brokers(std::vector<Address> brokers) {
    impl_->set_brokers(std::move(brokers));
}

const State& Client::state() const noexcept {
    return impl_->state;
}

}  // namespace countersign::transport
