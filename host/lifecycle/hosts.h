// The broker's addresses, in the order in which devices try them.
//
// A change first re-issues the broker's certificate and then writes settings.json: killed in between, the
// same command does both again, and no device is ever told of an address the certificate does not name.
#pragma once

#include <array>

#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/broker_identity.h"

namespace countersign::lifecycle {

enum class Place : std::uint8_t { first, last };

struct HostsChange {
    std::vector<std::string> hosts;
    std::uint32_t version = 1;  // of the list; the same as before when the list is
    BrokerCertificate broker;
};

// The list that would result. Asked before the passphrase is. `hosts_with` leaves a host that is there where
// it is, unless it is to be first. `hosts_without` throws Error{HostUnknown, HostLast}.
[[nodiscard]] std::vector<pki::HostName> hosts_with(const Settings& settings,
                                                    const std::vector<pki::HostName>& more, Place place);
[[nodiscard]] std::vector<pki::HostName> hosts_without(const Settings& settings,
                                                       const std::vector<pki::HostName>& fewer);

// Throws what reissue_broker throws; HostInvalid for more than a certificate can name.
[[nodiscard]] HostsChange set_hosts(OpenHome& home, IssuingAuthority& authority,
                                    const std::vector<pki::HostName>& hosts);

// Whether boards with MicroPython before 1.24 find the broker's addresses in its certificate.
[[nodiscard]] HostsChange set_old_boards(OpenHome& home, IssuingAuthority& authority, bool served);

enum class FormerPort : std::uint8_t { keep, drop };

struct PortChange {
    std::uint16_t port = 0;
    std::vector<std::uint16_t> former;  // where the broker goes on listening
    std::size_t devices = 0;            // that are registered, and dial the port they were given
};

// The broker listens there when it next starts. Former ports are kept for devices that are registered.
[[nodiscard]] PortChange set_port(OpenHome& home, std::uint16_t port, FormerPort former);

// Boards with MicroPython before 1.24 look for an address among the DNS names only.
[[nodiscard]] bool is_old_board(const std::array<int, 3>& micropython) noexcept;

}  // namespace countersign::lifecycle
