#include "host/loader/firmware.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/loader/helper_programs.h"
#include "host/loader/ports.h"

namespace countersign::loader {
namespace {

constexpr std::chrono::minutes kDeadline{10};  // 4 MB at 115200 baud take six

// Espressif's application image format: magic byte, and the chip's id in bytes 12 and 13 of the header.
constexpr std::uint8_t kImageMagic = 0xE9;
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kMaxImage = std::size_t{64} << 20;  // more than any ESP32's flash

struct Chip {
    std::uint16_t id;
    const char* name;
    const char* offset;  // where its ROM looks for the bootloader
};
constexpr std::array<Chip, 9> kChips{{
    {0, "esp32", "0x1000"},
    {2, "esp32s2", "0x1000"},
    {5, "esp32c3", "0x0"},
    {9, "esp32s3", "0x0"},
    {12, "esp32c2", "0x0"},
    {13, "esp32c6", "0x0"},
    {16, "esp32h2", "0x0"},
    {18, "esp32p4", "0x2000"},
    {23, "esp32c5", "0x2000"},
}};

const Chip& chip_of(const std::filesystem::path& image) {
    const auto content = read_file(image, kMaxImage);
    if (content.size() >= kHeaderSize && content[0] == kImageMagic) {
        const auto id = static_cast<std::uint16_t>(content[12] | content[13] << 8);
        for (const Chip& chip : kChips)
            if (chip.id == id) return chip;
    }
    throw Error(Code::FirmwareInvalid, image.string() + " is not a firmware image for an ESP32.");
}

std::string find_esptool() {
    if (const char* path = std::getenv("COUNTERSIGN_ESPTOOL"); path != nullptr && *path != '\0') return path;
    for (const char* name : {"esptool", "esptool.py"})
        if (auto path = find_installed(name); !path.empty()) return path;
    throw Error(Code::ToolMissing, "esptool is not installed.", install_cure("esptool"));
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

[[noreturn]] void explain(const CommandResult& result, const std::string& port, const Chip& chip) {
    const std::string& output = result.output;
    if (contains(output, "could not open port") || contains(output, "port is busy")) {
        throw Error(Code::PortBusy, "esptool cannot open " + port + ".");
    }
    if (contains(output, "This chip is") || contains(output, "not for this chip")) {
        throw Error(Code::FirmwareInvalid, std::string("The image is for an ") + chip.name +
                                               "; the board at " + port + " is another chip.");
    }
    if (contains(output, "Failed to connect")) {
        throw Error(Code::FirmwareFailed, "The chip at " + port + " does not enter its bootloader.");
    }
    const std::size_t end = output.find_last_not_of("\r\n");
    const std::size_t begin = end == std::string::npos ? std::string::npos : output.rfind('\n', end);
    throw Error(Code::FirmwareFailed,
                "esptool: " + output.substr(begin == std::string::npos ? 0 : begin + 1));
}

}  // namespace

void flash_firmware(const std::string& port, const std::filesystem::path& image,
                    const std::function<void(std::string_view)>& on_line) {
    const Chip& chip = chip_of(image);
    const std::string esptool = find_esptool();
    check_port(port);
    // esptool checks the chip itself, and the hash of what it has written.
    const auto result = run_command({esptool, "--chip", chip.name, "--port", port, "--baud", "460800",
                                     "write_flash", "--erase-all", chip.offset, image.string()},
                                    kDeadline, {}, on_line);
    if (result.exit_code != 0) explain(result, port, chip);
}

}  // namespace countersign::loader
