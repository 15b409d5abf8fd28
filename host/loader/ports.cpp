#include "host/loader/ports.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "host/base/error.h"

namespace countersign::loader {
namespace {

namespace fs = std::filesystem;

// "usb-Silicon_Labs_CP2102_0001-if00-port0" → "Silicon_Labs_CP2102_0001"
std::string describe(std::string name) {
    if (name.starts_with("usb-")) name.erase(0, 4);
    return name.substr(0, name.find("-if"));
}

std::string group_of(const std::string& port) {
    struct stat info {};
    if (::stat(port.c_str(), &info) != 0) return "dialout";
    const group* entry = ::getgrgid(info.st_gid);
    return entry != nullptr && info.st_gid != 0 ? entry->gr_name : "dialout";
}

std::string list_in_words(const std::vector<SerialPort>& ports) {
    std::string text;
    for (const auto& port : ports) {
        if (!text.empty()) text += ", ";
        text += port.path;
        if (!port.description.empty()) text += " (" + port.description + ")";
    }
    return text;
}

}  // namespace

std::vector<SerialPort> list_ports(const fs::path& dev) {
    std::map<std::string, std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dev, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("ttyUSB") || name.starts_with("ttyACM")) found[entry.path().string()];
    }
    for (const auto& entry : fs::directory_iterator(dev / "serial/by-id", error)) {
        const fs::path target = fs::weakly_canonical(entry.path(), error);
        if (!error) found[target.string()] = describe(entry.path().filename().string());
    }
    std::vector<SerialPort> ports;
    ports.reserve(found.size());
    for (const auto& [path, description] : found) ports.push_back({path, description});
    return ports;
}

std::string find_port(const std::string& port, const fs::path& dev) {
    if (port != "auto") return port;
    const auto ports = list_ports(dev);
    if (ports.empty()) throw Error(Code::PortMissing, "No board is plugged in.");
    if (ports.size() > 1) {
        throw Error(Code::PortSeveral, "Several boards are plugged in: " + list_in_words(ports) + ".",
                    "countersign load NAME --port " + ports.front().path);
    }
    return ports.front().path;
}

void check_port(const std::string& port) {
    struct stat info {};
    if (::stat(port.c_str(), &info) != 0) {
        const auto others = list_ports();
        throw Error(
            Code::PortMissing,
            "There is no " + port + (others.empty() ? "." : "; there is " + list_in_words(others) + "."));
    }
    if (!S_ISCHR(info.st_mode)) throw Error(Code::PortMissing, port + " is not a serial port.");
    if (::access(port.c_str(), R_OK | W_OK) != 0) {
        const std::string group = group_of(port);
        throw Error(Code::PortPermission, "You may not open " + port + ": it is for the group " + group + ".",
                    "sudo usermod -aG " + group + " $USER, then log out and in again");
    }
}

std::string port_holder(const std::string& port, const fs::path& proc) {
    std::error_code error;
    const fs::path wanted = fs::canonical(port, error);
    if (error) return {};
    for (const auto& process : fs::directory_iterator(proc, error)) {
        const std::string pid = process.path().filename().string();
        if (!std::all_of(pid.begin(), pid.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
            continue;
        if (pid == std::to_string(::getpid())) continue;
        std::error_code unreadable;  // another user's
        for (const auto& descriptor : fs::directory_iterator(process.path() / "fd", unreadable)) {
            if (fs::read_symlink(descriptor.path(), unreadable) != wanted) continue;
            const fs::path program = fs::read_symlink(process.path() / "exe", unreadable).filename();
            return program.string() + " (process " + pid + ")";
        }
    }
    return {};
}

}  // namespace countersign::loader
