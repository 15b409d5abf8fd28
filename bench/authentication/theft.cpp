#include "bench/authentication/theft.h"

#include <fmt/format.h>

#include <chrono>

#include "bench/authentication/visit.h"
#include "bench/support/support.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace fs = std::filesystem;
namespace {

constexpr auto kPatience = std::chrono::seconds(3);

// A message that the broker acknowledges, on a connection under that client id that it lets in.
bool gets_in(Deployment& deployment, const Secrets& secrets) {
    const std::size_t before = deployment.broker().let_in(secrets.client_id);
    const auto argv = host_client("mosquitto_pub", deployment.method(), deployment.broker().port(), secrets,
                                  {"-t", topic_of(secrets), "-m", "1", "-q", "1"});
    const auto result = run_command(argv, std::chrono::seconds(10));
    return result.exit_code == 0 && deployment.broker().lets_in(secrets.client_id, before, {});
}

}  // namespace

Theft steal(const std::string& what, Deployment& deployment) {
    const Secrets stolen = deployment.secrets(kDeviceA);
    const Secrets other = deployment.secrets(kDeviceB);
    Theft theft{what};
    theft.as_itself = gets_in(deployment, stolen);
    Secrets as_other = stolen;
    as_other.client_id = other.client_id;
    theft.under_its_id = gets_in(deployment, as_other);
    as_other.user = deployment.method() == Method::mtls ? other.client_id : other.user;
    theft.as_another_user = gets_in(deployment, as_other);

    Mosquitto& broker = deployment.broker();
    const std::size_t before = broker.let_in(kDeviceA);
    const ChildProcess session(
        host_client("mosquitto_sub", deployment.method(), broker.port(), stolen, {"-t", topic_of(stolen)}));
    expect(broker.lets_in(kDeviceA, before, kPatience), "the thief's session");
    const std::size_t ended = broker.ended(kDeviceA);
    deployment.lock_out(kDeviceA);
    theft.session_ended = broker.ends(kDeviceA, ended, kPatience);
    theft.still_gets_in = gets_in(deployment, stolen);
    theft.other_gets_in = gets_in(deployment, other);
    return theft;
}

std::vector<Theft> steal_all(const fs::path& folder) {
    struct Case {
        const char* what;
        Method method;
        Accounts accounts;
    };
    static constexpr Case kCases[] = {
        {"password over TLS, one for all", Method::tls, Accounts::shared},
        {"password over TLS, each its own", Method::tls, Accounts::own},
        {"TLS-PSK, one for all", Method::psk, Accounts::shared},
        {"TLS-PSK, each its own", Method::psk, Accounts::own},
        {"mTLS, `countersign revoke`", Method::mtls, Accounts::own},
    };
    std::vector<Theft> all;
    for (const Case& one : kCases) {
        Deployment deployment(folder / fmt::format("theft-{}", all.size()), one.method, one.accounts);
        all.push_back(steal(one.what, deployment));
    }
    return all;
}

}  // namespace countersign::bench
