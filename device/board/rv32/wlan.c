// A double of ESP32's module `network`: what programs ask of it, over wifi.c. What the world around the board
// is like is read from the file /.board (JSON) when there is one: {"wifi": "ok" | "ap missing" | "wrong
// password"}.
#include "board.h"
#include "extmod/vfs.h"
#include "py/lexer.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "wifi.h"

enum { STA_IF = 0, AP_IF = 1 };
enum { STAT_IDLE = 1000, STAT_CONNECTING = 1001, STAT_GOT_IP = 1010 };
enum { SSID = 32 };

typedef struct {
    mp_obj_base_t base;
    bool is_active;  // of the access point; a station's is the driver's
} wlan_t;

// They outlive a soft reset, as the driver does.
static wlan_t station, access_point;
static char ssid[SSID + 1], host_name[33] = "mpy-esp32";

static mp_obj_t text(const char* from) {
    return mp_obj_new_str(from, strlen(from));
}

static void copy(mp_obj_t from, char* to, size_t size) {
    size_t length;
    const char* bytes = mp_obj_str_get_data(from, &length);
    length = length < size - 1 ? length : size - 1;
    memcpy(to, bytes, length);
    to[length] = 0;
}

static int world_fault(void) {
    if (mp_import_stat("/.board") != MP_IMPORT_STAT_FILE) {
        return WIFI_NO_REASON;
    }
    mp_obj_t world = mp_import_name(MP_QSTR__world, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    mp_obj_t wifi = mp_call_function_1(mp_load_attr(world, MP_QSTR_get), MP_OBJ_NEW_QSTR(MP_QSTR_wifi));
    if (wifi == mp_const_none) {
        return WIFI_NO_REASON;
    }
    const char* is = mp_obj_str_get_str(wifi);
    return strcmp(is, "ap missing") == 0       ? WIFI_NO_AP_FOUND
           : strcmp(is, "wrong password") == 0 ? WIFI_AUTH_FAIL
                                               : WIFI_NO_REASON;
}

static int status(void) {
    if (!wifi_has_address()) {
        return !wifi_is_connecting()             ? STAT_IDLE
               : wifi_reason() != WIFI_NO_REASON ? wifi_reason()
                                                 : STAT_CONNECTING;
    }
    int fault = world_fault();
    return fault != WIFI_NO_REASON ? fault : STAT_GOT_IP;
}

static bool is_connected(mp_obj_t self) {
    net_poll();
    return MP_OBJ_TO_PTR(self) == &station && status() == STAT_GOT_IP;
}

static mp_obj_t wlan_make_new(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    if (!wifi_init()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("Wifi Unknown Error 0x0101"));  // ESP_ERR_NO_MEM
    }
    wlan_t* self = n_args > 0 && mp_obj_get_int(args[0]) == AP_IF ? &access_point : &station;
    self->base.type = type;
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t wlan_active(size_t n_args, const mp_obj_t* args) {
    wlan_t* self = MP_OBJ_TO_PTR(args[0]);
    if (n_args > 1 && self == &access_point) {
        self->is_active = mp_obj_is_true(args[1]);
    } else if (n_args > 1) {
        (mp_obj_is_true(args[1]) ? wifi_start : wifi_stop)();
    }
    return mp_obj_new_bool(self == &station ? wifi_is_started() : self->is_active);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wlan_active_obj, 1, 2, wlan_active);

static mp_obj_t wlan_connect(size_t n_args, const mp_obj_t* args, mp_map_t* keywords) {
    (void)keywords;  // key, bssid: any will do
    if (!wifi_is_started()) {
        mp_raise_msg(&mp_type_OSError, MP_ERROR_TEXT("Wifi Not Started"));
    }
    if (wifi_is_connecting()) {  // the driver is at it already
        mp_raise_msg(&mp_type_OSError, MP_ERROR_TEXT("Wifi Internal Error"));
    }
    if (n_args > 1 && args[1] != mp_const_none) {
        copy(args[1], ssid, sizeof ssid);
    }
    wifi_disconnect();
    wifi_connect();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(wlan_connect_obj, 1, wlan_connect);

static mp_obj_t wlan_disconnect(mp_obj_t self) {
    (void)self;
    wifi_disconnect();
    ssid[0] = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_disconnect_obj, wlan_disconnect);

static mp_obj_t wlan_status(size_t n_args, const mp_obj_t* args) {
    (void)args;
    net_poll();
    return MP_OBJ_NEW_SMALL_INT(n_args > 1 ? -50 : status());  // -50: the signal's strength
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wlan_status_obj, 1, 2, wlan_status);

static mp_obj_t wlan_isconnected(mp_obj_t self) {
    return mp_obj_new_bool(is_connected(self));
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_isconnected_obj, wlan_isconnected);

// Address, mask, gateway, name server, as net.c has them.
static mp_obj_t wlan_ifconfig(size_t n_args, const mp_obj_t* args) {
    (void)n_args;
    bool is_up = is_connected(args[0]);
    mp_obj_t all[] = {text(is_up ? "10.0.2.15" : "0.0.0.0"), text(is_up ? "255.255.255.0" : "0.0.0.0"),
                      text(is_up ? "10.0.2.2" : "0.0.0.0"), text(is_up ? "10.0.2.3" : "0.0.0.0")};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(all), all);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wlan_ifconfig_obj, 1, 2, wlan_ifconfig);

static mp_obj_t wlan_ipconfig(size_t n_args, const mp_obj_t* args, mp_map_t* keywords) {
    (void)keywords;
    if (n_args < 2) {
        return mp_const_none;
    }
    switch (mp_obj_str_get_qstr(args[1])) {
        case MP_QSTR_addr4: {
            mp_obj_t* all;
            mp_obj_get_array_fixed_n(wlan_ifconfig(1, args), 4, &all);
            return mp_obj_new_tuple(2, all);
        }
        case MP_QSTR_has_dhcp4: return mp_obj_new_bool(is_connected(args[0]));
        default: return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_KW(wlan_ipconfig_obj, 1, wlan_ipconfig);

static mp_obj_t wlan_scan(mp_obj_t self) {
    (void)self;
    mp_obj_t found = mp_obj_new_list(0, NULL);
    if (world_fault() != WIFI_NO_AP_FOUND) {
        const byte bssid[] = {2, 0, 0, 0, 0, 1};
        mp_obj_t one[] = {mp_obj_new_bytes((const byte*)"home", 4),
                          mp_obj_new_bytes(bssid, sizeof bssid),
                          MP_OBJ_NEW_SMALL_INT(1),
                          MP_OBJ_NEW_SMALL_INT(-50),
                          MP_OBJ_NEW_SMALL_INT(3),
                          mp_const_false};
        mp_obj_list_append(found, mp_obj_new_tuple(MP_ARRAY_SIZE(one), one));
    }
    return found;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wlan_scan_obj, wlan_scan);

static mp_obj_t wlan_config(size_t n_args, const mp_obj_t* args, mp_map_t* keywords) {
    (void)keywords;  // power saving and the like
    if (n_args < 2) {
        return mp_const_none;
    }
    switch (mp_obj_str_get_qstr(args[1])) {
        case MP_QSTR_mac: {  // which the chip's own number is
            mp_obj_t machine = mp_import_name(MP_QSTR_machine, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
            return mp_call_function_0(mp_load_attr(machine, MP_QSTR_unique_id));
        }
        case MP_QSTR_ssid:
        case MP_QSTR_essid: return text(ssid);
        case MP_QSTR_channel: return MP_OBJ_NEW_SMALL_INT(1);
        default: return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_KW(wlan_config_obj, 1, wlan_config);

static const mp_rom_map_elem_t wlan_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_active), MP_ROM_PTR(&wlan_active_obj)},
    {MP_ROM_QSTR(MP_QSTR_config), MP_ROM_PTR(&wlan_config_obj)},
    {MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&wlan_connect_obj)},
    {MP_ROM_QSTR(MP_QSTR_disconnect), MP_ROM_PTR(&wlan_disconnect_obj)},
    {MP_ROM_QSTR(MP_QSTR_ifconfig), MP_ROM_PTR(&wlan_ifconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_ipconfig), MP_ROM_PTR(&wlan_ipconfig_obj)},
    {MP_ROM_QSTR(MP_QSTR_isconnected), MP_ROM_PTR(&wlan_isconnected_obj)},
    {MP_ROM_QSTR(MP_QSTR_scan), MP_ROM_PTR(&wlan_scan_obj)},
    {MP_ROM_QSTR(MP_QSTR_status), MP_ROM_PTR(&wlan_status_obj)},
    {MP_ROM_QSTR(MP_QSTR_IF_STA), MP_ROM_INT(STA_IF)},
    {MP_ROM_QSTR(MP_QSTR_IF_AP), MP_ROM_INT(AP_IF)},
    {MP_ROM_QSTR(MP_QSTR_PM_NONE), MP_ROM_INT(0)},
    {MP_ROM_QSTR(MP_QSTR_PM_PERFORMANCE), MP_ROM_INT(1)},
    {MP_ROM_QSTR(MP_QSTR_PM_POWERSAVE), MP_ROM_INT(2)},
};
static MP_DEFINE_CONST_DICT(wlan_locals, wlan_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(wlan_type, MP_QSTR_WLAN, MP_TYPE_FLAG_NONE, make_new, wlan_make_new,
                                locals_dict, &wlan_locals);

static mp_obj_t network_hostname(size_t n_args, const mp_obj_t* args) {
    if (n_args == 0) {
        return text(host_name);
    }
    copy(args[0], host_name, sizeof host_name);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_hostname_obj, 0, 1, network_hostname);

static mp_obj_t network_country(size_t n_args, const mp_obj_t* args) {
    (void)n_args;
    (void)args;
    return text("XX");
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(network_country_obj, 0, 1, network_country);

static const mp_rom_map_elem_t network_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_network)},
    {MP_ROM_QSTR(MP_QSTR_WLAN), MP_ROM_PTR(&wlan_type)},
    {MP_ROM_QSTR(MP_QSTR_country), MP_ROM_PTR(&network_country_obj)},
    {MP_ROM_QSTR(MP_QSTR_hostname), MP_ROM_PTR(&network_hostname_obj)},
    {MP_ROM_QSTR(MP_QSTR_STA_IF), MP_ROM_INT(STA_IF)},
    {MP_ROM_QSTR(MP_QSTR_AP_IF), MP_ROM_INT(AP_IF)},
    {MP_ROM_QSTR(MP_QSTR_STAT_IDLE), MP_ROM_INT(STAT_IDLE)},
    {MP_ROM_QSTR(MP_QSTR_STAT_CONNECTING), MP_ROM_INT(STAT_CONNECTING)},
    {MP_ROM_QSTR(MP_QSTR_STAT_GOT_IP), MP_ROM_INT(STAT_GOT_IP)},
    {MP_ROM_QSTR(MP_QSTR_STAT_BEACON_TIMEOUT), MP_ROM_INT(200)},
    {MP_ROM_QSTR(MP_QSTR_STAT_NO_AP_FOUND), MP_ROM_INT(WIFI_NO_AP_FOUND)},
    {MP_ROM_QSTR(MP_QSTR_STAT_WRONG_PASSWORD), MP_ROM_INT(WIFI_AUTH_FAIL)},
    {MP_ROM_QSTR(MP_QSTR_STAT_ASSOC_FAIL), MP_ROM_INT(203)},
    {MP_ROM_QSTR(MP_QSTR_STAT_HANDSHAKE_TIMEOUT), MP_ROM_INT(204)},
};
static MP_DEFINE_CONST_DICT(network_globals, network_globals_table);

const mp_obj_module_t network_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t*)&network_globals,
};
MP_REGISTER_MODULE(MP_QSTR_network, network_module);
