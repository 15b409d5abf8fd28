// Mosquitto as a supervised child: checked before it starts, listening when start() returns, its log in
// words.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/beneath.h"
#include "host/base/files.h"
#include "host/base/subprocess.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/broker/log_budget.h"

namespace countersign::broker {

// One readable line for one line of Mosquitto's (or the plugin's) log; "" for a line people need not see.
[[nodiscard]] std::string translate(std::string_view line);

// What the plugin reports of a client it let in with a certificate that was pending.
struct Admission {
    std::string username;  // "kitchen-1", "operator~anna"
    std::string serial;    // of its certificate, hex
};

// "USERNAME SERIAL", as plugin/report.h sends it; nullopt when it is something else.
[[nodiscard]] std::optional<Admission> read_admission(std::string_view report);

// Who may have a copy of somebody's identity.
struct Suspicion {
    std::string name;
    std::string serial;    // of the certificate he came with
    bool retired = false;  // a certificate that was replaced; else he took a session over, again and again
};

// nullopt when the line is about something else.
[[nodiscard]] std::optional<Suspicion> read_suspicion(std::string_view line);

// The device that asked more than it may; nullopt when the line is about something else.
[[nodiscard]] std::optional<std::string> read_excess(std::string_view line);

// The client id of a kept session that the plugin wants ended; nullopt when the line is about something else.
[[nodiscard]] std::optional<std::string> read_trespasser(std::string_view line);

class Supervisor final : public BrokerControl {
  public:
    using LineSink = std::function<void(std::string_view)>;

    // `sink` gets readable lines; with settings.verbose every line as Mosquitto wrote it.
    Supervisor(Settings settings, LineSink sink);
    ~Supervisor() override;

    // Told of each client that is let in with a pending certificate. Not by way of the log, which may lose
    // lines. Set before start().
    void on_admitted(std::function<void(const Admission&)> observer) { admitted_ = std::move(observer); }

    // Told of each sign of a copy. Set before start().
    void on_suspicion(std::function<void(const Suspicion&)> observer) { suspicion_ = std::move(observer); }

    void on_excess(std::function<void(const std::string&)> observer) { excess_ = std::move(observer); }

    // Told of each client id whose kept session is to be ended. Set before start().
    void on_trespasser(std::function<void(const std::string&)> observer) {
        trespasser_ = std::move(observer);
    }

    // Writes no configuration: mosquitto.conf and the files it names must be there. Places the plugin, hands
    // the files over and checks them, then starts Mosquitto and waits until it listens. What Mosquitto kept
    // over a restart and cannot read is moved aside, and the sink is told. Mosquitto may open as many files
    // as the system lets it, and so may we. Throws
    // Error{ToolMissing, PortInUse, HomeUnreachable, FileRead, BrokerDied, HomeBusy}; HomeBusy when the
    // broker of this folder runs already.
    void start(std::chrono::milliseconds deadline = std::chrono::seconds(10));

    // Passes log lines on for up to `wait`; returns early after the first ones, at once when nothing runs.
    // Throws Error{BrokerDied} with its last lines when Mosquitto has ended by itself.
    void pump(std::chrono::milliseconds wait);

    bool reload() override;  // SIGHUP

    // SIGTERM: Mosquitto saves its persistence and ends. Passes the last lines on.
    void stop();

    [[nodiscard]] pid_t pid() const noexcept;

  private:
    void launch(const std::string& program);
    void wait_until_it_listens(std::chrono::milliseconds deadline);
    void start_without_state(const std::string& program, std::chrono::milliseconds deadline);
    void tell_loss(std::string_view fault, const std::filesystem::path& aside);
    bool output_ends_within(std::chrono::milliseconds wait);
    bool take_output();
    void take_line(std::string_view line);
    void take_reports();
    [[noreturn]] void report_death();

    Settings settings_;
    LineSink sink_;
    LogBudget budget_;
    std::function<void(const Admission&)> admitted_;
    std::function<void(const std::string&)> trespasser_;
    std::function<void(const Suspicion&)> suspicion_;
    std::function<void(const std::string&)> excess_;
    std::unique_ptr<FileLock> lock_;
    std::unique_ptr<ChildProcess> child_;
    Descriptor reports_;  // our end of what the plugin reports on
    bool listening_ = false;
    bool state_unreadable_ = false;   // Mosquitto has ended over what it kept
    bool state_in_part_ = false;      // or reads only a part of it
    std::string rest_;                // an unfinished line
    std::deque<std::string> recent_;  // the last lines, for the report of a death
};

}  // namespace countersign::broker
