#include "host/broker/plugin/doorkeeper.h"

#include <mosquitto.h>
#include <mosquitto_plugin.h>

#include <chrono>
#include <ctime>
#include <new>
#include <string_view>
#include <utility>

#include "core/identity/role.h"
#include "host/broker/control_topics.h"
#include "host/broker/policy.h"

namespace countersign::broker::plugin {
namespace {

// Refusals of one kind that are logged about one client or certificate: four in a minute.
constexpr std::uint32_t kLines = 4;
constexpr std::int64_t kWindowMs = 60'000;
constexpr std::size_t kSubjects = 4096;

std::string_view or_empty(const char* text) {
    return text == nullptr ? std::string_view() : text;
}

std::int64_t milliseconds_now() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
}

}  // namespace

Doorkeeper::Doorkeeper(std::string admission_path)
    : admission_(std::move(admission_path)), refusals_(kLines, kWindowMs, kSubjects) {
    refresh();
}

void Doorkeeper::refresh() {
    switch (admission_.refresh()) {
        case admission::Refresh::unchanged: return;
        case admission::Refresh::updated:
            note_changes();
            mosquitto_log_printf(MOSQ_LOG_DEBUG, "countersign: admission file read, %llu rows",
                                 static_cast<unsigned long long>(admission_.rows()));
            return;
        case admission::Refresh::kept:
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "countersign: E-ADMISSION-BROKEN the admission file cannot be used (%s); %s",
                                 admission_.fault().c_str(),
                                 admission_.loaded() ? "the last good one holds"
                                                     : "nobody may connect until there is a good one");
            return;
    }
}

void Doorkeeper::note_changes() {
    const auto* rows = admission_.changes();
    if (rows == nullptr) {
        all_changed_ = true;
        return;
    }
    for (const auto& row : *rows) changed_.insert(row.fingerprint);
}

int Doorkeeper::basic_auth(mosquitto_evt_basic_auth& event) {
    mosquitto& client = *event.client;
    const CertificatePtr certificate(static_cast<X509*>(mosquitto_client_certificate(&client)));
    if (certificate == nullptr) {
        if (reloading_) return MOSQ_ERR_SUCCESS;
        mosquitto_log_printf(MOSQ_LOG_NOTICE, "countersign: refused a client without a certificate");
        return MOSQ_ERR_AUTH;
    }
    const auto presented = read_certificate(*certificate);
    if (!presented) return MOSQ_ERR_AUTH;
    refresh();
    const auto lookup = admission_.find(presented->fingerprint);
    const Decision decision = decide(admission_.loaded(), lookup, std::time(nullptr), presented->name,
                                     or_empty(mosquitto_client_id(&client)));
    return admit(client, *presented, decision, lookup.standing.not_after) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

bool Doorkeeper::admit(mosquitto& client, const Presented& presented, const Decision& decision,
                       std::int64_t not_after) {
    const std::string_view client_id = or_empty(mosquitto_client_id(&client));
    const std::string address(or_empty(mosquitto_client_address(&client)));
    if (decision.reason != Reason::none) {
        const std::string name = shown(presented.name);
        const std::string why(in_words(decision.reason));
        mosquitto_log_printf(
            MOSQ_LOG_NOTICE, "countersign: refused %s: its certificate %s (serial %s, client id %s, from %s)",
            name.c_str(), why.c_str(), presented.serial.c_str(), shown(client_id).c_str(), address.c_str());
        return false;
    }
    if (mosquitto_set_username(&client, decision.username.c_str()) != MOSQ_ERR_SUCCESS)
        throw std::bad_alloc();
    const bool is_new = sessions_.begin(&client, {presented.fingerprint, not_after, std::string(client_id)});
    // A reload asks for everybody again: nothing new about those who stay.
    if (reloading_ && !is_new) return true;
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "countersign: admitted %s (serial %s, client id %s, from %s)",
                         decision.username.c_str(), presented.serial.c_str(), shown(client_id).c_str(),
                         address.c_str());
    return true;
}

int Doorkeeper::acl_check(const mosquitto_evt_acl_check& event) {
    // A session of before a restart may have no user name yet; the access list lets nobody through without
    // one.
    const std::string_view username = or_empty(mosquitto_client_username(event.client));
    if (username.empty()) return MOSQ_ERR_PLUGIN_DEFER;
    const std::string_view topic = or_empty(event.topic);
    // Mosquitto asks its access list after us only when we say that it is not for us to say.
    switch (event.access) {
        case MOSQ_ACL_SUBSCRIBE: return subscription_check(event);
        case MOSQ_ACL_UNSUBSCRIBE: return MOSQ_ERR_PLUGIN_DEFER;
        case MOSQ_ACL_READ: return may_read(username, topic) ? MOSQ_ERR_PLUGIN_DEFER : MOSQ_ERR_ACL_DENIED;
        default: return may_write(username, topic) ? MOSQ_ERR_PLUGIN_DEFER : MOSQ_ERR_ACL_DENIED;
    }
}

// Mosquitto's access list lets every subscription pass, and a member of a shared one takes messages from the
// others of its group that it may not even read.
int Doorkeeper::subscription_check(const mosquitto_evt_acl_check& event) {
    const std::string_view username = or_empty(mosquitto_client_username(event.client));
    if (may_subscribe(username, or_empty(event.topic))) return MOSQ_ERR_PLUGIN_DEFER;
    const std::string client = shown(or_empty(mosquitto_client_id(event.client)));
    if (const auto kept_back = refusals_.spend("subscribe " + client, milliseconds_now())) {
        mosquitto_log_printf(MOSQ_LOG_NOTICE, "countersign: refused %s the subscription %s%s", client.c_str(),
                             shown(or_empty(event.topic)).c_str(), more_like_it(*kept_back).c_str());
    }
    return MOSQ_ERR_ACL_DENIED;
}

int Doorkeeper::control(const mosquitto_evt_control& event) const {
    // The access list says so too; this also holds where somebody wrote their own.
    if (!or_empty(mosquitto_client_username(event.client)).starts_with(username_prefix(Role::operator_)))
        return MOSQ_ERR_ACL_DENIED;
    const std::string_view question(static_cast<const char*>(event.payload),
                                    event.payload == nullptr ? 0 : event.payloadlen);
    const auto text = answer(question, acted_on_, sessions_, endings_);
    if (!text) return MOSQ_ERR_INVAL;
    return mosquitto_broker_publish_copy(mosquitto_client_id(event.client), kResponseTopic,
                                         static_cast<int>(text->size()), text->data(), 0, false, nullptr);
}

void Doorkeeper::reload() {
    reloading_ = true;
    refresh();
}

void Doorkeeper::tick() {
    reloading_ = false;
    refresh();
    const std::int64_t now = std::time(nullptr);
    end_condemned(now);
    end_expired(now);
    acted_on_ = {admission_.generation(), admission_.bytes_read()};
}

void Doorkeeper::end_condemned(std::int64_t now) {
    const bool all = all_changed_;
    const auto changed = std::exchange(changed_, {});
    if (!all && changed.empty()) return;
    all_changed_ = true;  // should memory run out on the way, the next tick looks at everybody
    if (all) {
        for (const auto client : sessions_.all()) end_unless_good(client, now);
    }
    for (const auto& fingerprint : changed) {
        for (const auto client : sessions_.with(fingerprint)) end_unless_good(client, now);
    }
    all_changed_ = false;
}

void Doorkeeper::end_expired(std::int64_t now) {
    for (const auto client : sessions_.expired(now)) end(client, Reason::expired);
}

void Doorkeeper::end_unless_good(Sessions::Client client, std::int64_t now) {
    const auto* session = sessions_.find(client);
    if (session == nullptr) return;
    const Reason reason = judge(admission_.loaded(), admission_.find(session->fingerprint), now);
    if (reason != Reason::none) end(client, reason);
}

// Ending one fires DISCONNECT before the call returns: nothing that points into sessions_ is held across it.
void Doorkeeper::end(Sessions::Client client, Reason reason) {
    if (!sessions_.holds_its_client_id(client)) return;
    const Session session = *sessions_.find(client);
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "countersign: ended the session of %s: its certificate %s",
                         shown(session.client_id).c_str(), std::string(in_words(reason)).c_str());
    // With its will: those who watch it learn that it is gone.
    (void)mosquitto_kick_client_by_clientid(session.client_id.c_str(), true);
    sessions_.end(client);
    endings_.add({session, reason, milliseconds_now()});
}

}  // namespace countersign::broker::plugin
