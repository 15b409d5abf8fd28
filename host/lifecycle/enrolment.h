// A device whose keys were born on it: the host sees its requests and signs them, twice over the same way for
// the same keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/open_home.h"

namespace countersign::lifecycle {

// What a board says of itself before anything is asked of it. Nothing of it is proven.
struct BoardClaim {
    std::string chip_id;      // hex; "" for a board without one
    std::string certificate;  // fingerprint of the one in use, in hex; "" when there is none
};

// Whether this board needs (new) certificates to be NAME: not when it holds one of its working certificates
// that may connect, unless `replace`. Throws Error{NameInvalid, NameReserved, NameTaken}: NAME is another
// board, whose certificate still works.
[[nodiscard]] bool must_enrol(const registry::Registry& registry, const std::string& name,
                              const BoardClaim& board, bool replace, Seconds now);

// That a board that calls itself `board_name` is not another registered device that would be left without its
// board. Throws Error{BoardKnown}.
void check_not_another(const registry::Registry& registry, const std::string& name,
                       const std::string& board_name, const BoardClaim& board, Seconds now);

// Whether NAME's newest working certificate is the one whose key lies in devices/NAME: such a device is
// loaded with this key, as before.
[[nodiscard]] bool key_is_on_host(const Home& home, const registry::Registry& registry,
                                  const std::string& name);

struct EnrolRequest {
    std::string name;
    std::string chip_id;
    pki::Bytes working, birth;  // PKCS#10, foreign bytes
};

struct Enrolled {
    pki::Certificate working, birth;
    bool again = false;  // both had been issued before, by a load that was interrupted
};

// Signs both requests and registers both certificates, pending, in one transaction with the chip's id. Keys
// that were certified for this name before get the same certificates. Throws Error{CsrInvalid,
// KeyTypeUnsupported, KeyUsed} for requests that are not two P-256 keys of this name and nobody else's, and
// what the issuer throws.
[[nodiscard]] Enrolled enrol(OpenHome& home, IssuingAuthority& authority, const EnrolRequest& request);

// The board holds the birth key: certificates of the same kind issued before are retired. The working
// certificate waits for its first use.
void confirm_enrolment(OpenHome& home, const Enrolled& enrolled, std::string_view board);

}  // namespace countersign::lifecycle
