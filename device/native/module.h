// What the tables of module.c name: the functions of the module _countersign and of its types.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#include "py/obj.h"

// What MQTT.advance() tells, as the first item of a tuple; docs/native.md has the others.
enum countersign_event {
    COUNTERSIGN_CONNECTED,
    COUNTERSIGN_REFUSED,
    COUNTERSIGN_MESSAGE,
    COUNTERSIGN_OVERSIZE,
    COUNTERSIGN_PUBLISHED,
    COUNTERSIGN_SUBSCRIBED,
    COUNTERSIGN_UNSUBSCRIBED,
    COUNTERSIGN_DROPPED,
    COUNTERSIGN_REJECTED,
    COUNTERSIGN_DISCONNECTED,
    COUNTERSIGN_CLOSED,
    COUNTERSIGN_ENDED,
};

// MQTT.publish(), subscribe() and unsubscribe() when they do not give a packet id.
enum { COUNTERSIGN_NO_ROOM = -1, COUNTERSIGN_NOT_CONNECTED = -2 };

extern const mp_obj_type_t countersign_credentials_type;
extern const mp_obj_type_t countersign_tls_type;
extern const mp_obj_type_t countersign_mqtt_type;

// keys_object.cpp
mp_obj_t countersign_public_key(mp_obj_t secret);
mp_obj_t countersign_sign(mp_obj_t secret, mp_obj_t digest);
mp_obj_t countersign_verify(mp_obj_t point, mp_obj_t digest, mp_obj_t signature);
mp_obj_t countersign_wipe(mp_obj_t buffer);

// credentials_object.cpp
mp_obj_t countersign_credentials_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw,
                                      const mp_obj_t* args);
mp_obj_t countersign_credentials_del(mp_obj_t self);

// tls_object.cpp
mp_obj_t countersign_tls_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args);
mp_obj_t countersign_tls_handshake(mp_obj_t self);
mp_obj_t countersign_tls_wants_write(mp_obj_t self);
mp_obj_t countersign_tls_alert(mp_obj_t self);
mp_obj_t countersign_tls_verdict(mp_obj_t self);
mp_obj_t countersign_tls_resumed(mp_obj_t self);
mp_obj_t countersign_tls_shown_until(mp_obj_t self);
mp_obj_t countersign_tls_save(mp_obj_t self);
mp_obj_t countersign_tls_del(mp_obj_t self);
mp_uint_t countersign_tls_read(mp_obj_t self, void* to, mp_uint_t size, int* fault);
mp_uint_t countersign_tls_write(mp_obj_t self, const void* from, mp_uint_t size, int* fault);
mp_uint_t countersign_tls_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t argument, int* fault);

// mqtt_object.cpp
mp_obj_t countersign_is_topic(mp_obj_t topic);
mp_obj_t countersign_is_filter(mp_obj_t filter);
mp_obj_t countersign_matches(mp_obj_t filter, mp_obj_t topic);
mp_obj_t countersign_mqtt_make(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args);
mp_obj_t countersign_mqtt_connect(size_t n_args, const mp_obj_t* args);
mp_obj_t countersign_mqtt_publish(size_t n_args, const mp_obj_t* args);
mp_obj_t countersign_mqtt_subscribe(mp_obj_t self, mp_obj_t filter, mp_obj_t qos);
mp_obj_t countersign_mqtt_unsubscribe(mp_obj_t self, mp_obj_t filter);
mp_obj_t countersign_mqtt_disconnect(mp_obj_t self);
mp_obj_t countersign_mqtt_advance(mp_obj_t self, mp_obj_t readable);
mp_obj_t countersign_mqtt_next_tick(mp_obj_t self);
mp_obj_t countersign_mqtt_pending(mp_obj_t self);
mp_obj_t countersign_mqtt_close(mp_obj_t self, mp_obj_t hung_up);

#ifdef __cplusplus
}
#endif
