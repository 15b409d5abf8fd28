#include "host/lifecycle/signing_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/identity/message.h"
#include "host/base/error.h"
#include "host/lifecycle/key_history.h"
#include "host/lifecycle/plausible_clock.h"
#include "host/pki/csr.h"
#include "host/pki/lint.h"
#include "host/pki/message_signature.h"
#include "host/pki/verify.h"

namespace countersign::lifecycle {
namespace {

constexpr std::chrono::seconds kDay = std::chrono::days(1);

void rule(bool kept, std::string_view otherwise) {
    if (!kept) throw Error(Code::SignerRefused, fmt::format("Not signed: {}.", otherwise));
}

// What OpenSSL or the linter say against it is a refusal like any other.
template <class Body>
auto refusing(Body body) {
    try {
        return body();
    } catch (const Error& error) {
        const auto code = error.id();
        if (code == Code::SignerRefused || code == Code::RegistryBusy || code == Code::ClockDoubtful) throw;
        throw Error(Code::SignerRefused, error.detail());
    }
}

// What both allow.
RenewalPolicy narrowed(RenewalPolicy wanted, const SignerPolicy& allowed) {
    wanted.per_day = std::min(wanted.per_day, allowed.per_day);
    wanted.birth_needs_nod = wanted.birth_needs_nod || allowed.birth_needs_nod;
    return wanted;
}

void check_number_after(const std::optional<registry::LastRequest>& last, std::uint32_t number,
                        const Fingerprint& key) {
    if (!last) return;
    rule(number >= last->number, "its request is an old one");
    rule(number > last->number || key == last->key, "its request came before with another key");
}

}  // namespace

SigningDesk::SigningDesk(const registry::Registry& registry, const pki::Authority& authority,
                         pki::Signer& key, const Clock& clock, std::function<Settings()> settings,
                         std::function<SignerPolicy()> policy, Ancestors ancestors)
    : registry_(registry),
      authority_(authority),
      key_(key),
      clock_(clock),
      settings_(std::move(settings)),
      policy_(std::move(policy)),
      ancestors_(std::move(ancestors)) {}

pki::Bytes SigningDesk::sign(pki::ByteView tbs, pki::ByteView request) {
    return refusing([&] {
        const auto info = pki::read_tbs(tbs);
        rule(info.role.has_value(), "it names no role");
        check_clock(registry_, clock_.now(), kFarAheadOfSigner);
        const auto settings = settings_();
        const auto allowed = policy_();
        const auto policy = narrowed(renewal_policy(settings), allowed);
        const bool device = *info.role == Role::device;
        const std::chrono::seconds lifetime = device ? policy.lifetime : std::chrono::days(settings.days);
        rule(lifetime <= allowed.longest,
             fmt::format("settings.json wants {} days or more, authority/signer.json allows {}",
                         std::chrono::floor<std::chrono::days>(lifetime).count(), allowed.longest.count()));
        std::optional<Proof> proof;
        if (device) {
            proof = check_request(info, request);
            const bool approved = is_approved(info.name, proof->key);
            // Where two devices have the identity a person decides by the key: their numbers say nothing.
            if (!approved) check_number(*proof);
            rule(approved || proof->role != Role::birth || !policy.birth_needs_nod,
                 "nobody has approved its Request");
            check_device(info, policy);
        } else {
            check_own(info);
        }
        pki::lint_leaf(tbs, pki::Profile({*info.role, lifetime}), authority_.issuing(), clock_.now());
        if (proof) {
            signed_[info.name].push_back(clock_.now());
            auto& highest = numbers_[proof->signer];
            if (proof->number >= highest.number) highest = {proof->number, proof->key};
        }
        return key_.sign(tbs);
    });
}

// The certificate in the row, which goes back to a root of ours: the registry alone is not believed.
pki::Certificate SigningDesk::check_ancestry(const registry::Certificate& row, Seconds at) const {
    auto certificate = pki::parse_certificate(row.der);
    rule(certificate.info.fingerprint == row.fingerprint && certificate.info.name == row.name &&
             certificate.info.role == row.role,
         "the registry's row of its certificate is not what that says");
    try {
        pki::verify_strictly(certificate, ancestors_.issuing, ancestors_.roots,
                             {pki::Purpose::any, at, std::nullopt});
    } catch (const Error& error) {
        rule(false, fmt::format("its certificate is not by a CA of ours ({})", error.detail()));
    }
    return certificate;
}

SigningDesk::Proof SigningDesk::check_request(const pki::CertificateInfo& info, pki::ByteView bytes) const {
    const auto request = message::decode_request(bytes);
    rule(request.has_value(), "no Request of a device came with it");
    const auto row = registry_.find_certificate(request->signer);
    rule(row.has_value(), "the certificate that signed its Request is not registered");
    rule(row->role == Role::device || row->role == Role::birth, "its Request is not signed by a device");
    const auto signer = check_ancestry(*row, clock_.now());
    rule(signer.info.name == info.name, "another device signed its Request");
    rule(may_connect(row->state),
         fmt::format("the certificate that signed its Request is {}", to_string(row->state)));
    rule(pki::verify_message(pki::public_key_of(signer), request->signed_part, request->signature),
         "its Request is not signed by the certificate it names");
    const auto csr = pki::parse_csr(request->csr);
    const auto key = pki::sha256_of(csr.public_key.spki);
    rule(csr.name == info.name && key == info.spki_sha256, "its Request asks for another name or key");
    return {request->signer, request->number, key, row->role};
}

void SigningDesk::check_number(const Proof& proof) const {
    check_number_after(registry_.last_request(proof.signer), proof.number, proof.key);
    if (const auto seen = numbers_.find(proof.signer); seen != numbers_.end())
        check_number_after(seen->second, proof.number, proof.key);
}

bool SigningDesk::is_approved(std::string_view name, const Fingerprint& key) const {
    const auto waiting = registry_.waiting_of(name);
    return std::ranges::any_of(waiting, [&](const auto& one) { return one.approved && one.key == key; });
}

void SigningDesk::check_device(const pki::CertificateInfo& info, const RenewalPolicy& policy) {
    const auto device = registry_.find_device(info.name);
    rule(device && device->name == info.name && device->role == Role::device, "no device of this name");
    rule(!device->forked,
         fmt::format("two devices use the identity of {}, and nobody has decided", info.name));
    const auto certificates = registry_.certificates_of(info.name);
    rule(std::any_of(certificates.begin(), certificates.end(),
                     [](const auto& one) { return may_connect(one.state); }),
         fmt::format("{} is not let in", info.name));
    rule(std::none_of(certificates.begin(), certificates.end(),
                      [](const auto& one) { return one.state == CertificateState::held; }),
         fmt::format("{} is held", info.name));
    check_key_history(registry_, authority_, info.spki_sha256, info.name, Role::device);
    if (const auto known = registry_.find_by_key(info.spki_sha256))
        rule(may_connect(known->state), "its key has been condemned");
    rule(info.key_type == pki::KeyType::p256, "its key is not P-256");
    const auto so_far =
        std::max(count_signed(info.name), registry_.renewed_since(info.name, clock_.now() - kDay));
    rule(so_far < policy.per_day, fmt::format("{} had {} certificates within a day", info.name, so_far));
}

void SigningDesk::check_own(const pki::CertificateInfo& info) const {
    rule(*info.role != Role::birth, "birth certificates are made by hand");
    const auto known = registry_.find_by_key(info.spki_sha256);
    rule(known && known->name == info.name && known->role == *info.role,
         fmt::format("{} has another key", info.name));
    rule(may_connect(known->state), fmt::format("{} is {}", info.name, to_string(known->state)));
    // Its end is no matter: the host may have been off for long.
    const auto before = check_ancestry(*known, known->not_before);
    rule(before.info.spki_sha256 == info.spki_sha256, fmt::format("{} has another key", info.name));
    rule(std::all_of(info.hosts.begin(), info.hosts.end(),
                     [&](const auto& host) {
                         return std::find(before.info.hosts.begin(), before.info.hosts.end(), host) !=
                                before.info.hosts.end();
                     }),
         "it names a host the broker does not have");
}

std::size_t SigningDesk::count_signed(const std::string& name) {
    const auto found = signed_.find(name);
    if (found == signed_.end()) return 0;
    std::erase_if(found->second, [&](Seconds time) { return time <= clock_.now() - kDay; });
    return found->second.size();
}

}  // namespace countersign::lifecycle
