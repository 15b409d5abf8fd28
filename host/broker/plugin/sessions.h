// The live sessions, by the client's pointer: who came in with which certificate, and until when.
//
// By pointer, since a takeover lets the new client in before the old one of the same client id is gone. A
// pointer says nothing once its client is gone: the next client may get the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/broker/admission/table.h"

namespace countersign::broker::plugin {

struct Session {
    Fingerprint fingerprint{};
    std::int64_t not_after = 0;  // seconds since 1970; the last second that is good
    std::string client_id;
};

// Adding, removing and what is due cost O(log n), however many sessions there are.
class Sessions {
  public:
    using Client = const void*;  // Mosquitto's pointer: compared, never followed

    // False when this client was here already with the same certificate and client id.
    bool begin(Client client, Session session);
    void end(Client client);

    // nullptr when it is not here (any more).
    [[nodiscard]] const Session* find(Client client) const;
    // Whether the client id leads to this session: it came last of those that have it. Mosquitto ends
    // sessions by client id, so only such a one may be ended.
    [[nodiscard]] bool holds_its_client_id(Client client) const;

    // Whether anybody has come in under this client id and is still here.
    [[nodiscard]] bool has(const std::string& client_id) const { return by_client_id_.contains(client_id); }

    [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::vector<Client> all() const;
    [[nodiscard]] std::vector<Client> with(const Fingerprint& fingerprint) const;
    // Those whose last good second is before `now`.
    [[nodiscard]] std::vector<Client> expired(std::int64_t now) const;

  private:
    using Clients = std::vector<Client>;  // in the order they came

    std::unordered_map<Client, Session> sessions_;
    std::unordered_map<std::string, Clients> by_client_id_;
    std::unordered_map<Fingerprint, Clients, admission::FirstBytes> by_fingerprint_;
    // What a heap is to the first to expire; but one that forgets a session when it ends, since a device that
    // connects every minute would pile up entries for a year.
    std::set<std::pair<std::int64_t, Client>> by_expiry_;
};

}  // namespace countersign::broker::plugin
