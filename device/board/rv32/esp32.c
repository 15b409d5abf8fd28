// A double of ESP32's module `esp32`: what programs ask of it.
#include "chip.h"
#include "py/runtime.h"

// (total, free, largest free block, least ever free) of each region that can this.
static mp_obj_t idf_heap_info(mp_obj_t capabilities) {
    mp_obj_t heaps = mp_obj_new_list(0, NULL);
    for (unsigned i = 0; i < CHIP_REGIONS; i++) {
        const region_t* region = chip_region(i, (unsigned)mp_obj_get_int(capabilities));
        if (region != NULL) {
            mp_obj_t heap[] = {MP_OBJ_NEW_SMALL_INT(region->total), MP_OBJ_NEW_SMALL_INT(region->free),
                               MP_OBJ_NEW_SMALL_INT(region_largest(region)),
                               MP_OBJ_NEW_SMALL_INT(region->least)};
            mp_obj_list_append(heaps, mp_obj_new_tuple(MP_ARRAY_SIZE(heap), heap));
        }
    }
    return heaps;
}
static MP_DEFINE_CONST_FUN_OBJ_1(idf_heap_info_obj, idf_heap_info);

static mp_obj_t raw_temperature(void) {
    return MP_OBJ_NEW_SMALL_INT(127);  // degrees Fahrenheit, on the original ESP32
}
static MP_DEFINE_CONST_FUN_OBJ_0(raw_temperature_obj, raw_temperature);

static mp_obj_t mcu_temperature(void) {
    return MP_OBJ_NEW_SMALL_INT(53);  // degrees Celsius, on its successors
}
static MP_DEFINE_CONST_FUN_OBJ_0(mcu_temperature_obj, mcu_temperature);

static const mp_rom_map_elem_t esp32_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_esp32)},
    {MP_ROM_QSTR(MP_QSTR_HEAP_DATA), MP_ROM_INT(CHIP_DATA)},
    {MP_ROM_QSTR(MP_QSTR_HEAP_EXEC), MP_ROM_INT(CHIP_EXEC)},
    {MP_ROM_QSTR(MP_QSTR_WAKEUP_ALL_LOW), MP_ROM_FALSE},
    {MP_ROM_QSTR(MP_QSTR_WAKEUP_ANY_HIGH), MP_ROM_TRUE},
    {MP_ROM_QSTR(MP_QSTR_idf_heap_info), MP_ROM_PTR(&idf_heap_info_obj)},
    {MP_ROM_QSTR(MP_QSTR_mcu_temperature), MP_ROM_PTR(&mcu_temperature_obj)},
    {MP_ROM_QSTR(MP_QSTR_raw_temperature), MP_ROM_PTR(&raw_temperature_obj)},
};
static MP_DEFINE_CONST_DICT(esp32_globals, esp32_globals_table);

const mp_obj_module_t esp32_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t*)&esp32_globals,
};
MP_REGISTER_MODULE(MP_QSTR_esp32, esp32_module);
