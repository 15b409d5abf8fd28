// The device list comes from other people's spreadsheets.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/base/error.h"
#include "host/lifecycle/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        (void)countersign::lifecycle::parse_device_csv({reinterpret_cast<const char*>(data), size});
    } catch (const countersign::Error&) {
        // A refusal is an answer.
    }
    return 0;
}
