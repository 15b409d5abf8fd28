// A home made by the program that people run, and a real Mosquitto with its configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/base/subprocess.h"

namespace countersign::bench {

inline constexpr std::uint16_t kPort = 18'883;

// One of 127.0.0.1 that nobody listens on now.
[[nodiscard]] std::uint16_t free_port();

// "device-0007"
[[nodiscard]] std::string device_name(std::size_t i);

// From here on `countersign` and what is linked here take the plugin that was built beside them.
void use_built_plugin();

// `countersign`, built beside the benchmarks.
[[nodiscard]] std::string built_program();

// `countersign --home HOME ARGUMENTS…`; throws what it says when it fails.
void countersign_command(const std::filesystem::path& home, std::vector<std::string> arguments);

// An authority for a broker at 127.0.0.1 and so many devices.
void make_home(const std::filesystem::path& home, std::size_t devices);

// Throws when it is not there.
void replace(std::string& text, const std::string& part, const std::string& by);

// Mosquitto with this home's configuration, changed by `change`; its log goes nowhere.
class Broker {
  public:
    using Change = std::function<void(std::string& configuration)>;
    explicit Broker(const std::filesystem::path& home, const Change& change = {});
    [[nodiscard]] pid_t pid() const { return child_->pid(); }

  private:
    std::unique_ptr<ChildProcess> child_;
};

}  // namespace countersign::bench
