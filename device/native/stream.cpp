#include "stream.h"

extern "C" {
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"
}

namespace countersign::native {
namespace {

int result(mp_uint_t count, int fault) noexcept {
    if (count != MP_STREAM_ERROR) return static_cast<int>(count);
    if (mp_is_nonblocking_error(fault)) return kWouldBlock;
    return fault > 0 ? -fault : fault;  // mbedTLS's numbers are negative already
}

}  // namespace

Stream::Stream(mp_obj_t object) : object_(object) {
    mp_get_stream_raise(object, MP_STREAM_OP_READ | MP_STREAM_OP_WRITE | MP_STREAM_OP_IOCTL);
}

int Stream::read(std::uint8_t* to, std::size_t size) const noexcept {
    int fault = 0;
    const mp_uint_t count = mp_get_stream(object_)->read(object_, to, size, &fault);
    return result(count, fault);
}

int Stream::write(const std::uint8_t* from, std::size_t size) const noexcept {
    int fault = 0;
    const mp_uint_t count = mp_get_stream(object_)->write(object_, from, size, &fault);
    return result(count, fault);
}

bool Stream::readable() const noexcept {
    int fault = 0;
    const mp_uint_t ready = mp_get_stream(object_)->ioctl(object_, MP_STREAM_POLL, MP_STREAM_POLL_RD, &fault);
    return ready != MP_STREAM_ERROR && (ready & MP_STREAM_POLL_RD) != 0;
}

}  // namespace countersign::native
