#include "host/lifecycle/responder.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/key_history.h"
#include "host/pki/message_signature.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kTopics = "countersign/";
constexpr std::chrono::seconds kAskAgainForNod = std::chrono::hours(1);
constexpr std::chrono::seconds kAskAgainForRate = std::chrono::hours(6);
constexpr std::chrono::seconds kAskAgainWhenRefused = std::chrono::days(1);

// Why a message gets no answer: thrown and caught in this file only.
struct Ignored {
    std::string why;
};

void require(bool kept, std::string_view otherwise) {
    if (!kept) throw Ignored{std::string(otherwise)};
}

std::string topic_of(std::string_view user, std::string_view message) {
    return fmt::format("{}{}/{}", kTopics, user, message);
}

std::string user_of(const registry::Certificate& signer) {
    return fmt::format("{}{}", username_prefix(signer.role), signer.name);
}

// A retired signer passes: what that means depends on the message.
void check_standing(const registry::Registry& registry, const registry::Certificate& signer) {
    require(signer.state != CertificateState::revoked, "its certificate is revoked");
    for (const auto& certificate : registry.certificates_of(signer.name)) {
        require(certificate.state != CertificateState::held, "the device is held");
    }
}

void check_signature(const registry::Certificate& signer, Payload signed_part,
                     const message::Signature& signature) {
    const auto key = pki::public_key_of(pki::parse_certificate(signer.der));
    require(pki::verify_message(key, signed_part, signature), "its signature is not by the key it names");
}

pki::Csr read_csr(Payload der) {
    try {
        return pki::parse_csr(der);
    } catch (const Error& error) {
        throw Ignored{error.detail()};
    }
}

void check_history(const registry::Registry& registry, const pki::Authority& authority,
                   const Fingerprint& key, const std::string& name) {
    try {
        check_key_history(registry, authority, key, name, Role::device);
    } catch (const Error& error) {
        if (error.id() != Code::KeyUsed) throw;
        throw Ignored{fmt::format("{}: {}", error.code(), error.detail())};
    }
}

std::string ignored_line(std::string_view topic, const Ignored& ignored) {
    std::string shown;  // a topic is whatever the broker says it is
    for (const char c : topic.substr(0, 100)) shown += c >= 0x20 && c < 0x7F ? c : '?';
    return fmt::format("{}: not answered: {}", shown, ignored.why);
}

}  // namespace

struct Responder::Asked {
    registry::Certificate signer;
    std::string user;
    std::uint32_t number;
    pki::PublicKey key;
    Fingerprint key_sha256;
    Payload message;  // the whole of it
};

Reaction Responder::received(std::string_view topic, Payload payload, bool fresh) {
    if (payload.empty()) return {};  // a topic that was cleared
    try {
        require(topic.starts_with(kTopics), "no topic of ours");
        std::string_view rest = topic.substr(kTopics.size());
        const std::string_view user = rest.substr(0, rest.find('/'));
        rest.remove_prefix(std::min(rest.size(), user.size() + 1));
        if (rest == "request") return request(user, payload, fresh);
        if (rest == "state") return state(user, payload, fresh);
        throw Ignored{"no topic of ours"};
    } catch (const Ignored& ignored) {
        return {{}, ignored_line(topic, ignored)};
    }
}

// --- requests

Responder::Asked Responder::verified(std::string_view user, Payload payload) const {
    const auto request = message::decode_request(payload);
    require(request.has_value(), "no Request");
    auto signer = registry_.find_certificate(request->signer);
    require(signer.has_value(), "the certificate it names is not in the registry");
    require(signer->role == Role::device || signer->role == Role::birth, "not a device's certificate");
    require(user == user_of(*signer), "it came under another's name");
    check_standing(registry_, *signer);
    check_signature(*signer, request->signed_part, request->signature);
    auto csr = read_csr(request->csr);
    require(csr.name == signer->name, "it asks for another's name");
    require(csr.public_key.type == pki::KeyType::p256, "its key is not P-256");
    const auto key_sha256 = pki::sha256_of(csr.public_key.spki);
    return {std::move(*signer),        std::string(user), request->number,
            std::move(csr.public_key), key_sha256,        payload};
}

Reaction Responder::request(std::string_view user, Payload payload, bool fresh) {
    const Asked asked = verified(user, payload);
    const auto& signer = asked.signer;
    const Seconds now = clock_.now();
    if (fresh) registry_.set_seen(signer.name);

    check_history(registry_, issuer_.authority(), asked.key_sha256, signer.name);
    const auto known = registry_.find_by_key(asked.key_sha256);
    // One that never reached its device and would be of no use to it now is made anew.
    const bool never_used = known && known->state == CertificateState::pending;
    if (known && !(never_used && !is_current(*known))) return answer_again(asked, *known);
    const bool chosen = is_chosen(asked);
    if (!chosen) {
        if (const auto sign = sign_of_fork(asked, known.has_value())) return forked(asked, payload, *sign);
        if (registry_.find_device(signer.name)->forked) return hold(asked, payload);
    }
    if (signer.not_after <= now) return refuse(asked, Code::CertExpired, kAskAgainWhenRefused);
    const bool needs_nod = policy_.birth_needs_nod || registry_.was_forked(signer.name);
    if (signer.role == Role::birth && needs_nod && !chosen) return wait_for_nod(asked, payload);
    if (registry_.renewed_since(signer.name, now - std::chrono::days(1)) >= policy_.per_day) {
        return refuse(asked, Code::RenewalRate, kAskAgainForRate);
    }
    return issue(asked);
}

Answer Responder::certificate_answer(const Asked& asked, Payload leaf) const {
    message::Certificate certificate;
    certificate.key = asked.key_sha256;
    certificate.leaf = leaf;
    certificate.issuing = issuer_.authority().issuing().der;
    // A device that comes with its birth certificate gets no Commands. One that has said nothing yet has what
    // it was enrolled with. The slot whose anchors it has reported may be damaged: with a birth certificate
    // it gets the newest in any case, and passes over what it has.
    const auto known = std::max<std::uint32_t>(registry_.report_of(asked.signer.name).anchors_version, 1);
    auto anchors = wanted_.anchor_set_after(known);
    if (anchors.empty() && asked.signer.role == Role::birth) anchors = wanted_.anchor_set_after(known - 1);
    certificate.anchor_set = anchors;
    std::vector<std::uint8_t> room(message::kMaxMessage);
    std::size_t size = message::encode(certificate, room);
    if (size == 0) {
        certificate.anchor_set = {};  // too much for one message: they come by a Command
        size = message::encode(certificate, room);
    }
    room.resize(size);
    // An empty payload would clear the topic, and the device would ask for ever.
    if (room.empty()) throw Error(Code::Internal, "A certificate does not fit into a message.");
    return {topic_of(asked.user, "certificate"), std::move(room)};
}

bool Responder::is_current(const registry::Certificate& certificate) const {
    return certificate.not_after > clock_.now() &&
           certificate.issuer == issuer_.authority().issuing().info.fingerprint;
}

// Idempotent by key: whatever was lost on the way is simply said again.
Reaction Responder::answer_again(const Asked& asked, const registry::Certificate& certificate) const {
    require(may_connect(certificate.state),
            fmt::format("the certificate of its key is {}", to_string(certificate.state)));
    require(is_current(certificate), "the certificate of its key is used, and old");
    return {{certificate_answer(asked, certificate.der)}, {}};
}

Reaction Responder::refuse(const Asked& asked, Code code, std::chrono::seconds retry_after) const {
    const auto& entry = catalogue_entry(code);
    const message::Refusal refusal{asked.key_sha256, entry.code,
                                   static_cast<std::uint32_t>(retry_after.count())};
    std::vector<std::uint8_t> room(message::kMaxMessage);
    room.resize(message::encode(refusal, room));
    return {{{topic_of(asked.user, "certificate"), std::move(room)}},
            fmt::format("{}: refused: {} {}", asked.user, entry.code, entry.what)};
}

// A person has said that the key is the device's.
bool Responder::is_chosen(const Asked& asked) const {
    const auto waiting = registry_.waiting_of(asked.signer.name);
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const auto& one) { return one.approved && one.key == asked.key_sha256; });
}

// What one device alone does not do: docs/protocol.md, "Two devices, one identity".
std::optional<std::string> Responder::sign_of_fork(const Asked& asked, bool has_certificate) const {
    const auto& signer = asked.signer;
    const auto last = registry_.last_request(signer.fingerprint);
    if (last && asked.number == last->number && asked.key_sha256 != last->key) {
        return fmt::format("request {} came with two keys", asked.number);
    }
    if (last && asked.number < last->number) {
        require(!has_certificate, "an old request");
        return fmt::format("request {} with a new key came after request {}", asked.number, last->number);
    }
    if (signer.state == CertificateState::retired) return "a retired key asks to renew";
    // A board gives up a Request that nobody answered for a week, by a clock that may have been wrong, and
    // asks with the next number. A copy that does so shows when the board comes with its own once more.
    const bool next = last && asked.number == last->number + 1;
    const auto waiting = registry_.waiting_of(signer.name);
    if (!next && std::any_of(waiting.begin(), waiting.end(),
                             [&](const auto& one) { return one.key != asked.key_sha256; })) {
        return "a second key asks while one waits";
    }
    if (signer.role != Role::birth || !last) return std::nullopt;
    const auto fetched = registry_.find_by_key(last->key);
    if (fetched && fetched->state == CertificateState::active && fetched->not_after > clock_.now()) {
        return "the birth certificate asks again, and what it has fetched is in use";
    }
    return std::nullopt;
}

// The key is kept for a person to choose.
Reaction Responder::hold(const Asked& asked, Payload payload) {
    registry_.set_waiting({asked.signer.name, asked.key_sha256, {payload.begin(), payload.end()}, {}, false});
    return refuse(asked, Code::IdentityForked, kAskAgainWhenRefused);
}

Reaction Responder::forked(const Asked& asked, Payload payload, std::string_view what) {
    auto transaction = registry_.begin();
    registry_.raise_fork(asked.signer.name, asked.signer.fingerprint, what);
    auto reaction = hold(asked, payload);
    transaction.commit();
    reaction.line =
        fmt::format("!!! {}: E-IDENTITY-FORKED: {}. {} Cure: {}", asked.user, what,
                    catalogue_entry(Code::IdentityForked).what, catalogue_entry(Code::IdentityForked).cure);
    return reaction;
}

Reaction Responder::wait_for_nod(const Asked& asked, Payload payload) {
    auto transaction = registry_.begin();
    registry_.set_last_request(asked.signer.fingerprint, {asked.number, asked.key_sha256});
    registry_.set_waiting({asked.signer.name, asked.key_sha256, {payload.begin(), payload.end()}, {}, false});
    transaction.commit();
    return refuse(asked, Code::RenewalWaits, kAskAgainForNod);
}

Reaction Responder::issue(const Asked& asked) {
    pki::Certificate made;
    try {
        pki::LeafRequest leaf{asked.signer.name, asked.key, {}};
        leaf.proof = asked.message;
        made = issuer_.issue(pki::Profile({Role::device, policy_.lifetime}), leaf);
    } catch (const Error& error) {
        if (error.id() == Code::SignerUnreachable || error.id() == Code::ClockDoubtful) throw;
        throw Ignored{error.what()};  // the signer's word is final
    }
    auto row = as_row(made, Role::device, issuer_.authority());
    row.origin = registry::Origin::renewal;
    auto transaction = registry_.begin();
    registry_.add_certificate(row);
    registry_.set_last_request(asked.signer.fingerprint, {asked.number, asked.key_sha256});
    registry_.remove_waiting(asked.signer.name);
    transaction.commit();
    return {{certificate_answer(asked, made.der)},
            fmt::format("{}: renewed, valid to {}; the old certificate works until the new one is used",
                        asked.user, format_time(made.info.not_after))};
}

Reaction Responder::approved(std::string_view name) {
    for (const auto& waiting : registry_.waiting_of(name)) {
        const auto request = message::decode_request(waiting.request);
        if (!waiting.approved || !request) continue;
        const auto signer = registry_.find_certificate(request->signer);
        if (signer) return received(topic_of(user_of(*signer), "request"), waiting.request, false);
    }
    return {};
}

// --- states

Reaction Responder::state(std::string_view user, Payload payload, bool fresh) {
    const auto state = message::decode_state(payload);
    require(state.has_value(), "no State");
    const auto signer = registry_.find_certificate(state->signer);
    require(signer.has_value(), "the certificate it names is not in the registry");
    require(signer->role == Role::device, "not a working certificate");
    require(user == signer->name, "it came under another's name");
    check_standing(registry_, *signer);
    check_signature(*signer, state->signed_part, state->signature);
    require(signer->state != CertificateState::retired, "an old state: its certificate is retired");
    const auto report = registry_.report_of(signer->name);
    require(report.signer != state->signer || (state->anchors_version >= report.anchors_version &&
                                               state->brokers_version >= report.brokers_version),
            "an old state");

    const auto digest = pki::sha256_of(payload);
    Reaction reaction;
    const bool confirms = signer->state == CertificateState::pending;
    if (confirms || fresh || report.state != digest) {
        auto transaction = registry_.begin();
        const std::size_t retired = registry_.confirm(signer->fingerprint);
        registry_.set_report(signer->name, state->signer, digest, state->anchors_version,
                             state->brokers_version);
        transaction.commit();
        if (confirms) {
            reaction.line = fmt::format("{}: uses its new certificate, valid to {}; {} older retired",
                                        signer->name, format_time(signer->not_after), retired);
        }
    }
    if (confirms) {
        for (const Role role : {Role::device, Role::birth}) {
            const auto owner = fmt::format("{}{}", username_prefix(role), signer->name);
            reaction.answers.push_back({topic_of(owner, "certificate"), {}});
        }
    }
    reaction.answers.push_back(
        {topic_of(user, "command"), compose_command(registry_, wanted_, signer->name).message});
    return reaction;
}

Reaction Responder::command_for(std::string_view name) const {
    auto command = compose_command(registry_, wanted_, name);
    if (!command.wants_something) return {};
    return {{{topic_of(name, "command"), std::move(command.message)}}, {}};
}

}  // namespace countersign::lifecycle
