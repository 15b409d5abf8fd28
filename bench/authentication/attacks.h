// What can be done to a connection by whoever sits on its way.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/authentication/deployment.h"
#include "bench/authentication/impostor.h"
#include "bench/authentication/tap.h"
#include "bench/authentication/visit.h"

namespace countersign::bench {

// A device as it was set up.
struct Victim {
    std::string name;  // "password over TLS, no CA on the device"
    Method method = Method::clear;
    Tls tls = Tls::firmware;
    bool verify = true;
    bool resume = false;  // what is attacked is its second connection
};

struct Attacked {
    std::string victim;
    bool sees_name = false, sees_secret = false, sees_payload = false;  // the eavesdropper
    bool replay_let_in = false;
    bool impostor_hears_secret = false, impostor_hears_payload = false, impostor_let_in = false;
};

inline constexpr const char* kPayload = "21.5 degrees";

// Where the victims live: boards, and mosquitto_pub for the method no board has.
class Clients {
  public:
    explicit Clients(const std::filesystem::path& folder);
    // Connects and publishes kPayload. Whether that went well is for the experiment to see.
    void speak(const Victim& victim, std::uint16_t port, const Secrets& secrets);

  private:
    Board firmware_, native_;
};

[[nodiscard]] Captured eavesdrop(Clients& clients, const Victim& victim, Deployment& deployment);
// Sends what a client has sent once more; whether the broker lets it in.
[[nodiscard]] bool replay(const Captured& captured, Deployment& deployment);
[[nodiscard]] Overheard impersonate(Clients& clients, const Victim& victim, Deployment& deployment,
                                    const std::filesystem::path& folder);

[[nodiscard]] const std::vector<Victim>& victims();
[[nodiscard]] std::vector<Attacked> attack_all(const std::filesystem::path& folder);

}  // namespace countersign::bench
