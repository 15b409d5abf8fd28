// The messages of docs/protocol.md: bytes in, fields out, and back. Nothing here is signed or checked against
// a registry; whoever uses a signature verifies it over kSignaturePrefix and `signed_part`.
//
// Reading: every span points into the bytes that were given; nothing is returned unless the whole message
// follows the page's rules. Writing: into the caller's room; 0 when it does not fit, is longer than
// kMaxMessage, or a field is out of its bounds. An empty payload is no message: it clears a topic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/identity/role.h"

namespace countersign::message {

using Bytes = std::span<const std::uint8_t>;
using Room = std::span<std::uint8_t>;
using Digest = Fingerprint;                      // SHA-256
using Signature = std::array<std::uint8_t, 64>;  // ECDSA P-256: r, s, big endian

inline constexpr std::size_t kMaxMessage = 4096;
inline constexpr std::size_t kMaxRequestDer = 1024;
inline constexpr std::size_t kMaxCertificateDer = 2048;
inline constexpr std::size_t kMaxErrorCode = 40;
inline constexpr std::size_t kMaxAnchors = 6;
inline constexpr std::size_t kMaxBrokers = 8;
inline constexpr std::size_t kMaxHost = 253;

// What a signature covers before the message itself.
inline constexpr std::string_view kSignaturePrefix = "countersign-v1:";

enum class Type : std::uint8_t {
    request = 1,
    certificate = 2,
    refusal = 3,
    state = 4,
    command = 5,
    anchor_set = 6,
    broker_list = 7
};

// Up to so many of one kind of field, in their order.
template <class Item, std::size_t limit>
struct Several {
    std::array<Item, limit> items{};
    std::size_t count = 0;

    bool add(const Item& item) noexcept {
        if (count == limit) return false;
        items[count++] = item;
        return true;
    }
    [[nodiscard]] std::span<const Item> all() const noexcept { return std::span(items).first(count); }
};

struct Broker {
    std::string_view host;
    std::uint16_t port = 0;
};

struct BrokerList {
    std::uint32_t version = 0;
    Several<Broker, kMaxBrokers> brokers;  // at least one, in the order to try them
};

// `signed_part` and `signature` are filled by decoding and not looked at by encoding: see append_signature().
struct Request {
    Digest signer{};  // fingerprint of the certificate whose key signs
    std::uint32_t number = 0;
    Bytes csr;  // DER
    Bytes signed_part{};
    Signature signature{};
};

struct Certificate {
    Digest key{};  // SHA-256 of the SubjectPublicKeyInfo that is answered
    Bytes leaf;    // DER
    Bytes issuing;
    Bytes anchor_set{};  // a whole message; empty: none
    std::optional<BrokerList> brokers{};
};

struct Refusal {
    Digest key{};
    std::string_view error;
    std::uint32_t retry_after = 0;  // seconds
};

struct State {
    Digest signer{};
    std::uint32_t anchors_version = 0;
    std::uint32_t brokers_version = 0;
    Bytes signed_part{};
    Signature signature{};
};

struct Command {
    Bytes anchor_set{};
    std::optional<BrokerList> brokers{};
    std::optional<Digest> acknowledged{};  // SHA-256 of a State message
    std::optional<Digest> renew{};         // fingerprint
    Bytes signed_brokers{};                // a whole message of type broker_list; empty: none
};

struct AnchorSet {
    std::uint32_t version = 0;
    Several<Bytes, kMaxAnchors> anchors;  // DER, at least one
    Bytes signed_part{};
    Signature signature{};
};

struct SignedBrokers {
    Bytes issuing;  // DER, the CA whose key signs
    BrokerList list;
    Bytes signed_part{};
    Signature signature{};
};

// Of a message of our version and a known type; its fields are not looked at.
[[nodiscard]] std::optional<Type> type_of(Bytes message) noexcept;

[[nodiscard]] std::optional<Request> decode_request(Bytes message) noexcept;
[[nodiscard]] std::optional<Certificate> decode_certificate(Bytes message) noexcept;
[[nodiscard]] std::optional<Refusal> decode_refusal(Bytes message) noexcept;
[[nodiscard]] std::optional<State> decode_state(Bytes message) noexcept;
[[nodiscard]] std::optional<Command> decode_command(Bytes message) noexcept;
[[nodiscard]] std::optional<AnchorSet> decode_anchor_set(Bytes message) noexcept;
[[nodiscard]] std::optional<SignedBrokers> decode_signed_brokers(Bytes message) noexcept;

// The four signed ones come out as what is to be signed, `signed_part`; append_signature makes them whole.
[[nodiscard]] std::size_t encode(const Request& request, Room room) noexcept;
[[nodiscard]] std::size_t encode(const Certificate& certificate, Room room) noexcept;
[[nodiscard]] std::size_t encode(const Refusal& refusal, Room room) noexcept;
[[nodiscard]] std::size_t encode(const State& state, Room room) noexcept;
[[nodiscard]] std::size_t encode(const Command& command, Room room) noexcept;
[[nodiscard]] std::size_t encode(const AnchorSet& anchors, Room room) noexcept;
[[nodiscard]] std::size_t encode(const SignedBrokers& brokers, Room room) noexcept;

// Adds the signature behind the first `size` bytes of `room`. Returns the whole size.
[[nodiscard]] std::size_t append_signature(Room room, std::size_t size, const Signature& signature) noexcept;

}  // namespace countersign::message
