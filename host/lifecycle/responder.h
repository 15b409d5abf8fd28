// The responder's decisions (docs/protocol.md, "Renewal" and "State and commands"): what a device says in,
// what it is answered out. No broker, no network: whoever carries the messages is not believed.
//
// What is answered was committed to the registry before; bring the admission file up to date before the
// answer is published, so that a certificate works the moment its device has it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/errors/catalogue.h"
#include "core/identity/message.h"
#include "host/lifecycle/renewal.h"
#include "host/lifecycle/wanted.h"
#include "host/pki/csr.h"
#include "host/pki/issuer.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

using Payload = std::span<const std::uint8_t>;

// Retained, QoS 1. An empty payload clears the topic.
struct Answer {
    std::string topic;
    std::vector<std::uint8_t> payload;
};

struct Reaction {
    std::vector<Answer> answers;
    std::string line;  // one readable line for the log; "" when nothing is worth a word
};

// References must outlive it. The registry's home is locked by the caller.
class Responder {
  public:
    Responder(registry::Registry& registry, pki::Issuer& issuer, const Clock& clock, RenewalPolicy policy,
              const Wanted& wanted)
        : registry_(registry), issuer_(issuer), clock_(clock), policy_(policy), wanted_(wanted) {}

    // A message on countersign/USER/request or …/state; `fresh` when it was not stored in the broker before.
    // Whatever it is, it is an answer or a line, never an error. Throws only what is ours: the registry's
    // errors, Error{SignerUnreachable, ClockDoubtful}: call again later, nothing has changed.
    [[nodiscard]] Reaction received(std::string_view topic, Payload payload, bool fresh);

    // A person has approved what waits for this device.
    [[nodiscard]] Reaction approved(std::string_view name);

    // What is wanted of a device, when it is more than to acknowledge.
    [[nodiscard]] Reaction command_for(std::string_view name) const;

  private:
    struct Asked;  // a Request that is what it says
    [[nodiscard]] Reaction request(std::string_view user, Payload payload, bool fresh);
    [[nodiscard]] Reaction state(std::string_view user, Payload payload, bool fresh);
    [[nodiscard]] Asked verified(std::string_view user, Payload payload) const;
    [[nodiscard]] bool is_current(const registry::Certificate& certificate) const;
    [[nodiscard]] Reaction answer_again(const Asked& asked, const registry::Certificate& certificate) const;
    [[nodiscard]] Reaction refuse(const Asked& asked, Code code, std::chrono::seconds retry_after) const;
    [[nodiscard]] bool is_chosen(const Asked& asked) const;
    [[nodiscard]] std::optional<std::string> sign_of_fork(const Asked& asked, bool has_certificate) const;
    [[nodiscard]] Reaction hold(const Asked& asked, Payload payload);
    [[nodiscard]] Reaction forked(const Asked& asked, Payload payload, std::string_view what);
    [[nodiscard]] Reaction wait_for_nod(const Asked& asked, Payload payload);
    [[nodiscard]] Reaction issue(const Asked& asked);
    [[nodiscard]] Answer certificate_answer(const Asked& asked, std::span<const std::uint8_t> leaf) const;

    registry::Registry& registry_;
    pki::Issuer& issuer_;
    const Clock& clock_;
    RenewalPolicy policy_;
    const Wanted& wanted_;
};

}  // namespace countersign::lifecycle
