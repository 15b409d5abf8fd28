#include "host/broker/plugin/doorkeeper.h"

#include <mosquitto.h>
#include <mosquitto_plugin.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <new>
#include <string_view>
#include <utility>

#include "core/identity/role.h"
#include "host/broker/control_topics.h"
#include "host/broker/plugin/hex.h"
#include "host/broker/policy.h"

namespace countersign::broker::plugin {
namespace {

// Refusals of one kind that are logged about one client or certificate: four in a minute.
constexpr std::uint32_t kLines = 4;
constexpr std::int64_t kWindowMs = 60'000;
constexpr std::size_t kSubjects = 4096;
// So many takeovers of one client id in so long a time are two devices, not one on a bad line.
constexpr std::uint32_t kTakeovers = 10;
constexpr std::int64_t kTakeoverWindowMs = 600'000;
// So long is a session waited for that an operator is to end: `countersign broker` takes a moment.
constexpr std::int64_t kSweepMs = 5'000;
// Bytes of an access list that are looked at: a thousand operators take 100 kB.
constexpr std::size_t kMaxGrants = std::size_t{1} << 20;
// How often those are forgotten who have nothing on their account.
constexpr std::int64_t kForgetEveryMs = 60'000;

std::string_view or_empty(const char* text) {
    return text == nullptr ? std::string_view() : text;
}

// For what is counted by the clock: no step of the system's clock grants or takes anything.
std::int64_t steady_milliseconds() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
}

std::int64_t milliseconds_now() {
    using std::chrono::milliseconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<milliseconds>(now).count();
}

}  // namespace

Doorkeeper::Doorkeeper(std::string admission_path, std::string grants_path)
    : admission_(std::move(admission_path)),
      grants_path_(std::move(grants_path)),
      refusals_(kLines, kWindowMs, kSubjects) {
    refresh();
    read_grants();
}

// The file that Mosquitto reads at the same moments. One that cannot be read grants nothing.
void Doorkeeper::read_grants() {
    own_ = OwnGrants();
    if (grants_path_.empty()) return;
    std::ifstream file(grants_path_, std::ios::binary);
    std::string text(kMaxGrants, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    own_ = OwnGrants(text);
}

// A pattern of the owner's is for every user name; a birth identity has its own renewal and nothing else.
bool Doorkeeper::owner_allows(Access access, std::string_view username, std::string_view topic) const {
    return role_of(username) != Role::birth && own_.allow(access, username, topic);
}

bool Doorkeeper::may_read_here(std::string_view username, std::string_view topic) const {
    return may_read(username, topic) || owner_allows(Access::read, username, topic);
}

bool Doorkeeper::may_subscribe_here(std::string_view username, std::string_view filter) const {
    if (may_subscribe(username, filter)) return true;
    const auto subject = subject_of(filter);
    return subject && owner_allows(Access::read, username, *subject);
}

bool Doorkeeper::may_write_here(std::string_view username, std::string_view topic) const {
    return may_write(username, topic) ||
           (!is_withheld(username, topic) && owner_allows(Access::write, username, topic));
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
        log_.say(MOSQ_LOG_NOTICE, "countersign: refused a client without a certificate");
        return MOSQ_ERR_AUTH;
    }
    const auto presented = read_certificate(*certificate);
    if (!presented) return MOSQ_ERR_AUTH;
    refresh();
    const auto lookup = admission_.find(presented->fingerprint);
    const std::string client_id(or_empty(mosquitto_client_id(&client)));
    const bool vacant = mosquitto_client_clean_session(&client) && !sessions_.has(client_id);
    const Decision decision =
        decide(admission_.loaded(), lookup, std::time(nullptr), presented->name, client_id, vacant);
    if (decision.reason == Reason::none &&
        waits_to_be_swept(client_id, mosquitto_client_clean_session(&client)))
        return MOSQ_ERR_AUTH;
    return admit(client, *presented, decision, lookup.standing) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

bool Doorkeeper::admit(mosquitto& client, const Presented& presented, const Decision& decision,
                       const Standing& standing) {
    const std::string_view client_id = or_empty(mosquitto_client_id(&client));
    const std::string address(or_empty(mosquitto_client_address(&client)));
    if (decision.reason != Reason::none) {
        const auto kept_back = refusals_.spend(
            "connect " + std::string(one_word(decision.reason)) + to_hex(presented.fingerprint),
            steady_milliseconds());
        if (!kept_back) return false;
        log_.say(MOSQ_LOG_NOTICE, "countersign: refused " + shown(presented.name) + ": its certificate " +
                                      std::string(in_words(decision.reason)) + " (serial " +
                                      presented.serial + ", client id " + shown(client_id) + ", from " +
                                      address + ")" + more_like_it(*kept_back));
        return false;
    }
    if (mosquitto_set_username(&client, decision.username.c_str()) != MOSQ_ERR_SUCCESS)
        throw std::bad_alloc();
    const bool taken_over = sessions_.has(std::string(client_id));
    const bool is_new =
        sessions_.begin(&client, {presented.fingerprint, standing.not_after, std::string(client_id)});
    // A reload asks for everybody again: nothing new about those who stay.
    if (reloading_ && !is_new) return true;
    if (standing.state == CertificateState::pending) reports_.first_use(decision.username, presented.serial);
    log_.say(MOSQ_LOG_NOTICE, "countersign: admitted " + decision.username + " (serial " + presented.serial +
                                  ", client id " + shown(client_id) + ", from " + address + ")");
    if (taken_over) note_takeover(std::string(client_id), presented);
    if (standing.fresh) start_clean(client, presented.fingerprint);
    return true;
}

// A device whose line broke comes back while the broker still has its old connection: once. Two that have one
// identity put each other out for as long as both are on.
void Doorkeeper::note_takeover(const std::string& client_id, const Presented& presented) {
    const std::int64_t now_ms = steady_milliseconds();
    Takeovers& counted = takeovers_[client_id];
    if (now_ms - counted.since_ms > kTakeoverWindowMs) counted = {now_ms, 0};
    if (++counted.count != kTakeovers) return;
    log_.say(MOSQ_LOG_WARNING, "countersign: " + shown(client_id) +
                                   " is taken over again and again (serial " + presented.serial + ")");
}

// Whoever had the name before may have left messages in his session. Taking it up, Mosquitto asks for each of
// them, within this very call, whether the client may read it; what it may not is dropped.
void Doorkeeper::start_clean(const mosquitto& client, const Fingerprint& fingerprint) {
    if (started_clean_.insert(fingerprint).second) starting_clean_.emplace(&client, false);
}

// Mosquitto forgets to give back what the dropped messages took of the client's window, so that no more might
// ever be sent to it on this connection. It begins another.
void Doorkeeper::end_started_clean() {
    const auto started = std::exchange(starting_clean_, {});
    for (const auto& [client, dropped] : started) {
        if (!dropped || !sessions_.holds_its_client_id(client)) continue;
        const std::string client_id = sessions_.find(client)->client_id;
        log_.say(MOSQ_LOG_NOTICE, "countersign: dropped what had waited for " + shown(client_id) +
                                      " since before it was issued anew; it is to connect once more");
        (void)mosquitto_kick_client_by_clientid(client_id.c_str(), false);
        sessions_.end(client);
    }
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
        case MOSQ_ACL_READ:
            if (const auto clean = starting_clean_.find(event.client); clean != starting_clean_.end()) {
                clean->second = true;
                return MOSQ_ERR_ACL_DENIED;
            }
            if (may_read_here(username, topic)) return MOSQ_ERR_PLUGIN_DEFER;
            // No subscription that we grant leads here. It takes the message from the others of its group.
            trespassing_.emplace(or_empty(mosquitto_client_id(event.client)));
            return MOSQ_ERR_ACL_DENIED;
        default: return write_check(event);
    }
}

int Doorkeeper::write_check(const mosquitto_evt_acl_check& event) {
    const std::string_view username = or_empty(mosquitto_client_username(event.client));
    const std::string_view topic = or_empty(event.topic);
    // Before it delivers what is retained Mosquitto asks whether its author may still write it; there is no
    // session then.
    const bool is_here = sessions_.find(event.client) != nullptr;
    if (!may_write_here(username, topic)) {
        if (is_here) log_refusal(event, "to publish to", "");
        return MOSQ_ERR_ACL_DENIED;
    }
    const Role role = role_of(username).value_or(Role::device);
    const Message message{topic, event.payloadlen, event.retain};
    if (!is_here) {
        if (event.retain) quotas_.retained(username, role, message);
        return MOSQ_ERR_PLUGIN_DEFER;
    }
    const Excess excess = quotas_.publish(username, role, message, steady_milliseconds());
    if (excess == Excess::none) {
        if (event.retain && event.payloadlen == 0) quotas_.cleared(topic);
        return MOSQ_ERR_PLUGIN_DEFER;
    }
    log_refusal(event, "to publish to", in_words(excess));
    return MOSQ_ERR_ACL_DENIED;
}

// Mosquitto's access list lets every subscription pass, and a member of a shared one takes messages from the
// others of its group that it may not even read.
int Doorkeeper::subscription_check(const mosquitto_evt_acl_check& event) {
    const std::string_view username = or_empty(mosquitto_client_username(event.client));
    const std::string_view filter = or_empty(event.topic);
    if (!may_subscribe_here(username, filter)) {
        log_refusal(event, "to subscribe to", "");
        return MOSQ_ERR_ACL_DENIED;
    }
    const auto held = static_cast<std::size_t>(std::max(0, mosquitto_client_sub_count(event.client)));
    const Role role = role_of(username).value_or(Role::device);
    const Excess excess = subscriptions_[event.client].ask(role, filter, held);
    if (excess == Excess::none) return MOSQ_ERR_PLUGIN_DEFER;
    log_refusal(event, "to subscribe to", in_words(excess));
    return MOSQ_ERR_ACL_DENIED;
}

void Doorkeeper::log_refusal(const mosquitto_evt_acl_check& event, std::string_view what,
                             std::string_view why) {
    const std::string client = shown(or_empty(mosquitto_client_id(event.client)));
    std::string line = "refused " + client + " " + std::string(what) + " ";
    const auto kept_back = refusals_.spend(line + std::string(why), steady_milliseconds());
    if (!kept_back) return;
    line += shown(or_empty(event.topic));
    if (!why.empty()) line += ": " + std::string(why);
    line += more_like_it(*kept_back);
    log_.say(MOSQ_LOG_NOTICE, "countersign: " + line);
}

int Doorkeeper::control(const mosquitto_evt_control& event) {
    // The access list says so too; this also holds where somebody wrote their own.
    if (!or_empty(mosquitto_client_username(event.client)).starts_with(username_prefix(Role::operator_)))
        return MOSQ_ERR_ACL_DENIED;
    const std::string_view question(static_cast<const char*>(event.payload),
                                    event.payload == nullptr ? 0 : event.payloadlen);
    auto text = answer(question, acted_on_, sessions_, endings_);
    if (const auto name = to_forget(question, sessions_)) {
        forget(*name);
        text = "forgotten " + *name + "\n";
    }
    if (!text) return MOSQ_ERR_INVAL;
    return mosquitto_broker_publish_copy(mosquitto_client_id(event.client), kResponseTopic,
                                         static_cast<int>(text->size()), text->data(), 0, false, nullptr);
}

// What is retained of a renewal: requests and states of a device that is out, answers to it.
void Doorkeeper::forget(const std::string& name) {
    for (const Role role : {Role::device, Role::birth}) {
        for (const char* topic : {"/request", "/state", "/certificate", "/command"}) {
            const std::string whole = "countersign/" + std::string(username_prefix(role)) + name + topic;
            quotas_.cleared(whole);
            (void)mosquitto_broker_publish_copy(nullptr, whole.c_str(), 0, "", 1, true, nullptr);
        }
    }
}

void Doorkeeper::disconnect(const mosquitto* client) {
    sessions_.end(client);
    subscriptions_.erase(client);
    starting_clean_.erase(client);
}

void Doorkeeper::reload() {
    reloading_ = true;
    refresh();
    read_grants();
}

void Doorkeeper::tick() {
    reloading_ = false;
    end_started_clean();
    refresh();
    const std::int64_t now = std::time(nullptr);
    end_condemned(now);
    end_expired(now);
    end_trespassing();
    acted_on_ = {admission_.generation(), admission_.bytes_read()};
    reports_.flush();
    log_.flush();
    const std::int64_t at_ms = steady_milliseconds();
    if (at_ms < next_forgetting_ms_) return;
    next_forgetting_ms_ = at_ms + kForgetEveryMs;
    quotas_.forget_idle(at_ms);
    std::erase_if(takeovers_,
                  [&](const auto& one) { return at_ms - one.second.since_ms > kTakeoverWindowMs; });
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

// Mosquitto has no call that ends a session which is kept; an operator's clean connect under its client id
// does. Whoever supervises the broker sees this line and does that (host/cli/broker.cpp).
void Doorkeeper::end_trespassing() {
    const auto met = std::exchange(trespassing_, {});
    const std::int64_t now_ms = steady_milliseconds();
    for (const auto& client_id : met) {
        const auto known = unswept_.find(client_id);
        if (known != unswept_.end() && now_ms - known->second < kSweepMs) continue;
        unswept_[client_id] = now_ms;
        log_.say(MOSQ_LOG_NOTICE, "countersign: the session of " + shown(client_id) +
                                      " must go: it takes messages it may not read");
        if (sessions_.has(client_id)) (void)mosquitto_kick_client_by_clientid(client_id.c_str(), true);
    }
}

bool Doorkeeper::waits_to_be_swept(const std::string& client_id, bool clean) {
    const auto known = unswept_.find(client_id);
    if (known == unswept_.end()) return false;
    if (!clean && steady_milliseconds() - known->second < kSweepMs) return true;
    unswept_.erase(known);
    return false;
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
    log_.say(MOSQ_LOG_NOTICE, "countersign: ended the session of " + shown(session.client_id) +
                                  ": its certificate " + std::string(in_words(reason)));
    // With its will: those who watch it learn that it is gone.
    (void)mosquitto_kick_client_by_clientid(session.client_id.c_str(), true);
    sessions_.end(client);
    endings_.add({session, reason, milliseconds_now()});
}

}  // namespace countersign::broker::plugin
