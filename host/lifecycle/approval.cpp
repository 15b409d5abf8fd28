#include "host/lifecycle/approval.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/pki/certificate.h"

namespace countersign::lifecycle {
namespace {

constexpr std::size_t kLeastDigits = 8;  // 32 bits: shown side by side, two keys differ in them

// What a person may choose from: the keys that wait, and those with a certificate that works.
std::vector<registry::Waiting> choices(const registry::Registry& registry, std::string_view name) {
    auto found = registry.waiting_of(name);
    for (const auto& row : registry.certificates_of(name)) {
        if (row.role != Role::device || !may_connect(row.state)) continue;
        found.push_back({row.name, row.spki_sha256, {}, row.issued_at, false});
    }
    return found;
}

registry::Waiting the_only_one(const registry::Registry& registry, const registry::Device& device) {
    const auto waiting = registry.waiting_of(device.name);
    if (waiting.empty() && !device.forked) {
        throw Error(Code::NothingWaits, fmt::format("No request of {} waits.", device.name));
    }
    if (device.forked || waiting.size() != 1) {
        throw Error(Code::IdentityForked,
                    fmt::format("Two devices use the identity of {}: say which key is the genuine one's.",
                                device.name),
                    fmt::format("countersign renewals; countersign approve {} KEY", device.name));
    }
    return waiting.front();
}

registry::Waiting the_named_one(const registry::Registry& registry, const registry::Device& device,
                                std::string_view key) {
    std::string wanted(key);
    std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (wanted.size() < kLeastDigits) {
        throw Error(Code::Usage, fmt::format("At least {} digits of the key are needed.", kLeastDigits),
                    "countersign renewals");
    }
    std::vector<registry::Waiting> fitting;
    for (auto& one : choices(registry, device.name)) {
        if (!pki::to_hex(one.key).starts_with(wanted)) continue;
        if (fitting.empty() || fitting.front().key != one.key) fitting.push_back(std::move(one));
    }
    if (fitting.empty()) {
        throw Error(Code::NothingWaits, fmt::format("{} has asked with no such key.", device.name));
    }
    if (fitting.size() > 1) {
        throw Error(Code::Usage, "Several keys begin like this: say more of it.", "countersign renewals");
    }
    return fitting.front();
}

}  // namespace

Approval approve(registry::Registry& registry, std::string_view name, std::string_view key) {
    const auto device = registry.find_device(name);
    if (!device) throw Error(Code::NameUnknown, fmt::format("{:?}", name));
    Approval approval{key.empty() ? the_only_one(registry, *device) : the_named_one(registry, *device, key),
                      device->forked.has_value()};
    registry.approve(device->name, approval.request.key);
    return approval;
}

}  // namespace countersign::lifecycle
