// What the authority wants of a device: the seam that rollover and `hosts` fill, and the one place where a
// Command is put together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/identity/message.h"
#include "host/lifecycle/home.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

class Wanted {
  public:
    struct Brokers {
        std::uint32_t version = 0;
        std::uint16_t port = 0;
        std::vector<std::string> hosts;  // in the order to try them
    };

    virtual ~Wanted() = default;
    // The whole anchor set message that follows this version; empty when there is none.
    [[nodiscard]] virtual std::vector<std::uint8_t> anchor_set_after(std::uint32_t version) const = 0;
    [[nodiscard]] virtual Brokers brokers() const = 0;
    // The same as a whole message of the issuing CA's; empty, or of another version, while it is not signed.
    [[nodiscard]] virtual std::vector<std::uint8_t> signed_brokers() const { return {}; }
};

// settings.json names the brokers; authority/anchors/<version> is the anchor set of that version.
class WantedOfHome final : public Wanted {
  public:
    WantedOfHome(Home home, Settings settings) : home_(std::move(home)), settings_(std::move(settings)) {}
    [[nodiscard]] std::vector<std::uint8_t> anchor_set_after(std::uint32_t version) const override;
    [[nodiscard]] Brokers brokers() const override;
    [[nodiscard]] std::vector<std::uint8_t> signed_brokers() const override;

  private:
    Home home_;
    Settings settings_;
};

struct ComposedCommand {
    std::vector<std::uint8_t> message;
    bool wants_something = false;  // more than to acknowledge
};

// Everything that is wanted of this device now (docs/protocol.md, "State and commands"). Anchors and brokers
// are sent to devices that have said what they have.
[[nodiscard]] ComposedCommand compose_command(const registry::Registry& registry, const Wanted& wanted,
                                              std::string_view name);

}  // namespace countersign::lifecycle
