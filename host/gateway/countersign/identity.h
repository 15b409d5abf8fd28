// Who a program is, and where its broker is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "countersign/fault.h"

namespace countersign {

struct Broker {
    std::string host;  // as it stands in the broker's certificate
    std::uint16_t port = 8883;
};

// PEM files. They are read when a Client is made, and again for a connection when they have been replaced.
struct Identity {
    std::string name;
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path anchors;  // the CAs the broker's certificate may come from; no others are trusted
    std::vector<Broker> brokers;    // dialled in this order; one that is silent is not waited for
};

// The identity in a folder that `countersign issue NAME --out FOLDER` has made. Throws Fault
// E-IDENTITY-MISSING.
[[nodiscard]] Identity load_identity(const std::filesystem::path& folder, std::vector<Broker> brokers);

// "192.168.1.22", "broker.local:8884", "[::1]:8883". Throws Fault E-HOST-INVALID.
[[nodiscard]] Broker parse_broker(const std::string& text);

}  // namespace countersign
