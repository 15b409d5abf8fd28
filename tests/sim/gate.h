// The TLS handshake and the broker's admission, as both ends of a real one would decide: certificates by
// OpenSSL, the key by a signature, the right to come in by the plugin's own decision.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/sim/authority.h"
#include "tests/sim/chronicle.h"
#include "tests/sim/frames.h"

namespace countersign::sim {

// As tests/sim/wire.py numbers them.
enum class Outcome : std::int64_t {
    admitted,
    unreachable,
    alert,
    not_authorised,
    untrusted,
    wrong_name,
    expired,
    not_yet
};

struct Hello {
    explicit Hello(FrameReader& fields);

    std::int64_t device = 0;
    Seconds clock{};  // the board's
    std::string host;
    Blob certificate;
    Blob anchors;        // each with 4 bytes of length, little endian
    Blob moment, proof;  // what was signed, and the signature
    std::string client_id;
    bool clean = false;
};

struct Judgement {
    Outcome outcome = Outcome::alert;
    std::string user;   // of the broker's, when admitted
    std::string words;  // for the chronicle
};

class Gate {
  public:
    Gate(const Agenda& agenda, const SimulatedAuthority& authority, Chronicle& chronicle)
        : agenda_(agenda), authority_(authority), chronicle_(chronicle) {}

    [[nodiscard]] Judgement judge(const Hello& hello);

  private:
    // OpenSSL takes milliseconds to read and verify, most of what a decade costs: what has verified once, and
    // is asked at a time at which the certificate is valid, is not asked again.
    std::set<std::tuple<Blob, Fingerprint, std::string>> trusted_;  // anchors, broker's certificate, host
    std::map<Blob, pki::Certificate> read_;
    std::set<Fingerprint> verified_;
    std::set<std::pair<std::int64_t, Fingerprint>> proven_;  // board, certificate whose key it has shown

    [[nodiscard]] const pki::Certificate& read(const Blob& der);
    [[nodiscard]] Judgement of_the_board(const Hello& hello);
    [[nodiscard]] Judgement of_the_broker(const Hello& hello);

    const Agenda& agenda_;
    const SimulatedAuthority& authority_;
    Chronicle& chronicle_;
};

}  // namespace countersign::sim
