// How long a revoked device stays connected, and what the plugin costs each connect.
//
// revoke_bench [DEVICES]: first, with all of them connected to a real Mosquitto, each is revoked by the
// program itself, from its start to the end of the device's socket. Then the broker's CPU time for a connect,
// with the plugin and without, in turns, so that whatever else the machine does falls on both alike.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/support/broker.h"
#include "bench/support/support.h"
#include "host/base/subprocess.h"
#include "host/transport/tls.h"

namespace {

using namespace countersign;         // NOLINT(google-build-using-namespace)
using namespace countersign::bench;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::size_t kDefaultDevices = 100;
constexpr std::size_t kRounds = 5;
constexpr std::size_t kConnects = 300;  // each round

// --- a device: a TLS connection and hand-made MQTT 3.1.1

class Device {
  public:
    Device(const fs::path& home, const std::string& name)
        : name_(name),
          tls_(home / "devices" / name / (name + ".crt.pem"), home / "devices" / name / (name + ".key.pem"),
               home / "operator" / "ca.crt.pem") {}
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;
    ~Device() { hang_up(); }

    void connect() {
        hang_up();
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address{AF_INET, htons(kPort), {htonl(INADDR_LOOPBACK)}, {}};
        expect(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
        ssl_ = SSL_new(tls_.context().native_handle());
        SSL_set_fd(ssl_, fd_);
        expect(SSL_connect(ssl_) == 1, "the handshake");
        std::string packet("\x10\0\0\x04MQTT\x04\x02\x00\x00\0", 13);  // clean session, no keepalive
        packet += static_cast<char>(name_.size());
        packet += name_;
        packet[1] = static_cast<char>(packet.size() - 2);
        expect(SSL_write(ssl_, packet.data(), static_cast<int>(packet.size())) > 0, "CONNECT");
        char connack[4] = {};
        expect(SSL_read(ssl_, connack, sizeof connack) == 4 && connack[3] == 0, "CONNACK");
    }
    void wait_for_end() const {
        pollfd socket{fd_, POLLIN | POLLRDHUP, 0};
        expect(::poll(&socket, 1, 10'000) == 1, "ending the session");
    }

  private:
    void hang_up() {
        if (fd_ < 0) return;
        SSL_free(ssl_);
        ::close(fd_);
        fd_ = -1;
    }
    std::string name_;
    transport::TlsContext tls_;
    SSL* ssl_ = nullptr;
    int fd_ = -1;
};

// --- measuring

void without_plugin(std::string& text) {
    const std::size_t begin = text.find("plugin ");
    const std::size_t end = text.find("acl_file ");
    text.erase(begin, end - begin);
    replace(text, "use_identity_as_username false", "use_identity_as_username true");
}

struct Cost {
    double cpu_us = 0, wall_us = 0;  // of one connect
};

Cost connects(const fs::path& home, const Broker::Change& change) {
    const Broker broker(home, change);
    Device device(home, device_name(0));
    device.connect();  // what is done once
    const double cpu = cpu_seconds(broker.pid());
    const auto begin = steady_clock::now();
    for (std::size_t i = 0; i < kConnects; ++i) device.connect();
    const std::chrono::duration<double> wall = steady_clock::now() - begin;
    return {(cpu_seconds(broker.pid()) - cpu) * 1e6 / kConnects, wall.count() * 1e6 / kConnects};
}

void measure_connects(const fs::path& home) {
    std::vector<double> with_cpu, without_cpu, with_wall, without_wall;
    for (std::size_t i = 0; i < kRounds; ++i) {
        const Cost with = connects(home, {});
        const Cost without = connects(home, without_plugin);
        with_cpu.push_back(with.cpu_us);
        without_cpu.push_back(without.cpu_us);
        with_wall.push_back(with.wall_us);
        without_wall.push_back(without.wall_us);
    }
    const auto row = [](std::string_view what, const std::vector<double>& with,
                        const std::vector<double>& without) {
        const double a = percentile(with, 0.5);
        const double b = percentile(without, 0.5);
        fmt::print("{:<44}{:>9.0f}{:>9.0f}{:>9.3f}\n", what, a, b, a / b);
    };
    fmt::print("\n{:<44}{:>9}{:>9}{:>9}\n", "a connect, TLS 1.3 full (medians)", "plugin", "none", "ratio");
    row("broker's CPU, us", with_cpu, without_cpu);
    row("from the socket to CONNACK, us", with_wall, without_wall);
}

void measure_revocation(const fs::path& home, std::size_t devices) {
    const Broker broker(home);
    std::deque<Device> connected;
    for (std::size_t i = 0; i < devices; ++i) connected.emplace_back(home, device_name(i)).connect();
    std::vector<double> closed, whole;
    for (std::size_t i = 1; i < devices; ++i) {
        const auto begin = steady_clock::now();
        const auto since = [&] {
            return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
        };
        ChildProcess command({COUNTERSIGN_BENCH_PROGRAM, "--home", home, "revoke", device_name(i)});
        connected[i].wait_for_end();
        closed.push_back(since());
        while (!command.ended()) std::this_thread::sleep_for(std::chrono::microseconds(200));
        expect(command.exit_code() == 0, "revoke");
        whole.push_back(since());
    }
    fmt::print("{:<44}{:>9}{:>9}{:>9}\n", fmt::format("revoke, {} devices connected", devices), "p50 ms",
               "p99 ms", "max ms");
    const auto row = [](std::string_view what, const std::vector<double>& values) {
        fmt::print("{:<44}{:>9.1f}{:>9.1f}{:>9.1f}\n", what, percentile(values, 0.5),
                   percentile(values, 0.99), percentile(values, 1));
    };
    row("command started -> device's socket closed", closed);
    row("command started -> proven and ended", whole);
}

void run(std::size_t devices) {
    const TemporaryFolder folder;
    const fs::path home = folder.path() / "home";
    make_home(home, devices);
    measure_revocation(home, devices);
    measure_connects(home);
}

}  // namespace

// Benchmarks tell; they do not gate.
int main(int argc, char** argv) {
    std::size_t devices = kDefaultDevices;
    if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), devices);
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        run(std::max<std::size_t>(devices, 2));
    } catch (const std::exception& error) {
        fmt::print("not measured: {}\n", error.what());
    }
    return 0;
}
