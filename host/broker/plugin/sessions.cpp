#include "host/broker/plugin/sessions.h"

#include <algorithm>

namespace countersign::broker::plugin {
namespace {

template <class Index, class Key>
void remove_from(Index& index, const Key& key, Sessions::Client client) {
    const auto entry = index.find(key);
    if (entry == index.end()) return;
    auto& clients = entry->second;
    clients.erase(std::remove(clients.begin(), clients.end(), client), clients.end());
    if (clients.empty()) index.erase(entry);
}

}  // namespace

bool Sessions::begin(Client client, Session session) {
    if (const auto* known = find(client)) {
        if (known->fingerprint == session.fingerprint && known->client_id == session.client_id) return false;
        end(client);
    }
    by_client_id_[session.client_id].push_back(client);
    by_fingerprint_[session.fingerprint].push_back(client);
    by_expiry_.emplace(session.not_after, client);
    sessions_.emplace(client, std::move(session));
    return true;
}

void Sessions::end(Client client) {
    const auto session = sessions_.find(client);
    if (session == sessions_.end()) return;
    remove_from(by_client_id_, session->second.client_id, client);
    remove_from(by_fingerprint_, session->second.fingerprint, client);
    by_expiry_.erase({session->second.not_after, client});
    sessions_.erase(session);
}

const Session* Sessions::find(Client client) const {
    const auto session = sessions_.find(client);
    return session == sessions_.end() ? nullptr : &session->second;
}

bool Sessions::holds_its_client_id(Client client) const {
    const auto* session = find(client);
    return session != nullptr && by_client_id_.at(session->client_id).back() == client;
}

std::vector<Sessions::Client> Sessions::all() const {
    std::vector<Client> clients;
    clients.reserve(sessions_.size());
    for (const auto& [client, session] : sessions_) clients.push_back(client);
    return clients;
}

std::vector<Sessions::Client> Sessions::with(const Fingerprint& fingerprint) const {
    const auto clients = by_fingerprint_.find(fingerprint);
    return clients == by_fingerprint_.end() ? Clients{} : clients->second;
}

std::vector<Sessions::Client> Sessions::expired(std::int64_t now) const {
    std::vector<Client> clients;
    for (auto entry = by_expiry_.begin(); entry != by_expiry_.end() && entry->first < now; ++entry) {
        clients.push_back(entry->second);
    }
    return clients;
}

}  // namespace countersign::broker::plugin
