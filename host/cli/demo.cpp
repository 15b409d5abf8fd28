// `countersign demo`: the whole path and its refusals, on this computer, with nothing but real parts.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>

#include "host/base/error.h"
#include "host/base/subprocess.h"
#include "host/cli/commands.h"
#include "host/cli/demo_stage.h"
#include "host/loader/virtual_board.h"
#include "host/transport/client.h"

namespace countersign::cli {
namespace {

using loader::VirtualBoard;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{20};

std::string free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!bound) throw Error(Code::DemoFailed, "There is no free port on 127.0.0.1.");
    return std::to_string(ntohs(address.sin_port));
}

// What `openssl s_client` is told by the broker when it shows these files (none: no certificate).
std::string knock(const Stage& stage, const std::string& port, const std::vector<std::string>& identity) {
    std::vector<std::string> argv{
        "openssl", "s_client", "-connect", "127.0.0.1:" + port, "-CAfile", stage.home() / "broker/ca.pem",
        "-brief",  "-ign_eof"};
    argv.insert(argv.end(), identity.begin(), identity.end());
    return run_command(argv, seconds(5)).output;
}

class Demo {
  public:
    Demo(const Context& context, bool riscv) : stage_(context), port_(free_port()), riscv_(riscv) {}

    int run() {
        make_authority();
        start_broker();
        load_board();
        watch_and_command();
        use_the_repl();
        refuse_strangers();
        refuse_another_topic();
        refuse_an_impostor();
        return stage_.tally();
    }

  private:
    void make_authority() {
        stage_.say(
            fmt::format("Everything happens in {}, which is removed at the end.", stage_.folder().string()));
        stage_.chapter("An authority: a root that goes offline, an issuing CA that works every day");
        stage_.command({"init", "127.0.0.1", "localhost", "--port", port_, "--no-passphrase"});
    }

    void start_broker() {
        stage_.chapter("The broker: Mosquitto, letting in exactly the registered devices");
        broker_ = stage_.start({"broker", "--address", "127.0.0.1"});
        stage_.seen(broker_->wait_for("listens on port"), "Mosquitto listens",
                    [&] { return broker_->output(); });
    }

    void load_board() {
        stage_.chapter(
            "A board: real MicroPython behind a serial port. It makes its keys itself; the host only signs");
        loader::VirtualBoardOptions options;
        options.flash = stage_.folder() / "flash";
        options.port_link = stage_.folder() / "board";
        options.riscv = riscv_;
        board_ = std::make_unique<VirtualBoard>(options);
        const auto booted = board_->console().size();
        stage_.command({"load", "user1", "--port", options.port_link, "--wifi-ssid", "home"});
        stage_.seen(board_->wait_for("Sending ON", kPatience, booted),
                    "the board boots, connects and publishes", [&] { return board_->console(); });
        // The flash of the RISC-V board is an image: its files cannot be looked at from here.
        stage_.seen(!std::filesystem::exists(stage_.home() / "devices/user1") &&
                        (riscv_ || std::filesystem::exists(options.flash / "slots/a/key.der")),
                    "its private keys are on the board and nowhere else",
                    [&] { return stage_.home().string(); });
    }

    void watch_and_command() {
        stage_.chapter("What it says arrives; what it is told arrives too");
        watch_ = stage_.start({"watch"});
        stage_.seen(watch_->wait_for("ON", kPatience) && watch_->wait_for("OFF", kPatience),
                    "ON and OFF from devices/user1/state at `countersign watch`",
                    [&] { return watch_->output(); });
        const auto before = board_->console().size();
        stage_.command({"send", "user1", "cmd/led", "on"});
        stage_.seen(board_->wait_for("Received led", kPatience, before), "the board received cmd/led",
                    [&] { return board_->console(); });
    }

    void use_the_repl() {
        stage_.chapter("At the REPL, as ever: import main, main.start_client()");
        board_->type("\x03");
        stage_.seen(board_->wait_for(">>> ", kPatience), "Ctrl-C gives the REPL",
                    [&] { return board_->console(); });
        auto before = board_->console().size();
        board_->type("import main\r");
        stage_.seen(
            board_->wait_for("Ready", kPatience, before) && board_->wait_for("\n>>> ", kPatience, before),
            "import main prints each step", [&] { return board_->console().substr(before); });
        show_console(before);
        before = board_->console().size();
        board_->type("main.start_client(4)\r");
        stage_.seen(board_->wait_for("Sending OFF", kPatience, before) &&
                        board_->wait_for("\n>>> ", kPatience, before),  // its four messages are sent
                    "main.start_client() publishes", [&] { return board_->console().substr(before); });
    }

    void refuse_strangers() {
        stage_.chapter("Who is refused: no certificate, a certificate of another authority");
        auto silent = knock(stage_, port_, {});
        stage_.seen(silent.find("alert certificate required") != std::string::npos ||
                        silent.find("alert handshake failure") != std::string::npos,
                    "without a certificate the broker ends the handshake", [&] { return silent; });
        stage_.command({"init", "127.0.0.1", "localhost", "--port", port_, "--no-passphrase"}, "impostor");
        stage_.command({"issue", "user1"}, "impostor");
        const auto folder = stage_.home("impostor") / "devices/user1";
        auto stranger =
            knock(stage_, port_, {"-cert", folder / "user1.crt.pem", "-key", folder / "user1.key.pem"});
        stage_.seen(stranger.find("alert unknown ca") != std::string::npos,
                    "a \"user1\" of another authority is refused: unknown CA", [&] { return stranger; });
    }

    void refuse_another_topic() {
        stage_.chapter("A device with a good certificate keeps to its own topics");
        stage_.command({"issue", "user2", "--format", "pem"});
        const auto options = [this] {
            transport::Options all;
            const auto folder = stage_.home() / "devices/user2";
            all.brokers = {{"127.0.0.1", static_cast<std::uint16_t>(std::stoi(port_))}};
            all.client_id = "user2";
            all.certificate = folder / "user2.crt.pem";
            all.key = folder / "user2.key.pem";
            all.anchors = folder / "ca.crt.pem";
            return all;
        };
        using transport::Qos;
        transport::publish_once(options(), "devices/user1/state", "forged", Qos::at_least_once, false,
                                kPatience);
        transport::publish_once(options(), "devices/user2/state", "honest", Qos::at_least_once, false,
                                kPatience);
        stage_.seen(watch_->wait_for("honest", kPatience), "user2 publishes to devices/user2/state",
                    [&] { return watch_->output(); });
        stage_.seen(watch_->output().find("forged") == std::string::npos,
                    "what it sent to devices/user1/state before that reached nobody",
                    [&] { return watch_->output(); });
    }

    void refuse_an_impostor() {
        stage_.chapter("A broker of another authority takes the broker's place: the device refuses it");
        watch_->interrupt();
        broker_->interrupt();
        auto impostor = stage_.start({"broker", "--address", "127.0.0.1"}, "impostor");
        stage_.seen(impostor->wait_for("listens on port"), "the impostor listens at the same address",
                    [&] { return impostor->output(); });
        auto before = board_->console().size();
        board_->type("main.start()\r");
        stage_.seen(board_->wait_for("E-BROKER-UNTRUSTED", kPatience, before),
                    "the device says E-BROKER-UNTRUSTED", [&] { return board_->console().substr(before); });
        show_console(before);
        impostor->interrupt();
        board_->type("\x03");
        broker_ = stage_.start({"broker", "--address", "127.0.0.1"});
        stage_.seen(broker_->wait_for("listens on port"), "the right broker is back",
                    [&] { return broker_->output(); });
        before = board_->console().size();
        board_->type("import machine\rmachine.reset()\r");
        stage_.seen(board_->wait_for("Sending ON", kPatience, before),
                    "after a reset the device is back as well",
                    [&] { return board_->console().substr(before); });
        broker_->interrupt();
    }

    void show_console(std::size_t from) {
        stage_.say("");
        const std::string text = board_->console().substr(from);
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            std::string line = text.substr(begin, end - begin);
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (!line.empty()) stage_.say("| " + line);
            begin = end + 1;
        }
    }

    Stage stage_;
    std::string port_;
    bool riscv_;
    std::unique_ptr<Background> broker_, watch_;
    std::unique_ptr<VirtualBoard> board_;
};

}  // namespace

void add_demo(const Command& app, Context& context) {
    const Command command =
        app.subcommand("demo", "Show the whole path on this computer, with a virtual board");
    command.examples("  countersign demo\n  countersign demo --riscv\n  countersign -v demo");
    auto riscv = std::make_shared<bool>(false);
    command.flag("--riscv", *riscv, "On a board with the instruction set and the memory of an ESP32-C3");
    command.action([&context, riscv] {
        const auto begin = std::chrono::steady_clock::now();
        const int tally = Demo(context, *riscv).run();
        const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        context.report(fmt::format("\nAll {} steps were seen to happen, in {:.1f} s.", tally, took),
                       {{"seen", tally}, {"seconds", took}});
    });
}

}  // namespace countersign::cli
