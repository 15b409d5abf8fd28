// Any MicroPython stream object (a socket, a UART, another TLS) as a pipe of bytes.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
#include "py/obj.h"
}

namespace countersign::native {

inline constexpr int kWouldBlock = -1'000'000;  // outside of what errno and mbedTLS use

class Stream {
  public:
    Stream() = default;
    // Raises a Python exception when the object cannot read, write and be polled.
    explicit Stream(mp_obj_t object);

    // Bytes moved (0 when reading: the other side has closed), kWouldBlock, or an errno, negated.
    [[nodiscard]] int read(std::uint8_t* to, std::size_t size) const noexcept;
    [[nodiscard]] int write(const std::uint8_t* from, std::size_t size) const noexcept;

    // A read() would not have to wait; false where the object does not tell.
    [[nodiscard]] bool readable() const noexcept;

    [[nodiscard]] mp_obj_t object() const noexcept { return object_; }

  private:
    mp_obj_t object_ = MP_OBJ_NULL;
};

}  // namespace countersign::native
