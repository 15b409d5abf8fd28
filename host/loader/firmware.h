// Puts MicroPython itself on an ESP32, by esptool.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace countersign::loader {

// Erases the whole flash and writes the image (a .bin of micropython.org). Everything on the board is lost;
// only for
// --firmware, which asks for it by name. `on_line` sees esptool's own words. Throws Error{ToolMissing,
// FileRead, PortMissing, PortPermission, FirmwareInvalid, FirmwareFailed}.
void flash_firmware(const std::string& port, const std::filesystem::path& image,
                    const std::function<void(std::string_view)>& on_line);

}  // namespace countersign::loader
