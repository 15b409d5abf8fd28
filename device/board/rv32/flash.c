// The storage for files: memory that QEMU keeps in a file of the host (its device ivshmem), with the manners
// of NOR flash: erased by blocks, and programming only clears bits. What has been written survives whatever
// happens to QEMU.
#include "board.h"
#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/runtime.h"

#define PCI_CONFIG(slot) (0x30000000u + ((slot) << 15))
#define PCI_MEMORY 0x40000000u
#define PCI_SLOTS 32
#define IVSHMEM_ID 0x11101af4u
enum { PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_BAR2 = 0x18 };
enum { PCI_COMMAND_MEMORY = 2 };

#define BLOCK 4096u

static uint8_t* memory;
static uint32_t blocks;

void flash_init(void) {
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        uintptr_t config = PCI_CONFIG(slot);
        if (*reg(config + PCI_ID) != IVSHMEM_ID) {
            continue;
        }
        *reg(config + PCI_BAR2) = UINT32_MAX;  // what it leaves zero is its size
        uint32_t size = ~(*reg(config + PCI_BAR2) & ~15u) + 1;
        *reg(config + PCI_BAR2) = PCI_MEMORY;
        *reg(config + PCI_BAR2 + 4) = 0;
        *reg(config + PCI_COMMAND) = PCI_COMMAND_MEMORY;
        memory = (uint8_t*)PCI_MEMORY;
        blocks = size / BLOCK;
        return;
    }
}

static mp_obj_t flash_make_new(const mp_obj_type_t* type, size_t n_args, size_t n_kw, const mp_obj_t* args) {
    (void)args;
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    if (blocks == 0) {
        mp_raise_OSError(MP_ENODEV);
    }
    static mp_obj_base_t only;
    only.type = type;
    return MP_OBJ_FROM_PTR(&only);
}

// The part of the flash that (block, buffer, offset) names.
static uint8_t* place(const mp_obj_t* args, size_t n_args, mp_buffer_info_t* buffer, unsigned flags) {
    mp_get_buffer_raise(args[2], buffer, flags);
    uint64_t at = (uint64_t)(mp_uint_t)mp_obj_get_int(args[1]) * BLOCK +
                  (n_args > 3 ? (mp_uint_t)mp_obj_get_int(args[3]) : 0);
    if (at + buffer->len > (uint64_t)blocks * BLOCK) {
        mp_raise_OSError(MP_EINVAL);
    }
    return memory + at;
}

static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t* args) {
    mp_buffer_info_t buffer;
    const uint8_t* from = place(args, n_args, &buffer, MP_BUFFER_WRITE);
    memcpy(buffer.buf, from, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t* args) {
    mp_buffer_info_t buffer;
    uint8_t* to = place(args, n_args, &buffer, MP_BUFFER_READ);
    if (n_args == 3) {
        memset(to, 0xff, buffer.len);
    }
    for (size_t i = 0; i < buffer.len; i++) {
        to[i] &= ((const uint8_t*)buffer.buf)[i];
    }
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self, mp_obj_t command, mp_obj_t argument) {
    (void)self;
    switch (mp_obj_get_int(command)) {
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT: return MP_OBJ_NEW_SMALL_INT(blocks);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE: return MP_OBJ_NEW_SMALL_INT(BLOCK);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE: {
            mp_uint_t block = (mp_uint_t)mp_obj_get_int(argument);
            if (block >= blocks) {
                return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
            }
            memset(memory + block * BLOCK, 0xff, BLOCK);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
        default: return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE, make_new, flash_make_new, locals_dict,
                         &flash_locals);
