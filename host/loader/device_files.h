// The program for the board, built into this one from device/ (device/package).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace countersign::loader {

struct DeviceFile {
    std::string_view path;  // on the board, without the leading slash: "lib/countersign/client.mpy"
    std::string_view content;
};

// The package as MicroPython's bytecode, which no board has to compile, or as source. main.py is source in
// both.
enum class Form { compiled, source };

// In the order to copy them: main.py, which starts it all, comes last.
[[nodiscard]] std::span<const DeviceFile> device_files(Form form);

// The version of bytecode of the compiled form: what firmware that reads it has in sys.implementation._mpy.
[[nodiscard]] std::uint8_t bytecode_version();

// The first line of our main.py begins with this; a main.py that does not is somebody else's.
inline constexpr std::string_view kMainMarker = "# countersign: main";

}  // namespace countersign::loader
