// What the signer goes by and the responder cannot change: authority/signer.json. The responder writes to the
// registry and could to settings.json; a folder that its unit may only read (`up --print-systemd`) holds
// this.
#pragma once

#include <chrono>
#include <set>
#include <vector>

#include "host/lifecycle/open_home.h"
#include "host/pki/certificate.h"

namespace countersign::lifecycle {

struct SignerPolicy {
    std::chrono::days longest{};   // lifetime of what it signs
    std::size_t per_day = 0;       // certificates for one device
    bool birth_needs_nod = false;  // a person approves what a birth certificate asks for
    std::set<Fingerprint> roots;   // a device shows a certificate that goes back to one of these
};

// Throws Error{AuthorityBroken} when it is missing or damaged.
[[nodiscard]] SignerPolicy load_signer_policy(const Home& home);

// The first signer of a home writes it, from the settings and the CAs there are.
void ensure_signer_policy(const OpenHome& home);

// Before a new root's ChangeSet: an interrupted rollover leaves one that has signed nothing.
void trust_root(const Home& home, const Fingerprint& root);

// The CAs that certificates in use may go back to, the present ones among them.
struct Ancestors {
    std::vector<pki::Certificate> roots, issuing;
};

// Out of the broker's file, which is believed in nothing: roots are those of the policy, and issuing CAs have
// to verify under one of them.
[[nodiscard]] Ancestors load_ancestors(const Home& home, const SignerPolicy& policy);

}  // namespace countersign::lifecycle
