// The extensions of our certificates (RFC 5280 4.2), each as a complete DER Extension. For the sources of
// host/pki only.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "core/identity/role.h"
#include "host/pki/host_name.h"
#include "host/pki/key.h"

namespace countersign::pki {

using KeyIdentifier = std::array<std::uint8_t, 20>;

// RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 over the key's BIT STRING (no SHA-1
// anywhere).
[[nodiscard]] KeyIdentifier key_identifier(const PublicKey& key);

enum class KeyUse : std::uint8_t { certificate_authority, end_entity };

// Critical. `path_length` only for CAs.
[[nodiscard]] Bytes basic_constraints(KeyUse use, std::uint8_t path_length = 0);
// Critical. keyCertSign + cRLSign for CAs; digitalSignature for all others: no key of ours is ever encrypted
// to, so every TLS session has forward secrecy.
[[nodiscard]] Bytes key_usage(KeyUse use);
// serverAuth for the broker, clientAuth for all others.
[[nodiscard]] Bytes extended_key_usage(Role role);
[[nodiscard]] Bytes subject_key_identifier(const KeyIdentifier& id);
[[nodiscard]] Bytes authority_key_identifier(ByteView id);

// A client: urn:countersign:device:<name> and urn:countersign:role:<role>. A server: its names, its
// addresses, for old boards IPv4 addresses once more as DNS:<ip>, in this order (rustls-webpki up to 0.22
// stops at the first DNS entry that is no name); and its role.
[[nodiscard]] Bytes client_names(const std::string& name, Role role);
[[nodiscard]] Bytes server_names(std::span<const HostName> hosts, Role role,
                                 OldBoards old_boards = OldBoards::not_served);

// Of a CRL (RFC 5280 5.2.3) and of one of its entries (5.3.1).
[[nodiscard]] Bytes crl_number(std::uint64_t number);
[[nodiscard]] Bytes crl_reason(std::uint8_t reason);

}  // namespace countersign::pki
