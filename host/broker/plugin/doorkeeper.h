// The registry's word inside the broker: asked at every connect, and again for those who are in whenever the
// registry has spoken or a certificate's time is up.
#pragma once

#include <mosquitto_broker.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "host/broker/admission/reader.h"
#include "host/broker/log_budget.h"
#include "host/broker/own_grants.h"
#include "host/broker/plugin/answer.h"
#include "host/broker/plugin/certificate.h"
#include "host/broker/plugin/decision.h"
#include "host/broker/plugin/report.h"
#include "host/broker/plugin/sessions.h"
#include "host/broker/quotas.h"

namespace countersign::broker::plugin {

// Each member answers the event of Mosquitto's that it is named for. May throw bad_alloc.
class Doorkeeper {
  public:
    Doorkeeper(std::string admission_path, std::string grants_path);

    int basic_auth(mosquitto_evt_basic_auth& event);
    int acl_check(const mosquitto_evt_acl_check& event);
    int control(const mosquitto_evt_control& event);
    void reload();
    void tick();
    void disconnect(const mosquitto* client);

  private:
    int write_check(const mosquitto_evt_acl_check& event);
    int subscription_check(const mosquitto_evt_acl_check& event);
    // A refusal in the log, as far as the budget allows.
    void log_refusal(const mosquitto_evt_acl_check& event, std::string_view what, std::string_view why);
    void forget(const std::string& name);
    void refresh();
    void note_changes();
    bool admit(mosquitto& client, const Presented& presented, const Decision& decision,
               const Standing& standing);
    void note_takeover(const std::string& client_id, const Presented& presented);
    void end_started_clean();
    void start_clean(const mosquitto& client, const Fingerprint& fingerprint);
    void end_condemned(std::int64_t now);
    void end_trespassing();
    [[nodiscard]] bool waits_to_be_swept(const std::string& client_id, bool clean);
    void end_expired(std::int64_t now);
    void end_unless_good(Sessions::Client client, std::int64_t now);
    void end(Sessions::Client client, Reason reason);

    void read_grants();
    [[nodiscard]] bool may_read_here(std::string_view username, std::string_view topic) const;
    [[nodiscard]] bool may_subscribe_here(std::string_view username, std::string_view filter) const;
    [[nodiscard]] bool owner_allows(Access access, std::string_view username, std::string_view topic) const;
    [[nodiscard]] bool may_write_here(std::string_view username, std::string_view topic) const;

    admission::Reader admission_;
    std::string grants_path_;
    OwnGrants own_;
    Sessions sessions_;
    Endings endings_;
    Reports reports_;
    Log log_;
    LogBudget refusals_;
    Quotas quotas_;
    // How often the session of a client id was taken over by another connection, and since when.
    struct Takeovers {
        std::int64_t since_ms = 0;
        std::uint32_t count = 0;
    };
    std::unordered_map<std::string, Takeovers> takeovers_;
    std::unordered_map<Sessions::Client, Subscriptions> subscriptions_;
    std::int64_t next_forgetting_ms_ = 0;
    // Certificates that are fresh and have come in, and those whose connect this is, until the next tick.
    std::unordered_set<Fingerprint, admission::FirstBytes> started_clean_;
    // What was waiting for them has been dropped: true when there was something.
    std::unordered_map<Sessions::Client, bool> starting_clean_;
    // Client ids whose sessions, kept from an older version, have subscriptions they may not have: those met
    // since the last tick, and since when an operator is waited for to end them.
    std::unordered_set<std::string> trespassing_;
    std::unordered_map<std::string, std::int64_t> unswept_;
    // What has changed since the last tick: certificates, or the whole file.
    std::unordered_set<Fingerprint, admission::FirstBytes> changed_;
    bool all_changed_ = false;
    Position acted_on_;
    bool reloading_ = false;
};

}  // namespace countersign::broker::plugin
