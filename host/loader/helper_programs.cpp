#include "host/loader/helper_programs.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "host/base/error.h"
#include "host/base/subprocess.h"

namespace countersign::loader {
namespace {

constexpr std::string_view kBoard = "micropython";  // and what follows a dash: its kinds

std::string variable_for(std::string_view name) {
    std::string variable = "COUNTERSIGN_";
    for (const char c : name) {
        variable.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    }
    return variable;
}

// Where pipx puts programs, which is on no PATH before `pipx ensurepath` and a new login.
std::string in_users_programs(std::string_view name) {
    const char* home = std::getenv("HOME");
    return home != nullptr ? find_program(std::string(home) + "/.local/bin/" + std::string(name))
                           : std::string();
}

std::string beside_this_program(std::string_view name) {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const auto path = program.parent_path().parent_path() / "libexec" / name;
    return ::access(path.c_str(), X_OK) == 0 ? path.string() : std::string();
}

}  // namespace

std::string find_installed(std::string_view name) {
    auto path = find_program(name);
    return path.empty() ? in_users_programs(name) : path;
}

std::string install_cure(std::string_view name) {
    if (name == "qemu-system-riscv32") return "apt install qemu-system-misc";
    if (name == "setpriv") return "apt install util-linux";
    if (name == "mpremote")
        return "apt install micropython-mpremote (Debian 13), or apt install pipx and pipx install mpremote";
    if (name == "esptool")
        return "apt install esptool (Debian 13), or apt install pipx and pipx install esptool";
    return std::string(catalogue_entry(Code::ToolMissing).cure);
}

std::string find_helper(std::string_view name) {
    const std::string variable = variable_for(name);
    if (const char* path = std::getenv(variable.c_str()); path != nullptr && *path != '\0') {
        if (::access(path, X_OK) == 0) return path;
        throw Error(Code::ToolMissing, variable + " names " + path + ", which cannot be run.",
                    "set " + variable + " to the program");
    }
    const bool is_board = name.substr(0, kBoard.size()) == kBoard;
    if (!is_board) {
        if (auto path = find_installed(name); !path.empty()) return path;
    }
    if (auto path = beside_this_program(name); !path.empty()) return path;
    if (is_board) {
        throw Error(
            Code::ToolMissing, "The virtual board's MicroPython (" + std::string(name) + ") is not built.",
            name.find("rv32") == std::string_view::npos ? "./dev build" : "device/board/rv32/build.sh");
    }
    throw Error(Code::ToolMissing, std::string(name) + " is not installed.", install_cure(name));
}

}  // namespace countersign::loader
