#include "host/loader/board_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "host/base/error.h"
#include "host/base/subprocess.h"
#include "host/loader/digest.h"
#include "host/loader/helper_programs.h"

namespace countersign::loader {
namespace {

constexpr const char* kHeap = "heapsize=512k";  // as in device/board/virtual/board.c
constexpr const char* kFlashSize = "2M";        // what a 4 MB ESP32 leaves for files

// Espressif's prefix; the rest makes the board's folder a board's own and lasting.
std::string mac_of(const std::filesystem::path& flash) {
    const std::uint32_t id = crc32(flash.string());
    return fmt::format("24:0a:c4:{:02x}:{:02x}:{:02x}", id >> 16 & 0xff, id >> 8 & 0xff, id & 0xff);
}

// QEMU would create it readable for everyone, and keys will be in it.
void make_private_file(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) throw Error(Code::FileWrite, path.string() + " cannot be written.");
    ::close(fd);
}

// Of the instruction set's extensions those of an ESP32-C3: what else the firmware used would trap. A core to
// add them to came with QEMU 9; from the older one those it has too many are taken away, which newer ones
// refuse.
std::string core_of(const std::string& qemu) {
    const auto known = run_command({qemu, "-cpu", "help"}, std::chrono::seconds(10)).output;
    return known.find("rv32i") == std::string::npos ? "rv32,a=off,f=off,d=off"
                                                    : "rv32i,m=on,c=on,zicsr=on,zifencei=on,sv32=off";
}

// A word in the board's memory that tells the firmware whose memory to have (device/board/rv32/rv32.ld).
std::string straps(const std::string& chip) {
    constexpr std::size_t kSize = 8;
    std::uint64_t word = 0;
    for (std::size_t i = std::min(chip.size(), kSize); i > 0; --i)
        word = word << 8 | static_cast<unsigned char>(chip[i - 1]);
    return fmt::format("loader,addr=0x80500100,data={},data-len={}", word, kSize);
}

}  // namespace

std::vector<std::string> virtual_board_command(const std::filesystem::path& micropython,
                                               const std::filesystem::path& flash) {
    return {micropython.string(), "-X", kHeap, "-m", "_virtual_board", flash.string()};
}

std::vector<std::string> riscv_board_command(const std::filesystem::path& firmware,
                                             const std::filesystem::path& flash, const std::string& chip,
                                             bool counted) {
    const auto image = flash / "flash.img";
    make_private_file(image);
    // A comma ends a value in QEMU's options; two stand for one.
    std::string escaped;
    for (const char c : image.string()) escaped += c == ',' ? std::string(",,") : std::string(1, c);
    const auto qemu = find_helper("qemu-system-riscv32");
    std::vector<std::string> command{
        // QEMU does not end when nobody holds its serial line any more.
        find_helper("setpriv"),
        "--pdeathsig",
        "KILL",
        qemu,
        "-nodefaults",
        "-nographic",
        "-monitor",
        "none",
        "-bios",
        "none",
        "-machine",
        "virt",
        "-cpu",
        core_of(qemu),
        "-m",
        "8M",
        "-kernel",
        firmware.string(),
        "-device",
        straps(chip),
        "-global",
        "virtio-mmio.force-legacy=false",
        "-object",
        fmt::format("memory-backend-file,id=flash,size={},share=on,mem-path={}", kFlashSize, escaped),
        "-device",
        "ivshmem-plain,memdev=flash",
        "-device",
        "virtio-rng-device",
        "-netdev",
        "user,id=net",
        "-device",
        "virtio-net-device,netdev=net,mac=" + mac_of(flash),
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console"};
    if (counted) command.insert(command.end(), {"-icount", "shift=3"});
    return command;
}

}  // namespace countersign::loader
