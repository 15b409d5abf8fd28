// The registry's word inside the broker: asked at every connect, and again for those who are in whenever the
// registry has spoken or a certificate's time is up.
#pragma once

#include <mosquitto_broker.h>

#include <cstdint>
#include <string>
#include <unordered_set>

#include "host/broker/admission/reader.h"
#include "host/broker/log_budget.h"
#include "host/broker/plugin/answer.h"
#include "host/broker/plugin/certificate.h"
#include "host/broker/plugin/decision.h"
#include "host/broker/plugin/sessions.h"

namespace countersign::broker::plugin {

// Each member answers the event of Mosquitto's that it is named for. May throw bad_alloc.
class Doorkeeper {
  public:
    explicit Doorkeeper(std::string admission_path);

    int basic_auth(mosquitto_evt_basic_auth& event);
    int acl_check(const mosquitto_evt_acl_check& event);
    int control(const mosquitto_evt_control& event) const;
    void reload();
    void tick();
    void disconnect(const mosquitto* client) { sessions_.end(client); }

  private:
    int subscription_check(const mosquitto_evt_acl_check& event);
    void refresh();
    void note_changes();
    bool admit(mosquitto& client, const Presented& presented, const Decision& decision,
               std::int64_t not_after);
    void end_condemned(std::int64_t now);
    void end_expired(std::int64_t now);
    void end_unless_good(Sessions::Client client, std::int64_t now);
    void end(Sessions::Client client, Reason reason);

    admission::Reader admission_;
    Sessions sessions_;
    Endings endings_;
    LogBudget refusals_;
    // What has changed since the last tick: certificates, or the whole file.
    std::unordered_set<Fingerprint, admission::FirstBytes> changed_;
    bool all_changed_ = false;
    Position acted_on_;
    bool reloading_ = false;
};

}  // namespace countersign::broker::plugin
