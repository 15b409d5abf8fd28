// The reading half of message.h.
#include "core/identity/message_fields.h"

namespace countersign::message {
namespace {

// "E-" and then capitals, digits and hyphens, as all codes of the catalogue.
bool read_error(Bytes value, std::string_view& error) noexcept {
    error = {reinterpret_cast<const char*>(value.data()), value.size()};
    return error.size() <= kMaxErrorCode && error.starts_with("E-") &&
           std::all_of(error.begin(), error.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool read_broker(Bytes value, std::optional<BrokerList>& list) noexcept {
    // Tags ascend: without a version before it, there is none.
    if (!list || value.size() < 3 || value.size() > 2 + kMaxHost) return false;
    const auto port = static_cast<std::uint16_t>(value[0] << 8U | value[1]);
    return list->brokers.add({{reinterpret_cast<const char*>(value.data()) + 2, value.size() - 2}, port});
}

// What Certificate and Command share.
bool read_news(std::uint8_t tag, Bytes value, Bytes& anchor_set,
               std::optional<BrokerList>& brokers) noexcept {
    switch (tag) {
        case kAnchorSet: anchor_set = value; return decode_anchor_set(value).has_value();
        case kBrokersVersion: return read(value, brokers.emplace().version);
        case kBroker: return read_broker(value, brokers);
        default: return false;
    }
}

bool is_whole(const std::optional<BrokerList>& list) noexcept {
    return !list || list->brokers.count != 0;
}

}  // namespace

std::optional<Type> type_of(Bytes message) noexcept {
    if (message.size() < kHeaderSize || message[0] != kVersion) return std::nullopt;
    const std::uint8_t type = message[1];
    if (type < static_cast<std::uint8_t>(Type::request) ||
        type > static_cast<std::uint8_t>(Type::broker_list)) {
        return std::nullopt;
    }
    return static_cast<Type>(type);
}

std::optional<Request> decode_request(Bytes message) noexcept {
    Request request;
    const auto seen = read_fields(message, Type::request, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kSigner: return read(value, request.signer);
            case kNumber: return read(value, request.number);
            case kCsr: return read(value, request.csr, kMaxRequestDer);
            case kSignature: return read_signature(message, value, request.signed_part, request.signature);
            default: return false;
        }
    });
    if (!seen || !seen->has_all({kSigner, kNumber, kCsr, kSignature})) return std::nullopt;
    return request;
}

std::optional<Certificate> decode_certificate(Bytes message) noexcept {
    Certificate certificate;
    const auto seen = read_fields(message, Type::certificate, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kKey: return read(value, certificate.key);
            case kLeaf: return read(value, certificate.leaf, kMaxCertificateDer);
            case kIssuing: return read(value, certificate.issuing, kMaxCertificateDer);
            default: return read_news(tag, value, certificate.anchor_set, certificate.brokers);
        }
    });
    if (!seen || !seen->has_all({kKey, kLeaf, kIssuing}) || !is_whole(certificate.brokers)) {
        return std::nullopt;
    }
    return certificate;
}

std::optional<Refusal> decode_refusal(Bytes message) noexcept {
    Refusal refusal;
    const auto seen = read_fields(message, Type::refusal, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kKey: return read(value, refusal.key);
            case kError: return read_error(value, refusal.error);
            case kRetryAfter: return read(value, refusal.retry_after);
            default: return false;
        }
    });
    if (!seen || !seen->has_all({kKey, kError, kRetryAfter})) return std::nullopt;
    return refusal;
}

std::optional<State> decode_state(Bytes message) noexcept {
    State state;
    const auto seen = read_fields(message, Type::state, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kSigner: return read(value, state.signer);
            case kAnchorsVersion: return read(value, state.anchors_version);
            case kBrokersVersion: return read(value, state.brokers_version);
            case kSignature: return read_signature(message, value, state.signed_part, state.signature);
            default: return false;
        }
    });
    if (!seen || !seen->has_all({kSigner, kAnchorsVersion, kBrokersVersion, kSignature})) return std::nullopt;
    return state;
}

std::optional<Command> decode_command(Bytes message) noexcept {
    Command command;
    const auto field = [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kAcknowledged: return read(value, command.acknowledged);
            case kRenew: return read(value, command.renew);
            case kSignedBrokers:
                command.signed_brokers = value;
                return decode_signed_brokers(value).has_value();
            default: return read_news(tag, value, command.anchor_set, command.brokers);
        }
    };
    const auto seen = read_fields(message, Type::command, field, kSignedBrokers);
    if (!seen || !is_whole(command.brokers)) return std::nullopt;
    return command;
}

std::optional<AnchorSet> decode_anchor_set(Bytes message) noexcept {
    AnchorSet set;
    const auto seen = read_fields(message, Type::anchor_set, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kAnchorsVersion: return read(value, set.version);
            case kAnchor:
                return !value.empty() && value.size() <= kMaxCertificateDer && set.anchors.add(value);
            case kSignature: return read_signature(message, value, set.signed_part, set.signature);
            default: return false;
        }
    });
    if (!seen || !seen->has_all({kAnchorsVersion, kAnchor, kSignature})) return std::nullopt;
    return set;
}

std::optional<SignedBrokers> decode_signed_brokers(Bytes message) noexcept {
    SignedBrokers brokers;
    std::optional<BrokerList> list;
    const auto seen = read_fields(message, Type::broker_list, [&](std::uint8_t tag, Bytes value) {
        switch (tag) {
            case kIssuing: return read(value, brokers.issuing, kMaxCertificateDer);
            case kBrokersVersion: return read(value, list.emplace().version);
            case kBroker: return read_broker(value, list);
            case kSignature: return read_signature(message, value, brokers.signed_part, brokers.signature);
            default: return false;
        }
    });
    if (!seen || !seen->has_all({kIssuing, kBrokersVersion, kBroker, kSignature})) return std::nullopt;
    brokers.list = *list;
    return brokers;
}

}  // namespace countersign::message
