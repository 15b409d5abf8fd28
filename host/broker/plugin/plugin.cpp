// The registry's word inside the broker: Mosquitto asks at every connect, the admission file answers.
//
// Order of events, tried on Mosquitto 2.0.11:
//  - A connect: BASIC_AUTH after the TLS handshake (full or resumed), before a session of the same client id
//  is
//    taken over. A refused client has disturbed nobody.
//  - SIGHUP: RELOAD, then BASIC_AUTH again for every session, offline ones (without certificate) included.
//    Refusing an offline session there frees it while it is still in use. They are let pass until the next
//    TICK; no connection without a certificate gets this far, since the listener requires one.
//  - A takeover: BASIC_AUTH of the new client, then DISCONNECT of the old one, so sessions are known by the
//  client's
//    pointer and not by its id.
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <ctime>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>

#include "host/broker/admission/reader.h"
#include "host/broker/plugin/certificate.h"
#include "host/broker/plugin/decision.h"

namespace countersign::broker::plugin {
namespace {

constexpr std::string_view kAdmissionOption = "admission";  // plugin_opt_admission in mosquitto.conf
constexpr std::size_t kMaxShown = 80;

// Foreign text in a log line: bounded, and no way to begin a line of its own.
std::string shown(std::string_view text) {
    std::string result(text.substr(0, kMaxShown));
    for (char& c : result) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    return result.empty() ? "(none)" : result;
}

std::string_view or_empty(const char* text) {
    return text == nullptr ? std::string_view() : text;
}

class Plugin {
  public:
    explicit Plugin(std::string admission_path) : admission_(std::move(admission_path)) { refresh(); }

    int basic_auth(mosquitto_evt_basic_auth& event);
    void reload() {
        reloading_ = true;
        refresh();
    }
    void tick() { reloading_ = false; }
    void disconnect(const mosquitto* client) { sessions_.erase(client); }

  private:
    void refresh();
    bool admit(mosquitto& client, const Presented& presented, const Decision& decision);

    admission::Reader admission_;
    // Who is connected with which certificate.
    std::unordered_map<const mosquitto*, Fingerprint> sessions_;
    bool reloading_ = false;
};

void Plugin::refresh() {
    switch (admission_.refresh()) {
        case admission::Refresh::unchanged: return;
        case admission::Refresh::updated:
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

int Plugin::basic_auth(mosquitto_evt_basic_auth& event) {
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
    const Decision decision =
        decide(admission_.loaded(), admission_.find(presented->fingerprint), std::time(nullptr),
               presented->name, or_empty(mosquitto_client_id(&client)));
    return admit(client, *presented, decision) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

bool Plugin::admit(mosquitto& client, const Presented& presented, const Decision& decision) {
    const std::string client_id = shown(or_empty(mosquitto_client_id(&client)));
    const std::string address(or_empty(mosquitto_client_address(&client)));
    if (decision.reason != Reason::none) {
        const std::string name = shown(presented.name);
        const std::string why(in_words(decision.reason));
        mosquitto_log_printf(
            MOSQ_LOG_NOTICE, "countersign: refused %s: its certificate %s (serial %s, client id %s, from %s)",
            name.c_str(), why.c_str(), presented.serial.c_str(), client_id.c_str(), address.c_str());
        return false;
    }
    if (mosquitto_set_username(&client, decision.username.c_str()) != MOSQ_ERR_SUCCESS)
        throw std::bad_alloc();
    // A reload asks for everybody again: nothing new about those who stay.
    const bool is_new = sessions_.insert_or_assign(&client, presented.fingerprint).second;
    if (reloading_ && !is_new) return true;
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "countersign: admitted %s (serial %s, client id %s, from %s)",
                         decision.username.c_str(), presented.serial.c_str(), client_id.c_str(),
                         address.c_str());
    return true;
}

// No exception may leave into Mosquitto; one inside means no.
template <class Body>
int guarded(Body body) noexcept {
    try {
        return body();
    } catch (const std::exception& failure) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "countersign: %s", failure.what());
        return MOSQ_ERR_AUTH;
    }
}

int on_basic_auth(int, void* event, void* plugin) {
    return guarded([&] {
        return static_cast<Plugin*>(plugin)->basic_auth(*static_cast<mosquitto_evt_basic_auth*>(event));
    });
}

int on_reload(int, void*, void* plugin) {
    return guarded([&] {
        static_cast<Plugin*>(plugin)->reload();
        return MOSQ_ERR_SUCCESS;
    });
}

int on_tick(int, void*, void* plugin) {
    static_cast<Plugin*>(plugin)->tick();
    return MOSQ_ERR_SUCCESS;
}

int on_disconnect(int, void* event, void* plugin) {
    static_cast<Plugin*>(plugin)->disconnect(static_cast<mosquitto_evt_disconnect*>(event)->client);
    return MOSQ_ERR_SUCCESS;
}

struct Callback {
    int event;
    MOSQ_FUNC_generic_callback function;
};

constexpr Callback kCallbacks[] = {{MOSQ_EVT_BASIC_AUTH, on_basic_auth},
                                   {MOSQ_EVT_RELOAD, on_reload},
                                   {MOSQ_EVT_TICK, on_tick},
                                   {MOSQ_EVT_DISCONNECT, on_disconnect}};

mosquitto_plugin_id_t* identity = nullptr;

int init(void** userdata, const mosquitto_opt* options, int option_count) {
    std::string path;
    for (int i = 0; i < option_count; ++i) {
        if (options[i].key == kAdmissionOption) path = or_empty(options[i].value);
    }
    if (path.empty()) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "countersign: plugin_opt_admission must name the admission file");
        return MOSQ_ERR_INVAL;
    }
    auto plugin = std::make_unique<Plugin>(path);
    for (const auto& callback : kCallbacks) {
        const int result =
            mosquitto_callback_register(identity, callback.event, callback.function, nullptr, plugin.get());
        if (result != MOSQ_ERR_SUCCESS) return result;
    }
    *userdata = plugin.release();
    return MOSQ_ERR_SUCCESS;
}

}  // namespace
}  // namespace countersign::broker::plugin

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED int mosquitto_plugin_version(int supported_version_count, const int* supported_versions) {
    constexpr int kPluginInterface = 5;
    for (int i = 0; i < supported_version_count; ++i) {
        if (supported_versions[i] == kPluginInterface) return kPluginInterface;
    }
    return -1;
}

EXPORTED int mosquitto_plugin_init(mosquitto_plugin_id_t* identifier, void** userdata, mosquitto_opt* options,
                                   int option_count) {
    using namespace countersign::broker::plugin;
    identity = identifier;
    return guarded([&] { return init(userdata, options, option_count); });
}

EXPORTED int mosquitto_plugin_cleanup(void* userdata, mosquitto_opt*, int) {
    using namespace countersign::broker::plugin;
    for (const auto& callback : kCallbacks) {
        mosquitto_callback_unregister(identity, callback.event, callback.function, nullptr);
    }
    delete static_cast<Plugin*>(userdata);
    return MOSQ_ERR_SUCCESS;
}
