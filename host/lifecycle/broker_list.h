// The list of brokers as a message that the issuing CA signs (docs/protocol.md, "Broker addresses"): the
// broker, which carries it, cannot make one.
#pragma once

#include "core/identity/message.h"
#include "host/lifecycle/wanted.h"
#include "host/pki/authority.h"
#include "host/pki/signer.h"

namespace countersign::lifecycle {

// The first so many: a certificate may name more hosts than a device keeps. The texts stay in `brokers`.
[[nodiscard]] message::BrokerList as_list(const Wanted::Brokers& brokers);

// Throws Error{KeyTypeUnsupported} for a CA whose key is not P-256.
[[nodiscard]] std::vector<std::uint8_t> make_broker_list(const Wanted::Brokers& brokers,
                                                         const pki::Certificate& issuing, pki::Signer& key);

// Whether what is signed is the list of settings.json, by this CA. True for a CA whose kind of key cannot
// sign messages: there is nothing to do.
[[nodiscard]] bool broker_list_is_current(const Home& home, const Settings& settings,
                                          const pki::Authority& authority);
// Signs it when it is not. The home is locked by the caller.
void refresh_broker_list(const Home& home, const Settings& settings, const pki::Authority& authority,
                         pki::Signer& key);

// The whole message; empty when there is none. Its version; 0 for none.
[[nodiscard]] std::vector<std::uint8_t> read_broker_list(const Home& home);
[[nodiscard]] std::uint32_t broker_list_version(const Home& home);

}  // namespace countersign::lifecycle
