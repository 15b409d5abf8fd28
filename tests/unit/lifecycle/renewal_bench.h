// A responder over a real authority and a real registry in memory, and devices that speak to it. What a
// device signs here is checked by the responder, what the responder answers is read by these devices: the two
// share the codec alone, which has tests of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "host/lifecycle/issue.h"
#include "host/lifecycle/responder.h"
#include "host/pki/message_signature.h"
#include "tests/unit/pki/support.h"

namespace countersign::lifecycle {

// A PKCS#10 by the openssl program.
inline pki::Bytes make_csr(const std::string& name, const pki::PrivateKey& key) {
    const test::TemporaryFolder folder;
    const std::string key_file = folder / "key.pem";
    const std::string csr_file = folder / "csr.der";
    write_file(key_file, key.to_pem().text(), kPrivateFile);
    pki::openssl(
        {"req", "-new", "-key", key_file, "-subj", "/CN=" + name, "-outform", "DER", "-out", csr_file});
    return read_file(csr_file);
}

struct FakeWanted final : Wanted {
    [[nodiscard]] std::vector<std::uint8_t> anchor_set_after(std::uint32_t version) const override {
        return version + 1 == anchors_version ? anchors : std::vector<std::uint8_t>{};
    }
    [[nodiscard]] Brokers brokers() const override { return list; }
    [[nodiscard]] std::vector<std::uint8_t> signed_brokers() const override { return signed_list; }
    std::uint32_t anchors_version = 0;
    std::vector<std::uint8_t> anchors;
    Brokers list{1, 8883, {"broker.local"}};
    std::vector<std::uint8_t> signed_list;
};

// A certificate and its key, and how many requests were made under it.
struct Identity {
    pki::PrivateKey key = pki::PrivateKey::generate(pki::KeyType::p256);
    pki::Certificate certificate{};
    std::uint32_t number = 0;
};

inline std::vector<std::uint8_t> signed_by(const pki::PrivateKey& key, std::vector<std::uint8_t> room,
                                           std::size_t size) {
    const auto signature = pki::sign_message(key, std::span(room).first(size));
    room.resize(message::append_signature(room, size, signature));
    return room;
}

inline std::vector<std::uint8_t> make_request(const Identity& signer, std::uint32_t number,
                                              pki::ByteView csr) {
    message::Request request;
    request.signer = signer.certificate.info.fingerprint;
    request.number = number;
    request.csr = csr;
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(request, room);
    return signed_by(signer.key, std::move(room), size);
}

inline std::vector<std::uint8_t> make_state(const Identity& signer, std::uint32_t anchors = 1,
                                            std::uint32_t brokers = 1) {
    const message::State state{signer.certificate.info.fingerprint, anchors, brokers, {}, {}};
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(state, room);
    return signed_by(signer.key, std::move(room), size);
}

class RenewalBench : public testing::Test {
  protected:
    [[nodiscard]] Responder responder() { return {registry, bench.issuer, bench.clock, policy, wanted}; }

    // Issued by hand.
    Identity enrol(const std::string& name, Role role = Role::device,
                   CertificateState state = CertificateState::active) {
        Identity identity;
        identity.certificate =
            bench.issuer.issue(pki::Profile({role, policy.lifetime}), {name, identity.key.public_key(), {}});
        auto row = as_row(identity.certificate, role, bench.authority);
        row.state = state;
        if (!registry.find_device(name)) {
            registry.add_device({name, role == Role::birth ? Role::device : role, {}, "", "", {}});
        }
        registry.add_certificate(row);
        return identity;
    }

    Reaction ask(const std::string& user, pki::ByteView request) {
        return responder().received("countersign/" + user + "/request", request, true);
    }
    Reaction tell(const std::string& user, pki::ByteView state) {
        return responder().received("countersign/" + user + "/state", state, true);
    }

    // The certificate in the one answer there must be.
    static pki::Certificate leaf_in(const Reaction& reaction) {
        EXPECT_EQ(reaction.answers.size(), 1U) << reaction.line;
        if (reaction.answers.empty()) return {};
        const auto answer = message::decode_certificate(reaction.answers[0].payload);
        EXPECT_TRUE(answer) << reaction.line;
        return answer ? pki::parse_certificate(answer->leaf) : pki::Certificate{};
    }
    // The code in the one answer there must be.
    static std::string error_in(const Reaction& reaction) {
        EXPECT_EQ(reaction.answers.size(), 1U) << reaction.line;
        if (reaction.answers.empty()) return {};
        const auto answer = message::decode_refusal(reaction.answers[0].payload);
        EXPECT_TRUE(answer) << reaction.line;
        return answer ? std::string(answer->error) : "";
    }
    [[nodiscard]] CertificateState state_of(const Identity& identity) const {
        return registry.find_certificate(identity.certificate.info.fingerprint)->state;
    }
    [[nodiscard]] std::string kinds_of(const std::string& name) const {
        std::string kinds;
        for (const auto& event : registry.events_of(name)) kinds += event.kind + " ";
        return kinds;
    }

    // The whole way: asks, gets, tells. The next identity.
    Identity renew(Identity& from, const std::string& name) {
        Identity next;
        const auto csr = make_csr(name, next.key);
        next.certificate = leaf_in(ask(name, make_request(from, ++from.number, csr)));
        tell(name, make_state(next));
        return next;
    }

    void later(std::chrono::seconds by) { bench.clock.set(bench.clock.now() + by); }

    pki::Bench bench;
    registry::Registry registry = registry::Registry::create(":memory:", bench.clock);
    RenewalPolicy policy{std::chrono::days(90), false, 5};
    FakeWanted wanted;
};

}  // namespace countersign::lifecycle
