// Where Mosquitto calls in: each event goes to the doorkeeper.
//
// Order of events, tried on Mosquitto 2.0.11:
//  - A connect: BASIC_AUTH after the TLS handshake (full or resumed), before a session of the same client
//    id is taken over. A refused client has disturbed nobody.
//  - SIGHUP: RELOAD, then BASIC_AUTH again for every session, offline ones (without certificate) included.
//    Refusing an offline session there frees it while it is still in use. They are let pass until the next
//    TICK; no connection without a certificate gets this far, since the listener requires one.
//  - A takeover: BASIC_AUTH of the new client, then DISCONNECT of the old one, both within one call: at a
//    TICK a client id has one session.
//  - TICK: in each turn of the broker's loop, which is ten times a second or when something comes in.
//  - ACL_CHECK comes here before it comes to Mosquitto's own access list.
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "host/broker/control_topics.h"
#include "host/broker/plugin/doorkeeper.h"

namespace countersign::broker::plugin {
namespace {

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

Doorkeeper& doorkeeper(void* userdata) {
    return *static_cast<Doorkeeper*>(userdata);
}

int on_basic_auth(int, void* event, void* userdata) {
    return guarded(
        [&] { return doorkeeper(userdata).basic_auth(*static_cast<mosquitto_evt_basic_auth*>(event)); });
}

int on_acl_check(int, void* event, void* userdata) {
    return guarded(
        [&] { return doorkeeper(userdata).acl_check(*static_cast<mosquitto_evt_acl_check*>(event)); });
}

int on_control(int, void* event, void* userdata) {
    return guarded([&] { return doorkeeper(userdata).control(*static_cast<mosquitto_evt_control*>(event)); });
}

int on_reload(int, void*, void* userdata) {
    return guarded([&] {
        doorkeeper(userdata).reload();
        return MOSQ_ERR_SUCCESS;
    });
}

int on_tick(int, void*, void* userdata) {
    return guarded([&] {
        doorkeeper(userdata).tick();
        return MOSQ_ERR_SUCCESS;
    });
}

int on_disconnect(int, void* event, void* userdata) {
    return guarded([&] {
        doorkeeper(userdata).disconnect(static_cast<mosquitto_evt_disconnect*>(event)->client);
        return MOSQ_ERR_SUCCESS;
    });
}

struct Callback {
    int event;
    MOSQ_FUNC_generic_callback function;
    const char* topic;  // of CONTROL
};

constexpr Callback kCallbacks[] = {{MOSQ_EVT_BASIC_AUTH, on_basic_auth, nullptr},
                                   {MOSQ_EVT_ACL_CHECK, on_acl_check, nullptr},
                                   {MOSQ_EVT_CONTROL, on_control, kControlTopic},
                                   {MOSQ_EVT_RELOAD, on_reload, nullptr},
                                   {MOSQ_EVT_TICK, on_tick, nullptr},
                                   {MOSQ_EVT_DISCONNECT, on_disconnect, nullptr}};

mosquitto_plugin_id_t* identity = nullptr;

int init(void** userdata, const mosquitto_opt* options, int option_count) {
    constexpr std::string_view kAdmissionOption = "admission";  // plugin_opt_admission in mosquitto.conf
    constexpr std::string_view kGrantsOption = "grants";        // plugin_opt_grants, its acl_file
    std::string path, grants;
    for (int i = 0; i < option_count; ++i) {
        if (options[i].value == nullptr) continue;
        if (options[i].key == kAdmissionOption) path = options[i].value;
        if (options[i].key == kGrantsOption) grants = options[i].value;
    }
    if (path.empty()) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "countersign: plugin_opt_admission must name the admission file");
        return MOSQ_ERR_INVAL;
    }
    auto keeper = std::make_unique<Doorkeeper>(path, grants);
    for (const auto& callback : kCallbacks) {
        const int result = mosquitto_callback_register(identity, callback.event, callback.function,
                                                       callback.topic, keeper.get());
        if (result != MOSQ_ERR_SUCCESS) return result;
    }
    *userdata = keeper.release();
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
        mosquitto_callback_unregister(identity, callback.event, callback.function, callback.topic);
    }
    delete static_cast<Doorkeeper*>(userdata);
    return MOSQ_ERR_SUCCESS;
}
