// Enrolment over the cable (docs/protocol.md): keys born on the board, certificates brought to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/loader/board_facts.h"
#include "host/loader/conversation.h"

namespace countersign::loader {

struct BrokerAddress {
    std::string host;  // as it stands in the broker's certificate
    std::uint16_t port = 8883;
};

// What a board is told beside its certificates. The versions are those of docs/protocol.md.
struct Trust {
    std::vector<Bytes> anchors;          // DER, each a certificate by itself; 1 to 8
    std::vector<BrokerAddress> brokers;  // in the order to try them; the first one also goes into wifi.conf
    std::uint32_t anchors_version = 1;
    std::uint32_t brokers_version = 1;
};

// What a board asks for: PKCS#10 in DER, not yet checked by anybody.
struct EnrolmentRequest {
    std::string chip_id;  // hex
    Bytes working, birth;
};

struct EnrolmentAnswer {
    Bytes working, birth;  // certificates in DER
};

// Who decides and signs: the loader knows boards, not authorities.
class Registrar {
  public:
    virtual ~Registrar() = default;

    // Asked before anything is written to the board. False: what it holds is in order. Throws to refuse it.
    virtual bool must_enrol(const BoardFacts& facts) = 0;
    // The same answer for the same keys, so that an interrupted load can be repeated.
    virtual EnrolmentAnswer certify(const EnrolmentRequest& request) = 0;
    // The board has taken both certificates.
    virtual void enrolled() = 0;
};

// Both keys, both certificates, tried by the board's own TLS; the pointer has flipped when it returns.
// Returns the slot. The program must be on the board. Throws what Conversation::run and the registrar throw.
char enrol(const Conversation& talk, const std::string& name, const Trust& trust, Registrar& registrar);

// What countersign.enrol.request() printed. Throws Error{BoardFailed}.
[[nodiscard]] EnrolmentRequest parse_enrolment(std::string_view output);

}  // namespace countersign::loader
