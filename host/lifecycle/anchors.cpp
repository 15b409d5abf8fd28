#include "host/lifecycle/anchors.h"

#include <algorithm>
#include <charconv>

#include "core/identity/message.h"
#include "host/base/error.h"
#include "host/base/tree.h"
#include "host/pki/message_signature.h"

namespace countersign::lifecycle {

std::uint32_t anchors_version(const Home& home) {
    std::uint32_t newest = 1;
    const auto folder = home.anchor_set(newest).parent_path();
    for (const auto& [name, kind] : entries_in(folder)) {
        std::uint32_t version = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
        if (error == std::errc() && end == name.data() + name.size()) newest = std::max(newest, version);
    }
    return newest;
}

std::vector<std::uint8_t> make_anchor_set(std::uint32_t version, const pki::Authority& authority,
                                          const pki::PrivateKey& old_root) {
    message::AnchorSet set{version, {}};
    (void)set.anchors.add(authority.root().der);
    (void)set.anchors.add(authority.issuing().der);
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(set, room);
    const auto signature = pki::sign_message(old_root, std::span(room).first(size));
    const std::size_t whole = size == 0 ? 0 : message::append_signature(room, size, signature);
    if (whole == 0) throw Error(Code::Internal, "An anchor set does not fit into a message.");
    room.resize(whole);
    return room;
}

}  // namespace countersign::lifecycle
