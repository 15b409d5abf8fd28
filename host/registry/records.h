// What the registry keeps: the shapes of its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/identity/role.h"
#include "host/base/clock.h"

namespace countersign::registry {

// One name: a device, or an operator, responder or broker. A name is used once, whatever the role, and
// spellings that differ only in case are the same name: folders are made from names, and people read them
// out.
struct Device {
    std::string name;
    Role role = Role::device;
    Seconds created{};    // set by the registry
    std::string chip_id;  // "" until a board has told it
    std::string note;
};

struct Certificate {
    Fingerprint fingerprint{};  // SHA-256 of `der`
    std::string name;           // the device it belongs to, in the device's own spelling
    Role role = Role::device;   // birth certificates belong to a device too
    std::string serial;         // lower-case hex, no separators
    Seconds not_before{};
    Seconds not_after{};
    CertificateState state = CertificateState::pending;
    Seconds issued_at{};        // set by the registry
    Fingerprint spki_sha256{};  // SHA-256 of the SubjectPublicKeyInfo: the same key gives the same answer
    Fingerprint issuer{};       // fingerprint of the issuing CA's certificate
    std::vector<std::uint8_t> der;
};

// `kind` is one word. The registry itself writes: enrolled, added, issued, board, confirmed, retired, held,
// reinstated, revoked.
struct Event {
    std::int64_t seq = 0;  // 1, 2, 3… without a gap
    Seconds time{};
    std::string kind;
    std::string name;                        // "" when it concerns no single device
    std::optional<Fingerprint> fingerprint;  // the certificate concerned
    std::string detail;
};

// One line of `list`: the device and the certificate that counts (active, else pending, else the newest).
struct Summary {
    Device device;
    std::optional<Certificate> certificate;  // without `der`
};

struct Filter {
    std::optional<Role> role;               // of the device
    std::optional<CertificateState> state;  // of the certificate that counts
    std::optional<Seconds> expires_before;  // of the certificate that counts
    std::string name_glob;                  // "kitchen-*"; "" for every name; without regard to case
};

// What has been published to the admission file: events up to `event_seq`, into the file with this stamp.
struct Publication {
    std::int64_t event_seq = 0;
    std::uint64_t generation = 0;
    std::uint64_t size = 0;
};

}  // namespace countersign::registry
