// Python's words as those of C++, and back. Each may raise a Python exception, and so must not have anything
// to clean up above it on the stack.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

extern "C" {
#include "py/obj.h"
#include "py/runtime.h"
}

namespace countersign::native {

// bytes, bytearray, memoryview; str as its UTF-8.
inline std::span<const std::uint8_t> bytes_of(mp_obj_t object) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, MP_BUFFER_READ);
    return {static_cast<const std::uint8_t*>(buffer.buf), buffer.len};
}

inline std::string_view text_of(mp_obj_t object) {
    std::size_t size = 0;
    const char* data = mp_obj_str_get_data(object, &size);
    return {data, size};
}

inline mp_obj_t new_text(std::string_view view) {
    return mp_obj_new_str(view.data(), view.size());
}

inline mp_obj_t new_bytes(std::span<const std::uint8_t> view) {
    return mp_obj_new_bytes(view.data(), view.size());
}

[[noreturn]] inline void raise_value_error(const char* words) {
    mp_raise_msg(&mp_type_ValueError, (mp_rom_error_text_t)(words));
}

[[noreturn]] inline void raise_type_error(const char* words) {
    mp_raise_msg(&mp_type_TypeError, (mp_rom_error_text_t)(words));
}

template <typename Type>
Type& as(mp_obj_t self) {
    return *static_cast<Type*>(MP_OBJ_TO_PTR(self));
}

}  // namespace countersign::native
