// Lifecycle messages come over a broker that is not believed. What is read is written again: the same fields
// must come out of what was written, whatever was skipped on the way.
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/identity/message.h"

namespace {

namespace message = countersign::message;

// Looks at every byte: a span that reaches outside shows here.
unsigned touch(message::Bytes bytes) {
    unsigned sum = 0;
    for (const std::uint8_t byte : bytes) sum += byte;
    return sum;
}

unsigned touch(std::string_view text) {
    return touch(message::Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

unsigned touch(const std::optional<message::BrokerList>& list) {
    unsigned sum = 0;
    if (!list) return sum;
    for (const auto& broker : list->brokers.all()) sum += touch(broker.host);
    return sum;
}

unsigned touch(const message::Request& request) {
    return touch(request.csr) + touch(request.signed_part);
}
unsigned touch(const message::Certificate& certificate) {
    return touch(certificate.leaf) + touch(certificate.issuing) + touch(certificate.anchor_set) +
           touch(certificate.brokers);
}
unsigned touch(const message::Refusal& refusal) {
    return touch(refusal.error);
}
unsigned touch(const message::State& state) {
    return touch(state.signed_part);
}
unsigned touch(const message::Command& command) {
    return touch(command.anchor_set) + touch(command.brokers) + touch(command.signed_brokers);
}
unsigned touch(const message::SignedBrokers& brokers) {
    return touch(brokers.issuing) + touch(std::optional(brokers.list)) + touch(brokers.signed_part);
}
unsigned touch(const message::AnchorSet& set) {
    unsigned sum = touch(set.signed_part);
    for (const auto& anchor : set.anchors.all()) sum += touch(anchor);
    return sum;
}

template <class Message>
std::size_t write(const Message& message, message::Room room) {
    std::size_t size = message::encode(message, room);
    if constexpr (requires { message.signature; }) {
        size = message::append_signature(room, size, message.signature);
    }
    return size;
}

template <class Decode>
void read_and_write(message::Bytes bytes, Decode decode) {
    const auto message = decode(bytes);
    if (!message) return;
    volatile unsigned sum = touch(*message);
    (void)sum;
    std::array<std::uint8_t, message::kMaxMessage> first{};
    std::array<std::uint8_t, message::kMaxMessage> second{};
    const std::size_t size = write(*message, first);
    if (size == 0) __builtin_trap();  // what was read can be written
    const auto again = decode(message::Bytes(first).first(size));
    if (!again || write(*again, second) != size || first != second) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const message::Bytes bytes(data, size);
    read_and_write(bytes, message::decode_request);
    read_and_write(bytes, message::decode_certificate);
    read_and_write(bytes, message::decode_refusal);
    read_and_write(bytes, message::decode_state);
    read_and_write(bytes, message::decode_command);
    read_and_write(bytes, message::decode_anchor_set);
    read_and_write(bytes, message::decode_signed_brokers);
    return 0;
}
