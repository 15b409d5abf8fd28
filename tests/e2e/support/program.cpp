#include "tests/e2e/support/program.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::e2e {

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(fd);
    return ntohs(address.sin_port);
}

Scene::Scene() : home_(folder_ / "home") {}

std::vector<std::string> Scene::argv(std::vector<std::string> arguments) const {
    std::vector<std::string> all{COUNTERSIGN_PROGRAM, "--home", home_.string()};
    all.insert(all.end(), std::make_move_iterator(arguments.begin()),
               std::make_move_iterator(arguments.end()));
    return all;
}

CommandResult Scene::run(std::vector<std::string> arguments) const {
    return run_command(argv(std::move(arguments)), std::chrono::seconds(60));
}

Json Scene::ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "--json");
    const auto result = run(std::move(arguments));
    auto answer = Json::parse(result.output, nullptr, false);
    EXPECT_TRUE(answer.is_object()) << result.output;
    if (answer.is_object()) answer["exit"] = result.exit_code;
    return answer;
}

std::string Scene::must(std::vector<std::string> arguments) const {
    const auto result = run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return result.output;
}

void Scene::init(const std::vector<std::string>& hosts) {
    if (port_ == 0) port_ = free_port();
    std::vector<std::string> command{"init", "--no-passphrase", "--port", std::to_string(port_)};
    command.insert(command.end(), hosts.begin(), hosts.end());
    must(std::move(command));
}

std::unique_ptr<Background> start_broker(const Scene& scene, const std::string& address) {
    auto broker = std::make_unique<Background>(scene.argv({"broker", "--address", address}));
    EXPECT_TRUE(broker->wait_for("listens on port")) << broker->output();
    return broker;
}

std::vector<std::string> mosquitto_client(const std::string& program, const Scene& scene,
                                          const std::filesystem::path& folder, const std::string& name,
                                          std::vector<std::string> rest) {
    // stdbuf: into a pipe they would keep their lines to themselves.
    std::vector<std::string> argv{"stdbuf",
                                  "-oL",
                                  program,
                                  "-h",
                                  "127.0.0.1",
                                  "-p",
                                  std::to_string(scene.port()),
                                  "--cafile",
                                  folder / "ca.crt.pem",
                                  "--cert",
                                  folder / (name + ".crt.pem"),
                                  "--key",
                                  folder / (name + ".key.pem"),
                                  "-i",
                                  name};
    argv.insert(argv.end(), rest.begin(), rest.end());
    return argv;
}

std::string must_run(const std::vector<std::string>& argv) {
    const auto result = run_command(argv, std::chrono::seconds(30));
    EXPECT_EQ(result.exit_code, 0) << argv.front() << ": " << result.output;
    return result.output;
}

}  // namespace countersign::e2e
