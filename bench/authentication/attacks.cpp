#include "bench/authentication/attacks.h"

#include <fmt/format.h>

#include "bench/support/support.h"
#include "host/base/subprocess.h"

namespace countersign::bench {
namespace fs = std::filesystem;
using std::chrono::milliseconds;

const std::vector<Victim>& victims() {
    static const std::vector<Victim> all{
        {"password in the clear", Method::clear},
        {"password over TLS, no CA on the device", Method::tls, Tls::firmware, false},
        {"password over TLS, broker checked", Method::tls},
        {"TLS-PSK (`mosquitto_pub`)", Method::psk},
        {"mTLS, no CA on the device", Method::mtls, Tls::firmware, false},
        {"mTLS, broker checked", Method::mtls},
        {"mTLS, broker checked, `_countersign`", Method::mtls, Tls::native},
        {"the same, resumed", Method::mtls, Tls::native, true, true},
    };
    return all;
}

Clients::Clients(const fs::path& folder)
    : firmware_(folder / "board", Chip::computer, false), native_(folder / "native", Chip::computer, true) {}

void Clients::speak(const Victim& victim, std::uint16_t port, const Secrets& secrets) {
    if (victim.method == Method::psk) {
        const auto argv = host_client("mosquitto_pub", victim.method, port, secrets,
                                      {"-t", topic_of(secrets), "-m", kPayload, "-q", "1"});
        (void)run_command(argv, std::chrono::seconds(10));
        return;
    }
    const Visit visit{victim.method, victim.tls, victim.verify,
                      victim.resume, kPayload,   victim.resume ? 2 : 1};
    (void)pay(victim.tls == Tls::native ? native_ : firmware_, visit, port, secrets);
}

Captured eavesdrop(Clients& clients, const Victim& victim, Deployment& deployment) {
    Tap tap(deployment.broker().port());
    clients.speak(victim, tap.port(), deployment.secrets(kDeviceA));
    return tap.finish().back();
}

bool replay(const Captured& captured, Deployment& deployment) {
    const std::size_t before = deployment.broker().let_in(kDeviceA);
    const Socket socket = Socket::connect(deployment.broker().port());
    (void)socket.write(captured.up);
    while (!socket.read(milliseconds(500)).empty()) {
    }
    return deployment.broker().lets_in(kDeviceA, before, milliseconds(500));
}

Overheard impersonate(Clients& clients, const Victim& victim, Deployment& deployment,
                      const fs::path& folder) {
    Impostor impostor(folder, victim.method, deployment.broker().port());
    clients.speak(victim, impostor.port(), deployment.secrets(kDeviceA));
    return impostor.finish();
}

namespace {

Attacked attack(Clients& clients, const Victim& victim, const fs::path& folder) {
    Deployment deployment(folder, victim.method);
    const Secrets secrets = deployment.secrets(kDeviceA);
    // A key is never sent by any of these; that one is looked for shows it.
    const std::string secret = secrets.password.empty() ? secrets.pre_shared_key : secrets.password;
    const auto holds_secret = [&](const std::string& text) {
        return !secret.empty() && text.find(secret) != std::string::npos;
    };
    const Captured captured = eavesdrop(clients, victim, deployment);
    expect(deployment.broker().let_in(kDeviceA) > 0, victim.name);
    Attacked attacked{victim.name};
    attacked.sees_name = captured.shows(kDeviceA);
    attacked.sees_secret = holds_secret(captured.up);
    attacked.sees_payload = captured.shows(kPayload);
    attacked.replay_let_in = replay(captured, deployment);
    const Overheard overheard = impersonate(clients, victim, deployment, folder);
    attacked.impostor_hears_secret = holds_secret(overheard.plain);
    attacked.impostor_hears_payload = overheard.plain.find(kPayload) != std::string::npos;
    attacked.impostor_let_in = overheard.let_in;
    return attacked;
}

}  // namespace

std::vector<Attacked> attack_all(const fs::path& folder) {
    Clients clients(folder);
    std::vector<Attacked> all;
    for (const Victim& victim : victims()) {
        all.push_back(attack(clients, victim, folder / fmt::format("attack-{}", all.size())));
    }
    return all;
}

}  // namespace countersign::bench
