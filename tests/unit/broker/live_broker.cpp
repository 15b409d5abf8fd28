#include "tests/unit/broker/live_broker.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "host/base/files.h"
#include "host/broker/ca_folder.h"
#include "host/broker/ownership.h"

namespace countersign::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Settings test_settings(const std::filesystem::path& folder) {
    return {folder, free_port(), "127.0.0.1", broker_user(), true};
}

// A plugin built with sanitizers needs their runtime loaded before Mosquitto. Leaks are not looked for:
// Mosquitto has its own.
class SanitizerEnvironment {
  public:
    SanitizerEnvironment() {
        ::setenv("COUNTERSIGN_PLUGIN", COUNTERSIGN_TEST_PLUGIN, 1);
        if (*COUNTERSIGN_TEST_PRELOAD == '\0') return;
        ::setenv("LD_PRELOAD", COUNTERSIGN_TEST_PRELOAD, 1);
        ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    }
    SanitizerEnvironment(const SanitizerEnvironment&) = delete;
    SanitizerEnvironment& operator=(const SanitizerEnvironment&) = delete;
    ~SanitizerEnvironment() {
        ::unsetenv("LD_PRELOAD");
        ::unsetenv("ASAN_OPTIONS");
    }
};

admission::Rows rows_of(const std::vector<Standing>& rows) {
    return [&rows](const std::function<void(const Standing&)>& row) {
        for (const auto& standing : rows) row(standing);
    };
}

const admission::Rows kNone = [](const std::function<void(const Standing&)>&) {};

}  // namespace

OpenSslAuthority& authority() {
    static TemporaryFolder folder;
    static OpenSslAuthority made(folder.path / "authority");
    return made;
}

LiveBroker::LiveBroker(const std::vector<std::string>& operators, const std::string& folder)
    : settings(test_settings(home.path / folder)), files(settings.folder), publisher_(files.admission) {
    static const Identity server = authority().server();
    make_broker_folder(settings.folder);
    write_config();
    set_users(operators);
    write_file(files.ca, slurp(authority().certificate()), kPublicFile);
    write_file(files.certificate, slurp(server.certificate), kPublicFile);
    write_file(files.key, slurp(server.key), kPrivateFile);
    place_cas(settings.folder);
    publish({});
}

LiveBroker::~LiveBroker() {
    stop();
    EXPECT_EQ(count_log("AddressSanitizer"), 0u);
    EXPECT_EQ(count_log("runtime error"), 0u);
}

void LiveBroker::write_config() {
    write_file(files.config, mosquitto_config(settings), kPublicFile);
}

void LiveBroker::start() {
    const SanitizerEnvironment environment;
    supervisor_ =
        std::make_unique<Supervisor>(settings, [this](std::string_view line) { log_.emplace_back(line); });
    supervisor_->start();
}

void LiveBroker::stop() {
    if (supervisor_ != nullptr) supervisor_->stop();
    supervisor_.reset();
}

void LiveBroker::publish(const std::vector<Standing>& rows) {
    stamp_ = publisher_.publish(std::nullopt, kNone, rows_of(rows));
}

void LiveBroker::append(const std::vector<Standing>& rows) {
    const auto before = stamp_;
    stamp_ = publisher_.publish(stamp_, rows_of(rows), kNone);
    ASSERT_EQ(stamp_->generation, before->generation);
}

void LiveBroker::drain() {
    if (supervisor_ != nullptr) supervisor_->pump(milliseconds(0));
}

void LiveBroker::set_users(const std::vector<std::string>& operators,
                           const std::vector<std::string>& responders) {
    write_file(files.acl, access_list(operators, responders), kPublicFile);
}

bool LiveBroker::wait_for_log(const std::string& part, std::size_t times) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (count_log(part) < times) {
        if (supervisor_ == nullptr || steady_clock::now() > deadline) return false;
        supervisor_->pump(milliseconds(100));
    }
    return true;
}

std::size_t LiveBroker::count_log(const std::string& part) {
    drain();
    return static_cast<std::size_t>(std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
    }));
}

}  // namespace countersign::broker
