// The writing half of message.h.
#include "core/identity/message_fields.h"

namespace countersign::message {
namespace {

Bytes bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void write_brokers(FieldWriter& out, const BrokerList& list) noexcept {
    out.require(list.brokers.count != 0);
    out.number(kBrokersVersion, list.version);
    for (const Broker& broker : list.brokers.all()) out.broker(broker);
}

void write_news(FieldWriter& out, Bytes anchor_set, const std::optional<BrokerList>& brokers) noexcept {
    if (!anchor_set.empty()) out.field(kAnchorSet, anchor_set);
    if (brokers) write_brokers(out, *brokers);
}

}  // namespace

std::size_t encode(const Request& request, Room room) noexcept {
    FieldWriter out(room, Type::request);
    out.field(kSigner, request.signer);
    out.number(kNumber, request.number);
    out.field(kCsr, request.csr, kMaxRequestDer);
    return out.end();
}

std::size_t encode(const Certificate& certificate, Room room) noexcept {
    FieldWriter out(room, Type::certificate);
    out.field(kKey, certificate.key);
    out.field(kLeaf, certificate.leaf, kMaxCertificateDer);
    out.field(kIssuing, certificate.issuing, kMaxCertificateDer);
    write_news(out, certificate.anchor_set, certificate.brokers);
    return out.end();
}

std::size_t encode(const Refusal& refusal, Room room) noexcept {
    FieldWriter out(room, Type::refusal);
    out.field(kKey, refusal.key);
    out.field(kError, bytes_of(refusal.error), kMaxErrorCode);
    out.number(kRetryAfter, refusal.retry_after);
    return out.end();
}

std::size_t encode(const State& state, Room room) noexcept {
    FieldWriter out(room, Type::state);
    out.field(kSigner, state.signer);
    out.number(kAnchorsVersion, state.anchors_version);
    out.number(kBrokersVersion, state.brokers_version);
    return out.end();
}

std::size_t encode(const Command& command, Room room) noexcept {
    FieldWriter out(room, Type::command);
    write_news(out, command.anchor_set, command.brokers);
    if (command.acknowledged) out.field(kAcknowledged, *command.acknowledged);
    if (command.renew) out.field(kRenew, *command.renew);
    if (!command.signed_brokers.empty()) out.field(kSignedBrokers, command.signed_brokers);
    return out.end();
}

std::size_t encode(const AnchorSet& set, Room room) noexcept {
    FieldWriter out(room, Type::anchor_set);
    out.require(set.anchors.count != 0);
    out.number(kAnchorsVersion, set.version);
    for (const Bytes anchor : set.anchors.all()) out.field(kAnchor, anchor, kMaxCertificateDer);
    return out.end();
}

std::size_t encode(const SignedBrokers& brokers, Room room) noexcept {
    FieldWriter out(room, Type::broker_list);
    out.field(kIssuing, brokers.issuing, kMaxCertificateDer);
    write_brokers(out, brokers.list);
    return out.end();
}

std::size_t append_signature(Room room, std::size_t size, const Signature& signature) noexcept {
    const std::size_t whole = size + kFieldHeader + signature.size();
    if (size < kHeaderSize || whole > room.size() || whole > kMaxMessage) return 0;
    room[size] = kSignature;
    room[size + 1] = 0;
    room[size + 2] = static_cast<std::uint8_t>(signature.size());
    std::copy(signature.begin(), signature.end(),
              room.begin() + static_cast<std::ptrdiff_t>(size + kFieldHeader));
    return whole;
}

}  // namespace countersign::message
