#include "bench/authentication/visit.h"

#include <fmt/format.h>

#include <ctime>

#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

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

std::vector<Json> pay(Board& board, const Visit& visit, std::uint16_t port, const Secrets& secrets) {
    const Json settings{{"kind", kind(visit)},
                        {"verify", visit.verify},
                        {"resume", visit.resume},
                        {"connections", visit.connections},
                        {"payload", visit.payload},
                        {"topic", topic_of(secrets)},
                        // QEMU's network has this computer's loopback at an address of its own.
                        {"host", board.chip() == Chip::riscv ? "10.0.2.2" : "127.0.0.1"},
                        {"server_name", "127.0.0.1"},
                        {"port", port},
                        {"client_id", secrets.client_id},
                        {"user", secrets.user},
                        {"password", secrets.password},
                        {"certificate", hex_of_der(secrets.certificate)},
                        {"key", hex_of_der(secrets.key)},
                        {"anchors", Json::array({hex_of_der(secrets.anchor)})},
                        {"clock", clock_now()}};
    auto results = board.run("bench/authentication/device.py", settings, std::chrono::minutes(5));
    expect(results.size() == static_cast<std::size_t>(visit.connections), "a board's visit");
    return results;
}

std::string topic_of(const Secrets& secrets) {
    return "devices/" + secrets.client_id + "/temperature";
}

}  // namespace countersign::bench
