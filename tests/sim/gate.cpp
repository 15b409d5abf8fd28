#include "tests/sim/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/identity/message.h"
#include "host/base/error.h"
#include "host/broker/plugin/decision.h"
#include "host/pki/message_signature.h"
#include "host/pki/verify.h"

namespace countersign::sim {
namespace {

std::vector<pki::Certificate> read_anchors(BlobView all) {
    std::vector<pki::Certificate> anchors;
    while (all.size() > 4) {
        const std::size_t size = all[0] | all[1] << 8U | all[2] << 16U;
        anchors.push_back(pki::parse_certificate(all.subspan(4, size)));
        all = all.subspan(4 + size);
    }
    return anchors;
}

bool is_valid_at(const pki::Certificate& certificate, Seconds time) {
    return certificate.info.not_before <= time && time <= certificate.info.not_after;
}

bool holds_the_key(const pki::Certificate& certificate, const Hello& hello) {
    message::Signature signature{};
    if (hello.proof.size() != signature.size()) return false;
    std::copy(hello.proof.begin(), hello.proof.end(), signature.begin());
    return pki::verify_message(pki::public_key_of(certificate), hello.moment, signature);
}

}  // namespace

Hello::Hello(FrameReader& fields) {
    device = fields.number();
    clock = Seconds(std::chrono::seconds(fields.number()));
    host = fields.text();
    (void)fields.number();  // the port
    certificate = fields.blob();
    anchors = fields.blob();
    moment = fields.blob();
    proof = fields.blob();
    client_id = fields.text();
    clean = fields.number() != 0;
}

Judgement Gate::judge(const Hello& hello) {
    auto judgement = of_the_board(hello);
    return judgement.outcome == Outcome::admitted ? of_the_broker(hello) : judgement;
}

const pki::Certificate& Gate::read(const Blob& der) {
    auto found = read_.find(der);
    if (found == read_.end()) found = read_.emplace(der, pki::parse_certificate(der)).first;
    return found->second;
}

Judgement Gate::of_the_board(const Hello& hello) {
    const auto& leaf = authority_.broker_leaf();
    const auto question = std::tuple(hello.anchors, leaf.info.fingerprint, hello.host);
    if (is_valid_at(leaf, hello.clock) && trusted_.contains(question)) return {Outcome::admitted, {}, {}};
    try {
        pki::verify_strictly(leaf, authority_.broker_chain(), read_anchors(hello.anchors),
                             {pki::Purpose::server, hello.clock, pki::HostName::parse(hello.host)});
        trusted_.insert(question);
        return {Outcome::admitted, {}, {}};
    } catch (const Error& error) {
        Outcome outcome = Outcome::untrusted;
        if (error.id() == Code::CertExpired) outcome = Outcome::expired;
        if (error.id() == Code::CertNotYet) outcome = Outcome::not_yet;
        if (error.id() == Code::BrokerName) outcome = Outcome::wrong_name;
        return {outcome, {}, fmt::format("does not trust the broker: {}", error.detail())};
    }
}

Judgement Gate::of_the_broker(const Hello& hello) {
    const auto& certificate = read(hello.certificate);
    const auto& fingerprint = certificate.info.fingerprint;
    if (proven_.contains({hello.device, fingerprint}) || holds_the_key(certificate, hello)) {
        proven_.emplace(hello.device, fingerprint);
    } else {
        chronicle_.wrong(fmt::format("{} shows a certificate without its key", hello.client_id));
        return {Outcome::alert, {}, "has no key"};
    }
    try {
        if (!is_valid_at(certificate, agenda_.now()) || !verified_.contains(fingerprint)) {
            pki::verify_strictly(certificate, authority_.issuing_cas(), authority_.roots(),
                                 {pki::Purpose::client, agenda_.now(), {}});
            verified_.insert(fingerprint);
        }
    } catch (const Error& error) {
        return {Outcome::alert, {}, fmt::format("is refused in the handshake: {}", error.detail())};
    }
    const auto decision = broker::plugin::decide(true, authority_.standing(fingerprint),
                                                 agenda_.now().time_since_epoch().count(),
                                                 certificate.info.name, hello.client_id);
    if (decision.reason != broker::plugin::Reason::none) {
        return {Outcome::not_authorised, {}, fmt::format("{}", broker::plugin::in_words(decision.reason))};
    }
    if (authority_.revoked().contains(certificate.info.name)) {
        chronicle_.wrong(fmt::format("{} is revoked and has come in", certificate.info.name));
    }
    return {Outcome::admitted, decision.username, {}};
}

}  // namespace countersign::sim
