#include "bench/support/broker.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "bench/support/support.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/broker/ownership.h"

namespace countersign::bench {
namespace fs = std::filesystem;
namespace {

void wait_until_it_listens() {
    const sockaddr_in address{AF_INET, htons(kPort), {htonl(INADDR_LOOPBACK)}, {}};
    for (int tries = 0; tries < 500; ++tries) {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        const bool open = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (open) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    expect(false, "starting Mosquitto");
}

}  // namespace

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    const bool bound = ::bind(fd, any, size) == 0 && ::getsockname(fd, any, &size) == 0;
    ::close(fd);
    expect(bound, "finding a free port");
    return ntohs(address.sin_port);
}

std::string device_name(std::size_t i) {
    return fmt::format("device-{:04}", i);
}

std::string built_program() {
    return COUNTERSIGN_BENCH_PROGRAM;
}

void countersign_command(const fs::path& home, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {COUNTERSIGN_BENCH_PROGRAM, "--home", home.string()});
    const auto result = run_command(arguments, std::chrono::minutes(2));
    if (result.exit_code != 0) throw Error(Code::Internal, result.output);
}

void use_built_plugin() {
    ::setenv("COUNTERSIGN_PLUGIN", COUNTERSIGN_BENCH_PLUGIN, 1);
}

void make_home(const fs::path& home, std::size_t devices) {
    use_built_plugin();
    countersign_command(home, {"init", "127.0.0.1", "--no-passphrase", "--port", std::to_string(kPort)});
    std::string csv = "name\n";
    for (std::size_t i = 0; i < devices; ++i) csv += device_name(i) + "\n";
    write_file(home / "list.csv", csv, kPublicFile);
    countersign_command(home, {"issue", "--csv", home / "list.csv"});
}

void replace(std::string& text, const std::string& part, const std::string& by) {
    const std::size_t at = text.find(part);
    expect(at != std::string::npos, part);
    text.replace(at, part.size(), by);
}

Broker::Broker(const fs::path& home, const Change& change) {
    const broker::Settings settings{home / "broker", kPort, "127.0.0.1", broker::broker_user(), false};
    std::string text = broker::mosquitto_config(settings);
    replace(text, "log_dest stderr", "log_dest none");
    if (change) change(text);
    const fs::path config = home / "broker" / "bench.conf";
    write_file(config, text, kPublicFile);
    broker::place_plugin(settings.folder);
    broker::hand_over(settings.folder);
    child_ =
        std::make_unique<ChildProcess>(std::vector<std::string>{find_program("mosquitto"), "-c", config});
    wait_until_it_listens();
}

}  // namespace countersign::bench
