#include "bench/authentication/board.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <ctime>
#include <sstream>

#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr const char* kLibexec = COUNTERSIGN_BENCH_SOURCE "/build/libexec/";
constexpr const char* kScript = COUNTERSIGN_BENCH_SOURCE "/bench/authentication/device.py";

fs::path firmware(Chip chip, bool native) {
    return fmt::format("{}micropython{}{}", kLibexec, chip == Chip::riscv ? "-rv32" : "",
                       native ? "-native" : "");
}

std::string hex_of_der(fs::path pem) {
    if (pem.empty()) return {};
    std::string hex;
    for (const auto byte : read_file(pem.replace_extension("der"))) hex += fmt::format("{:02x}", byte);
    return hex;
}

// As machine.RTC().datetime() takes it.
Json clock_now() {
    const std::time_t now = std::time(nullptr);
    std::tm date{};
    ::gmtime_r(&now, &date);
    return {date.tm_year + 1900, date.tm_mon + 1, date.tm_mday, (date.tm_wday + 6) % 7,
            date.tm_hour,        date.tm_min,     date.tm_sec,  0};
}

std::string kind(const Visit& visit) {
    if (visit.method == Method::clear) return "clear";
    return visit.tls == Tls::native ? "native" : "tls";
}

}  // namespace

bool Board::is_built(Chip chip, bool native) {
    return ::access(firmware(chip, native).c_str(), R_OK) == 0 &&
           (chip == Chip::computer || !find_program("qemu-system-riscv32").empty());
}

Board::Board(const fs::path& folder, Chip chip, bool native) : chip_(chip) {
    ::setenv("COUNTERSIGN_MPREMOTE", (std::string(kLibexec) + "mpremote").c_str(), 1);
    make_folder(folder, kPrivateFolder);
    loader::VirtualBoardOptions options;
    options.flash = folder / "flash";
    options.micropython = firmware(chip, native);
    options.riscv = options.counted = chip == Chip::riscv;
    machine_ = std::make_unique<loader::VirtualBoard>(options);
    cable_ = std::make_unique<loader::MpremoteBoard>(machine_->port());
}

std::vector<Json> Board::visit(const Visit& visit, std::uint16_t port, const Secrets& secrets) {
    const Json settings{{"kind", kind(visit)},
                        {"verify", visit.verify},
                        {"resume", visit.resume},
                        {"connections", visit.connections},
                        {"payload", visit.payload},
                        {"topic", topic_of(secrets)},
                        // QEMU's network has this computer's loopback at an address of its own.
                        {"host", chip_ == Chip::riscv ? "10.0.2.2" : "127.0.0.1"},
                        {"server_name", "127.0.0.1"},
                        {"port", port},
                        {"client_id", secrets.client_id},
                        {"user", secrets.user},
                        {"password", secrets.password},
                        {"certificate", hex_of_der(secrets.certificate)},
                        {"key", hex_of_der(secrets.key)},
                        {"anchors", Json::array({hex_of_der(secrets.anchor)})},
                        {"clock", clock_now()}};
    const std::string script =
        fmt::format("import json\nSETTINGS = json.loads(r'''{}''')\n{}", settings.dump(), read_text(kScript));
    std::vector<Secret> scripts;
    scripts.emplace_back(std::string_view(script));
    std::istringstream said(cable_->run(scripts, std::chrono::minutes(5), {}));
    std::vector<Json> results;
    for (std::string line; std::getline(said, line);) {
        if (line.starts_with('{')) results.push_back(Json::parse(line));
    }
    expect(results.size() == static_cast<std::size_t>(visit.connections), "a board's visit");
    return results;
}

std::string topic_of(const Secrets& secrets) {
    return "devices/" + secrets.client_id + "/temperature";
}

}  // namespace countersign::bench
