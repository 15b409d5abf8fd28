#include "bench/authentication/cost.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "bench/authentication/visit.h"
#include "bench/support/support.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

struct Way {
    std::string name;
    Method method;
    std::string key_type;
    Tls tls;
    bool resumed = false;
    bool on_host = false;  // mosquitto_pub instead of a board
    [[nodiscard]] std::string program() const {
        if (on_host) return "`mosquitto_pub`";
        if (method == Method::clear) return "`socket`";
        return tls == Tls::native ? "`_countersign`" : "`tls`";
    }
};

// mosquitto_pub has mTLS in it as well, since another TLS library counts other bytes: that is what its
// pre-shared key is to be held against.
const std::vector<Way>& ways() {
    static const std::vector<Way> all{
        {"password in the clear", Method::clear, "p256", Tls::firmware},
        {"password over TLS, P-256", Method::tls, "p256", Tls::firmware},
        {"mTLS, RSA-2048", Method::mtls, "rsa2048", Tls::firmware},
        {"mTLS, RSA-2048", Method::mtls, "rsa2048", Tls::native},
        {"mTLS, RSA-2048, resumed", Method::mtls, "rsa2048", Tls::native, true},
        {"mTLS, P-256", Method::mtls, "p256", Tls::firmware},
        {"mTLS, P-256", Method::mtls, "p256", Tls::native},
        {"mTLS, P-256, resumed", Method::mtls, "p256", Tls::native, true},
        {"TLS-PSK", Method::psk, "p256", Tls::firmware, false, true},
        {"mTLS, P-256", Method::mtls, "p256", Tls::firmware, false, true},
    };
    return all;
}

struct Samples {
    std::vector<double> up, down, mqtt, milliseconds, held, instructions, riscv_held;
};

std::optional<double> median(const std::vector<double>& values) {
    return values.empty() ? std::nullopt : std::optional(percentile(values, 0.5));
}

Cost summary(const Way& way, const Samples& samples) {
    const auto bytes = [](const std::vector<double>& values) {
        return values.empty() ? 0 : static_cast<std::size_t>(percentile(values, 0.5));
    };
    Cost cost{way.name,
              way.program(),
              {bytes(samples.up), bytes(samples.down), bytes(samples.mqtt)},
              median(samples.milliseconds),
              median(samples.held),
              median(samples.instructions),
              median(samples.riscv_held)};
    if (cost.instructions) {
        const auto& all = samples.instructions;
        cost.spread = (percentile(all, 1) - percentile(all, 0)) / *cost.instructions;
    }
    return cost;
}

class Measurement {
  public:
    explicit Measurement(const fs::path& folder) : folder_(folder) { make_boards(); }

    void take(const Way& way, Samples& samples) {
        Deployment& deployment = deployment_for(way);
        if (way.on_host) {
            by_host(way, deployment, samples);
            return;
        }
        on_board(Chip::computer, way, deployment, samples);
        on_board(Chip::riscv, way, deployment, samples);
    }

  private:
    void make_boards() {
        for (const Chip chip : {Chip::computer, Chip::riscv}) {
            for (const bool native : {false, true}) {
                if (!Board::is_built(chip, native)) continue;
                const fs::path own = folder_ / fmt::format("board-{}{}", int(chip), int(native));
                boards_[{chip, native}] = std::make_unique<Board>(own, chip, native);
            }
        }
    }

    Deployment& deployment_for(const Way& way) {
        auto& deployment = deployments_[{way.method, way.key_type}];
        if (!deployment) {
            const fs::path own = folder_ / fmt::format("{}-{}", int(way.method), way.key_type);
            deployment = std::make_unique<Deployment>(own, way.method, Accounts::own, way.key_type);
        }
        return *deployment;
    }

    static void add_bytes(const Captured& captured, bool with_tls, Samples& samples) {
        const Bytes bytes = bytes_to_connack(captured, with_tls);
        samples.up.push_back(static_cast<double>(bytes.handshake_up));
        samples.down.push_back(static_cast<double>(bytes.handshake_down));
        samples.mqtt.push_back(static_cast<double>(bytes.mqtt));
    }

    static void by_host(const Way& way, Deployment& deployment, Samples& samples) {
        Tap tap(deployment.broker().port());
        const Secrets secrets = deployment.secrets(kDeviceA);
        const auto argv = host_client("mosquitto_pub", way.method, tap.port(), secrets,
                                      {"-t", topic_of(secrets), "-m", "1"});
        expect(run_command(argv, std::chrono::seconds(20)).exit_code == 0, "mosquitto_pub");
        add_bytes(tap.finish().at(0), true, samples);
    }

    void on_board(Chip chip, const Way& way, Deployment& deployment, Samples& samples) {
        const auto board = boards_.find({chip, way.tls == Tls::native});
        if (board == boards_.end()) return;
        Tap tap(deployment.broker().port());
        Visit visit;
        visit.method = way.method;
        visit.tls = way.tls;
        visit.resume = way.resumed;
        visit.connections = 2;  // of the first, all that happens once is a part
        const auto results = pay(*board->second, visit, tap.port(), deployment.secrets(kDeviceA));
        const Json& result = results.back();
        expect(result.at("accepted"), way.name);
        if (way.resumed && !result.at("resumed")) return;  // a full handshake again: nothing to show here
        if (chip == Chip::computer) {
            add_bytes(tap.finish().back(), way.method != Method::clear, samples);
            samples.milliseconds.push_back(result.at("us").get<double>() / 1000);
            samples.held.push_back(result.at("held"));
        } else {
            samples.instructions.push_back(result.at("instructions"));
            samples.riscv_held.push_back(result.at("held"));
        }
    }

    fs::path folder_;
    std::map<std::pair<Chip, bool>, std::unique_ptr<Board>> boards_;
    std::map<std::pair<Method, std::string>, std::unique_ptr<Deployment>> deployments_;
};

}  // namespace

std::vector<Cost> measure_costs(const fs::path& folder, int rounds) {
    Measurement measurement(folder);
    std::vector<Samples> samples(ways().size());
    for (int round = 0; round < rounds; ++round) {  // by turns: what else the machine does falls on all
        for (std::size_t i = 0; i < ways().size(); ++i) measurement.take(ways()[i], samples[i]);
    }
    std::vector<Cost> costs;
    for (std::size_t i = 0; i < ways().size(); ++i) costs.push_back(summary(ways()[i], samples[i]));
    return costs;
}

}  // namespace countersign::bench
