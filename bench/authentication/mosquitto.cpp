#include "bench/authentication/mosquitto.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <regex>
#include <thread>

#include "bench/authentication/socket.h"
#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

bool until(const std::function<bool()>& holds, milliseconds patience) {
    const auto end = steady_clock::now() + patience;
    while (!holds()) {
        if (steady_clock::now() > end) return false;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
}

std::size_t count(const std::string& text, const std::regex& pattern) {
    return static_cast<std::size_t>(
        std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()));
}

}  // namespace

Mosquitto::Mosquitto(const fs::path& folder, const std::string& configuration, std::uint16_t port)
    : log_(folder / "log" / "mosquitto.log"), port_(port) {
    make_folder(folder / "log", 0777);  // Mosquitto opens it again after it has dropped root
    fs::permissions(folder / "log", fs::perms(0777));
    const fs::path file = folder / "bench.conf";
    write_file(file, configuration + fmt::format("\nlog_dest file {}\nlog_type all\n", log_.string()),
               kPublicFile);
    child_ = std::make_unique<ChildProcess>(std::vector<std::string>{find_program("mosquitto"), "-c", file});
    expect(until([this] { return Socket::connect(port_).open(); }, std::chrono::seconds(5)),
           "starting Mosquitto");
}

void Mosquitto::reload() {
    static const std::regex taken("Reloading config");
    const std::size_t before = count(log(), taken);
    child_->signal(SIGHUP);
    expect(until([&] { return count(log(), taken) > before; }, std::chrono::seconds(5)), "SIGHUP");
    std::this_thread::sleep_for(milliseconds(200));  // the line is written when it begins
}

std::size_t Mosquitto::let_in(const std::string& client_id) const {
    return count(log(), std::regex(fmt::format(R"(New client connected from \S+ as {} )", client_id)));
}

bool Mosquitto::lets_in(const std::string& client_id, std::size_t before, milliseconds patience) const {
    return until([&] { return let_in(client_id) > before; }, patience);
}

std::size_t Mosquitto::ended(const std::string& client_id) const {
    return count(log(), std::regex(fmt::format(R"(Client {} (been )?(disconnected|closed its connection))",
                                               client_id)));
}

bool Mosquitto::ends(const std::string& client_id, std::size_t before, milliseconds patience) const {
    return until([&] { return ended(client_id) > before; }, patience);
}

std::string Mosquitto::log() const {
    return fs::exists(log_) ? read_text(log_, std::size_t{16} << 20) : std::string();
}

}  // namespace countersign::bench
