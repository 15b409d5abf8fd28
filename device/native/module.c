// The tables of _countersign. They are in C since MicroPython's macros for them are; all the rest is C++.
#include "module.h"
#include "py/runtime.h"
#include "py/stream.h"

static MP_DEFINE_CONST_FUN_OBJ_1(public_key_obj, countersign_public_key);
static MP_DEFINE_CONST_FUN_OBJ_2(sign_obj, countersign_sign);
static MP_DEFINE_CONST_FUN_OBJ_3(verify_obj, countersign_verify);
static MP_DEFINE_CONST_FUN_OBJ_1(wipe_obj, countersign_wipe);
static MP_DEFINE_CONST_FUN_OBJ_1(is_topic_obj, countersign_is_topic);
static MP_DEFINE_CONST_FUN_OBJ_1(is_filter_obj, countersign_is_filter);
static MP_DEFINE_CONST_FUN_OBJ_2(matches_obj, countersign_matches);

// --- Credentials

static MP_DEFINE_CONST_FUN_OBJ_1(credentials_del_obj, countersign_credentials_del);

static const mp_rom_map_elem_t credentials_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&credentials_del_obj)},
};
static MP_DEFINE_CONST_DICT(credentials_locals, credentials_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(countersign_credentials_type, MP_QSTR_Credentials, MP_TYPE_FLAG_NONE, make_new,
                         countersign_credentials_make, locals_dict, &credentials_locals);

// --- TLS

static MP_DEFINE_CONST_FUN_OBJ_1(tls_handshake_obj, countersign_tls_handshake);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_wants_write_obj, countersign_tls_wants_write);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_alert_obj, countersign_tls_alert);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_verdict_obj, countersign_tls_verdict);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_resumed_obj, countersign_tls_resumed);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_shown_until_obj, countersign_tls_shown_until);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_save_obj, countersign_tls_save);
static MP_DEFINE_CONST_FUN_OBJ_1(tls_del_obj, countersign_tls_del);

static const mp_rom_map_elem_t tls_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&tls_del_obj)},
    {MP_ROM_QSTR(MP_QSTR_handshake), MP_ROM_PTR(&tls_handshake_obj)},
    {MP_ROM_QSTR(MP_QSTR_wants_write), MP_ROM_PTR(&tls_wants_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_alert), MP_ROM_PTR(&tls_alert_obj)},
    {MP_ROM_QSTR(MP_QSTR_verdict), MP_ROM_PTR(&tls_verdict_obj)},
    {MP_ROM_QSTR(MP_QSTR_resumed), MP_ROM_PTR(&tls_resumed_obj)},
    {MP_ROM_QSTR(MP_QSTR_shown_until), MP_ROM_PTR(&tls_shown_until_obj)},
    {MP_ROM_QSTR(MP_QSTR_save), MP_ROM_PTR(&tls_save_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
};
static MP_DEFINE_CONST_DICT(tls_locals, tls_locals_table);

static const mp_stream_p_t tls_stream = {
    .read = countersign_tls_read,
    .write = countersign_tls_write,
    .ioctl = countersign_tls_ioctl,
};

MP_DEFINE_CONST_OBJ_TYPE(countersign_tls_type, MP_QSTR_TLS, MP_TYPE_FLAG_NONE, make_new, countersign_tls_make,
                         protocol, &tls_stream, locals_dict, &tls_locals);

// --- MQTT

static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mqtt_connect_obj, 7, 7, countersign_mqtt_connect);
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mqtt_publish_obj, 5, 6, countersign_mqtt_publish);
static MP_DEFINE_CONST_FUN_OBJ_3(mqtt_subscribe_obj, countersign_mqtt_subscribe);
static MP_DEFINE_CONST_FUN_OBJ_2(mqtt_unsubscribe_obj, countersign_mqtt_unsubscribe);
static MP_DEFINE_CONST_FUN_OBJ_1(mqtt_disconnect_obj, countersign_mqtt_disconnect);
static MP_DEFINE_CONST_FUN_OBJ_2(mqtt_advance_obj, countersign_mqtt_advance);
static MP_DEFINE_CONST_FUN_OBJ_1(mqtt_next_tick_obj, countersign_mqtt_next_tick);
static MP_DEFINE_CONST_FUN_OBJ_1(mqtt_pending_obj, countersign_mqtt_pending);
static MP_DEFINE_CONST_FUN_OBJ_2(mqtt_close_obj, countersign_mqtt_close);

static const mp_rom_map_elem_t mqtt_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&mqtt_connect_obj)},
    {MP_ROM_QSTR(MP_QSTR_publish), MP_ROM_PTR(&mqtt_publish_obj)},
    {MP_ROM_QSTR(MP_QSTR_subscribe), MP_ROM_PTR(&mqtt_subscribe_obj)},
    {MP_ROM_QSTR(MP_QSTR_unsubscribe), MP_ROM_PTR(&mqtt_unsubscribe_obj)},
    {MP_ROM_QSTR(MP_QSTR_disconnect), MP_ROM_PTR(&mqtt_disconnect_obj)},
    {MP_ROM_QSTR(MP_QSTR_advance), MP_ROM_PTR(&mqtt_advance_obj)},
    {MP_ROM_QSTR(MP_QSTR_next_tick), MP_ROM_PTR(&mqtt_next_tick_obj)},
    {MP_ROM_QSTR(MP_QSTR_pending), MP_ROM_PTR(&mqtt_pending_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mqtt_close_obj)},
};
static MP_DEFINE_CONST_DICT(mqtt_locals, mqtt_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(countersign_mqtt_type, MP_QSTR_MQTT, MP_TYPE_FLAG_NONE, make_new,
                         countersign_mqtt_make, locals_dict, &mqtt_locals);

// --- the module

static const mp_rom_map_elem_t countersign_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__countersign)},
    {MP_ROM_QSTR(MP_QSTR_public_key), MP_ROM_PTR(&public_key_obj)},
    {MP_ROM_QSTR(MP_QSTR_sign), MP_ROM_PTR(&sign_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_wipe), MP_ROM_PTR(&wipe_obj)},
    {MP_ROM_QSTR(MP_QSTR_is_topic), MP_ROM_PTR(&is_topic_obj)},
    {MP_ROM_QSTR(MP_QSTR_is_filter), MP_ROM_PTR(&is_filter_obj)},
    {MP_ROM_QSTR(MP_QSTR_matches), MP_ROM_PTR(&matches_obj)},
    {MP_ROM_QSTR(MP_QSTR_Credentials), MP_ROM_PTR(&countersign_credentials_type)},
    {MP_ROM_QSTR(MP_QSTR_TLS), MP_ROM_PTR(&countersign_tls_type)},
    {MP_ROM_QSTR(MP_QSTR_MQTT), MP_ROM_PTR(&countersign_mqtt_type)},
    {MP_ROM_QSTR(MP_QSTR_CONNECTED), MP_ROM_INT(COUNTERSIGN_CONNECTED)},
    {MP_ROM_QSTR(MP_QSTR_REFUSED), MP_ROM_INT(COUNTERSIGN_REFUSED)},
    {MP_ROM_QSTR(MP_QSTR_MESSAGE), MP_ROM_INT(COUNTERSIGN_MESSAGE)},
    {MP_ROM_QSTR(MP_QSTR_OVERSIZE), MP_ROM_INT(COUNTERSIGN_OVERSIZE)},
    {MP_ROM_QSTR(MP_QSTR_PUBLISHED), MP_ROM_INT(COUNTERSIGN_PUBLISHED)},
    {MP_ROM_QSTR(MP_QSTR_SUBSCRIBED), MP_ROM_INT(COUNTERSIGN_SUBSCRIBED)},
    {MP_ROM_QSTR(MP_QSTR_UNSUBSCRIBED), MP_ROM_INT(COUNTERSIGN_UNSUBSCRIBED)},
    {MP_ROM_QSTR(MP_QSTR_DROPPED), MP_ROM_INT(COUNTERSIGN_DROPPED)},
    {MP_ROM_QSTR(MP_QSTR_REJECTED), MP_ROM_INT(COUNTERSIGN_REJECTED)},
    {MP_ROM_QSTR(MP_QSTR_DISCONNECTED), MP_ROM_INT(COUNTERSIGN_DISCONNECTED)},
    {MP_ROM_QSTR(MP_QSTR_CLOSED), MP_ROM_INT(COUNTERSIGN_CLOSED)},
    {MP_ROM_QSTR(MP_QSTR_ENDED), MP_ROM_INT(COUNTERSIGN_ENDED)},
    {MP_ROM_QSTR(MP_QSTR_NO_ROOM), MP_ROM_INT(COUNTERSIGN_NO_ROOM)},
    {MP_ROM_QSTR(MP_QSTR_NOT_CONNECTED), MP_ROM_INT(COUNTERSIGN_NOT_CONNECTED)},
};
static MP_DEFINE_CONST_DICT(countersign_globals, countersign_globals_table);

const mp_obj_module_t countersign_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t*)&countersign_globals,
};
MP_REGISTER_MODULE(MP_QSTR__countersign, countersign_module);
