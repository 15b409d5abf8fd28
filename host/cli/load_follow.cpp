#include "host/cli/load_follow.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/cli/interrupt.h"
#include "host/cli/operator_connection.h"
#include "host/transport/probe.h"

namespace countersign::cli {
namespace {

using loader::BootEnd;
using std::chrono::milliseconds;

constexpr milliseconds kDial{1000};

// This machine first: behind a port forward it may not reach itself by its own addresses.
bool a_broker_answers(const LoadPlan& plan) {
    auto brokers = plan.brokers();
    const auto port = brokers.front().port;
    brokers.insert(brokers.begin(), {{"127.0.0.1", port}, {"::1", port}});
    return std::any_of(brokers.begin(), brokers.end(), [](const auto& broker) {
        return transport::listens(broker.host, broker.port, kDial);
    });
}

// The board's words for its owner: it knows neither its port nor, in them, its name.
std::string with_names(std::string text, const LoadCommand& command, const std::string& port) {
    for (const auto& [placeholder, name] : {std::pair{std::string("NAME"), command.name}, {"PORT", port}}) {
        for (std::size_t at = text.find(placeholder); at != std::string::npos;
             at = text.find(placeholder, at + name.size()))
            text.replace(at, placeholder.size(), name);
    }
    return text;
}

class Ending {
  public:
    Ending(const Context& context, const LoadCommand& command, const LoadPlan& plan, loader::Board& board,
           const loader::LoadResult& result)
        : context_(context), command_(command), plan_(plan), board_(board), result_(result) {}

    void run() {
        say_what_is_missing();
        if (result_.main_kept && !command_.watch) {
            board_.hard_reset();
            report(
                "it has not connected: main.py on it is not ours, so nothing of ours starts at boot that "
                "could be followed");
        } else if (!follows()) {
            board_.hard_reset();
            report("it boots now and has not connected yet");
        } else {
            follow();
        }
    }

  private:
    [[nodiscard]] bool follows() const { return command_.watch || (!command_.no_wait && command_.wait != 0); }

    void say_what_is_missing() const {
        if (result_.main_kept) {
            context_.note(
                "main.py on the board is not ours and stays: nothing of ours starts at boot. "
                "--replace-main replaces it.");
        }
        if (result_.wifi_missing) context_.note("wifi.conf on the board names no network: add --wifi-ssid.");
        if (result_.password_missing) {
            context_.note(
                "The network is another one and no password was given: wifi.conf has none for it. "
                "--wifi-password-file brings one.");
        }
    }

    void follow() {
        loader::FollowOptions options;
        options.name = command_.name;
        options.patience = std::chrono::seconds(command_.wait);
        options.on_line = [this](std::string_view line) {
            if (!line.empty()) context_.note(fmt::format("  | {}", one_line(line)));
        };
        options.is_hopeless = [this](std::string_view code) {
            no_broker_ = code == catalogue_entry(Code::BrokerUnreachable).code && !a_broker_answers(plan_);
            return no_broker_;
        };
        std::optional<Interrupt> interrupt;
        if (command_.watch) {
            interrupt.emplace();
            options.watch = [&] { return !interrupt->seen(); };
            context_.note("It boots; this is what it says. Ctrl-C ends the watching, not the board.");
        } else {
            context_.note(
                fmt::format("It boots; waiting up to {} s for its first connection.", command_.wait));
        }
        boot_ = loader::follow_first_boot(board_, options);
        tell();
    }

    void tell() {
        if (boot_.end == BootEnd::connected) {
            return report(
                fmt::format("it has connected to {} as {}: proven", one_line(boot_.broker), command_.name));
        }
        if (no_broker_) {
            return report(
                fmt::format("it has not connected yet: nothing answers at {}:{} from here either. "
                            "Start the broker: countersign up",
                            plan_.brokers().front().host, plan_.brokers().front().port));
        }
        if (result_.main_kept) return report("it has not been seen to connect; main.py on it is not ours");
        throw Incomplete(fault(), json());
    }

    [[nodiscard]] Error fault() const {
        const auto so_far = [this](std::string_view why) {
            return fmt::format("{}; it has not connected yet. {}", loaded(), why);
        };
        const std::string last = one_line(boot_.last.substr(0, 200));
        if (boot_.end == BootEnd::resets)
            return Error(Code::BoardReset, so_far(fmt::format("It resets again and again: {}", last)));
        if (const auto* entry = find_catalogue_entry(boot_.fault)) {
            return Error(entry->id, so_far("It says: " + one_line(boot_.words)),
                         with_names(one_line(boot_.cure), command_, result_.port));
        }
        const std::string cure =
            with_names(std::string(catalogue_entry(Code::BoardNotConnected).cure), command_, result_.port);
        return Error(
            Code::BoardNotConnected,
            so_far(boot_.end == BootEnd::ended ? fmt::format("Its program has ended: {}", last)
                                               : fmt::format("{} s were not enough; the last it said: {}",
                                                             command_.wait, last.empty() ? "nothing" : last)),
            cure);
    }

    [[nodiscard]] std::string loaded() const {
        return fmt::format("{} {} onto the board at {} (MicroPython {}, {}), slot {}",
                           result_.enrolled ? "Enrolled" : "Loaded", command_.name, result_.port,
                           result_.firmware, one_line(result_.machine), result_.slot);
    }

    [[nodiscard]] Json json() const {
        const auto text_or_null = [](const std::string& text) {
            return text.empty() ? Json(nullptr) : Json(one_line(text));
        };
        const auto number_or_null = [](const std::optional<std::uint64_t>& number) {
            return number ? Json(*number) : Json(nullptr);
        };
        return {{"name", command_.name},
                {"port", result_.port},
                {"firmware", result_.firmware},
                {"machine", one_line(result_.machine)},
                {"heap_free", number_or_null(result_.memory.heap)},
                {"idf_free", number_or_null(result_.memory.idf)},
                {"idf_largest", number_or_null(result_.memory.idf_largest)},
                {"slot", std::string(1, result_.slot)},
                {"enrolled", result_.enrolled},
                {"connected", boot_.end == BootEnd::connected},
                {"broker", text_or_null(boot_.broker)},
                {"fault", text_or_null(boot_.end == BootEnd::connected ? std::string() : boot_.fault)},
                {"program", result_.compiled ? "bytecode" : "source"},
                {"written", result_.written},
                {"removed", result_.removed},
                {"resets", result_.resets},
                {"main_kept", result_.main_kept},
                {"wifi_missing", result_.wifi_missing},
                {"password_missing", result_.password_missing}};
    }

    void report(const std::string& how) const {
        context_.report(fmt::format("{}; {}.", loaded(), how), json());
    }

    const Context& context_;
    const LoadCommand& command_;
    const LoadPlan& plan_;
    loader::Board& board_;
    const loader::LoadResult& result_;
    loader::FirstBoot boot_;
    bool no_broker_ = false;
};

}  // namespace

void finish_load(const Context& context, const LoadCommand& command, const LoadPlan& plan,
                 loader::Board& board, const loader::LoadResult& result) {
    Ending(context, command, plan, board, result).run();
}

}  // namespace countersign::cli
