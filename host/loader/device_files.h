// The program for the board, built into this one from device/.
#pragma once

#include <span>
#include <string_view>

namespace countersign::loader {

struct DeviceFile {
    std::string_view path;  // on the board, without the leading slash: "lib/countersign/client.py"
    std::string_view content;
};

// In the order to copy them: main.py, which starts it all, comes last.
[[nodiscard]] std::span<const DeviceFile> device_files();

// The first line of our main.py begins with this; a main.py that does not is somebody else's.
inline constexpr std::string_view kMainMarker = "# countersign: main";

}  // namespace countersign::loader
