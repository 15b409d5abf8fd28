// The real program, driven as a user drives it: arguments in, exit code and words out.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/background.h"
#include "tests/support/temporary_folder.h"

namespace countersign::e2e {

using Json = nlohmann::json;

// A port nobody listens on now, different for each caller.
[[nodiscard]] std::uint16_t free_port();

// One home folder and the commands run in it. Removed afterwards.
class Scene {
  public:
    Scene();

    [[nodiscard]] const std::filesystem::path& home() const noexcept { return home_; }
    [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }
    [[nodiscard]] std::filesystem::path device(const std::string& name) const {
        return home_ / "devices" / name;
    }

    // The whole argument vector of `countersign ARGS…` in this home.
    [[nodiscard]] std::vector<std::string> argv(std::vector<std::string> arguments) const;
    [[nodiscard]] CommandResult run(std::vector<std::string> arguments) const;
    // Runs with --json and returns the answer; fails the test when it is not one JSON object.
    [[nodiscard]] Json ask(std::vector<std::string> arguments) const;
    // Runs and fails the test unless it exits 0.
    std::string must(std::vector<std::string> arguments) const;

    // init with these hosts on a free port, without a passphrase.
    void init(const std::vector<std::string>& hosts = {"127.0.0.1", "localhost"});
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // For a home whose broker listens where another scene's does. Before init().
    void set_port(std::uint16_t port) noexcept { port_ = port; }

  private:
    test::TemporaryFolder folder_;
    std::filesystem::path home_;
    std::uint16_t port_ = 0;
};

// A broker of this scene, listening when made.
[[nodiscard]] std::unique_ptr<Background> start_broker(const Scene& scene,
                                                       const std::string& address = "127.0.0.1");

// mosquitto_pub or mosquitto_sub as this client of the scene's broker, with the files in this folder.
[[nodiscard]] std::vector<std::string> mosquitto_client(const std::string& program, const Scene& scene,
                                                        const std::filesystem::path& folder,
                                                        const std::string& name,
                                                        std::vector<std::string> rest);

// openssl, certtool, mosquitto_pub…: exit code 0 or the test fails; returns the output.
std::string must_run(const std::vector<std::string>& argv);

}  // namespace countersign::e2e
