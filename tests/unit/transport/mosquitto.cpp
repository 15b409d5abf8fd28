#include "tests/unit/transport/mosquitto.h"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <csignal>
#include <stdexcept>

#include "host/base/files.h"

namespace countersign::test {

std::uint16_t free_port() {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    return acceptor.local_endpoint().port();
}

Mosquitto::Mosquitto(const Certificates& certificates, const Pair& server, const std::string& more)
    : certificates_(certificates),
      port_(free_port()),
      configuration_(certificates.folder() / ("mosquitto-" + std::to_string(port_) + ".conf")) {
    const std::string folder = certificates.folder().string();
    write_file(configuration_,
               "listener " + std::to_string(port_) + " 127.0.0.1\ncafile " +
                   certificates.authority().string() + "\ncertfile " + server.certificate.string() +
                   "\nkeyfile " + server.key.string() +
                   "\nrequire_certificate true\nuse_identity_as_username true\nset_tcp_nodelay true\n"
                   "user root\npersistence true\npersistence_location " +
                   folder + "/\nlog_type all\nmax_queued_messages 0\n" + more,
               kPublicFile);
    start();
}

void Mosquitto::start() {
    log_.reset();
    process_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        find_program("mosquitto").empty() ? "/usr/sbin/mosquitto" : "mosquitto", "-c", configuration_});
    log_ = std::make_unique<Lines>(*process_);
    // A SIGTERM between its "running" and its main loop is lost: only when it accepts is it really there.
    bool there = log_->wait_for(" running");
    if (there) {
        asio::io_context context;
        asio::ip::tcp::socket socket(context);
        socket.connect({asio::ip::make_address("127.0.0.1"), port_});
        there = log_->wait_for("New connection from");
    }
    if (!there) throw std::runtime_error("mosquitto does not run");
}

void Mosquitto::stop() {
    process_->stop(std::chrono::seconds(20));
}

void Mosquitto::kill() {
    process_->signal(SIGKILL);
    process_->stop();
}

transport::Options Mosquitto::options(const std::string& name, const Pair& pair) const {
    transport::Options options;
    options.brokers = {{"127.0.0.1", port_}};
    options.client_id = name;
    options.certificate = pair.certificate;
    options.key = pair.key;
    options.anchors = certificates_.authority();
    options.first_backoff = std::chrono::milliseconds(5);
    options.last_backoff = std::chrono::milliseconds(50);
    return options;
}

std::vector<std::string> Mosquitto::arguments(const std::string& program, const Pair& pair) const {
    return {program,
            "-h",
            "127.0.0.1",
            "-p",
            std::to_string(port_),
            "--cafile",
            certificates_.authority(),
            "--cert",
            pair.certificate,
            "--key",
            pair.key,
            "-V",
            "mqttv311"};
}

void Mosquitto::pub(const Pair& pair, const std::vector<std::string>& more) const {
    auto all = arguments("mosquitto_pub", pair);
    all.insert(all.end(), more.begin(), more.end());
    const auto result = run_command(all, std::chrono::seconds(20));
    if (result.exit_code != 0) throw std::runtime_error(result.output);
}

Mosquitto::Subscriber Mosquitto::start_sub(const Pair& pair, const std::string& topic, int qos,
                                           const std::vector<std::string>& more) const {
    auto all = arguments("mosquitto_sub", pair);
    all.insert(all.end(), {"-t", topic, "-q", std::to_string(qos), "-d", "-F", "%t %p"});
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.begin(),
               {"stdbuf", "-oL"});  // its output is a pipe: without this, lines come by the block
    Subscriber subscriber;
    subscriber.process = std::make_unique<ChildProcess>(all);
    subscriber.lines = std::make_unique<Lines>(*subscriber.process);
    return subscriber;
}

Mosquitto::Subscriber Mosquitto::sub(const Pair& pair, const std::string& topic, int qos,
                                     const std::vector<std::string>& more) const {
    auto subscriber = start_sub(pair, topic, qos, more);
    if (!subscriber.lines->wait_for("Subscribed"))
        throw std::runtime_error("mosquitto_sub does not subscribe");
    return subscriber;
}

}  // namespace countersign::test
