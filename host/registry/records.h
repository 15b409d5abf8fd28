// What the registry keeps: the shapes of its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
    // Two devices were seen to use its identity: nothing is renewed until a person has decided.
    std::optional<Seconds> forked{};
};

// The numbers are written to the registry: never change one.
enum class Origin : std::uint8_t {
    by_hand = 1,  // issued, loaded: its first use confirms it
    renewal = 2   // asked for by the device: only a signed State that names it confirms it
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
    Origin origin = Origin::by_hand;
    std::vector<std::uint8_t> der;
};

// Alarms from the broker's door.
inline constexpr std::string_view kRetiredCame = "retired-came";  // a replaced certificate tried to connect
inline constexpr std::string_view kTakenOver = "taken-over";      // its session, again and again

inline constexpr std::string_view kOverLimit = "over-limit";  // it asked more of the broker than it may

// `kind` is one word. The registry itself writes: enrolled, added, issued, board, confirmed, retired, held,
// reinstated, revoked, asked, waiting, approved, forked, and the three above. Its callers: loaded, listed,
// clock.
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
    std::optional<Certificate> certificate;  // `der` only where the filter asks for it
    std::optional<Seconds> seen;             // the last signed word from it
};

struct Filter {
    std::optional<Role> role;               // of the device
    std::optional<CertificateState> state;  // of the certificate that counts
    std::optional<Seconds> expires_before;  // of the certificate that counts
    std::string name_glob;                  // "kitchen-*"; "" for every name; without regard to case
    bool with_der = false;                  // one query for all of them
};

// The highest request number seen under one signer.
struct LastRequest {
    std::uint32_t number = 0;
    Fingerprint key{};  // SHA-256 of the SubjectPublicKeyInfo it was for

    friend bool operator==(const LastRequest&, const LastRequest&) = default;
};

// A request that needs a person's nod. One for each key.
struct Waiting {
    std::string name;
    Fingerprint key{};
    std::vector<std::uint8_t> request;  // the whole message, as it came
    Seconds since{};                    // set by the registry
    bool approved = false;              // for this very key
};

// What a device has last said of itself in a State, and whether it was asked to renew.
struct Report {
    std::optional<Seconds> seen;
    std::optional<Fingerprint> signer;  // of the State
    std::optional<Fingerprint> state;   // SHA-256 of the State
    std::uint32_t anchors_version = 0;  // 0: it has not said
    std::uint32_t brokers_version = 0;
    std::optional<Fingerprint> renew;  // the certificate it is to replace now
};

// A certificate that is out: revoked for good, or held.
struct Revocation {
    std::string serial;    // as in Certificate
    Fingerprint issuer{};  // as in Certificate
    Seconds not_after{};
    CertificateState state = CertificateState::revoked;
    Seconds at{};        // of the act
    std::string reason;  // the event's detail
};

// What has been published to the admission file: events up to `event_seq`, into the file with this stamp.
struct Publication {
    std::int64_t event_seq = 0;
    std::uint64_t generation = 0;
    std::uint64_t size = 0;
};

}  // namespace countersign::registry
