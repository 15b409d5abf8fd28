// Serial ports of this computer.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace countersign::loader {

struct SerialPort {
    std::string path;  // "/dev/ttyUSB0"
    std::string
        description;  // from /dev/serial/by-id: "Silicon_Labs_CP2102_USB_to_UART_Bridge"; may be empty
};

// USB serial ports, in the order of their names. `dev` is /dev but for tests.
[[nodiscard]] std::vector<SerialPort> list_ports(const std::filesystem::path& dev = "/dev");

// A path is returned as it is; "auto" is the only port there is. Throws Error{PortMissing} when there is none
// and Error{PortSeveral}, naming them, when there are several.
[[nodiscard]] std::string find_port(const std::string& port, const std::filesystem::path& dev = "/dev");

// Throws Error{PortMissing, PortPermission} unless the port can be opened.
void check_port(const std::string& port);

// Who else has the port open, "minicom (process 4711)"; empty when it cannot be seen. `proc` is /proc but for
// tests.
[[nodiscard]] std::string port_holder(const std::string& port, const std::filesystem::path& proc = "/proc");

}  // namespace countersign::loader
