#include "host/lifecycle/broker_list.h"

#include <algorithm>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/pki/message_signature.h"

namespace countersign::lifecycle {
namespace {

Wanted::Brokers brokers_of(const Settings& settings) {
    return {settings.brokers_version, settings.port, settings.hosts};
}

bool says(const message::SignedBrokers& there, const message::BrokerList& list,
          const pki::Certificate& issuing) {
    const auto same = [](const message::Broker& one, const message::Broker& other) {
        return one.host == other.host && one.port == other.port;
    };
    return there.list.version == list.version && std::ranges::equal(there.issuing, issuing.der) &&
           std::ranges::equal(there.list.brokers.all(), list.brokers.all(), same);
}

}  // namespace

message::BrokerList as_list(const Wanted::Brokers& brokers) {
    message::BrokerList list{brokers.version, {}};
    for (const auto& host : brokers.hosts) (void)list.brokers.add({host, brokers.port});
    return list;
}

std::vector<std::uint8_t> make_broker_list(const Wanted::Brokers& brokers, const pki::Certificate& issuing,
                                           pki::Signer& key) {
    const message::SignedBrokers unsigned_list{issuing.der, as_list(brokers), {}, {}};
    std::vector<std::uint8_t> room(message::kMaxMessage);
    const std::size_t size = message::encode(unsigned_list, room);
    const auto signature = pki::sign_message(key, std::span(room).first(size));
    const std::size_t whole = size == 0 ? 0 : message::append_signature(room, size, signature);
    if (whole == 0) throw Error(Code::Internal, "A list of brokers does not fit into a message.");
    room.resize(whole);
    return room;
}

bool broker_list_is_current(const Home& home, const Settings& settings, const pki::Authority& authority) {
    if (authority.issuing().info.key_type != pki::KeyType::p256) return true;
    const auto brokers = brokers_of(settings);
    const auto bytes = read_broker_list(home);
    const auto there = message::decode_signed_brokers(bytes);
    return there && says(*there, as_list(brokers), authority.issuing());
}

void refresh_broker_list(const Home& home, const Settings& settings, const pki::Authority& authority,
                         pki::Signer& key) {
    if (broker_list_is_current(home, settings, authority)) return;
    write_file(home.broker_list(), make_broker_list(brokers_of(settings), authority.issuing(), key),
               kPublicFile);
}

std::vector<std::uint8_t> read_broker_list(const Home& home) {
    if (!std::filesystem::exists(home.broker_list())) return {};
    return read_file(home.broker_list(), message::kMaxMessage);
}

std::uint32_t broker_list_version(const Home& home) {
    const auto bytes = read_broker_list(home);
    const auto list = message::decode_signed_brokers(bytes);
    return list ? list->list.version : 0;
}

}  // namespace countersign::lifecycle
