// A broker and two devices, set up for one way of authentication.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/authentication/mosquitto.h"

namespace countersign::bench {

enum class Method : std::uint8_t { clear, tls, psk, mtls };  // the first two: with user name and password
enum class Accounts : std::uint8_t { own, shared };          // each device its own, or one for all

// What is on one device's flash: all that a thief can take.
struct Secrets {
    std::string client_id, user, password;
    std::string pre_shared_key;              // hexadecimal
    std::filesystem::path certificate, key;  // PEM, with the DER beside it
    std::filesystem::path anchor;            // likewise; no secret
};

inline constexpr const char* kDeviceA = "device-a";
inline constexpr const char* kDeviceB = "device-b";

class Deployment {
  public:
    // `key_type` as in `countersign init --key`; the broker's and the authority's keys are of it too. For
    // mTLS the broker runs as countersign configures it, with its plugin.
    Deployment(const std::filesystem::path& folder, Method method, Accounts accounts = Accounts::own,
               const std::string& key_type = "p256");

    [[nodiscard]] Method method() const noexcept { return method_; }
    [[nodiscard]] Mosquitto& broker() noexcept { return *broker_; }
    [[nodiscard]] Secrets secrets(const std::string& device) const;
    // What the operator does when this device has been stolen.
    void lock_out(const std::string& device);

  private:
    [[nodiscard]] std::string configuration(std::uint16_t port) const;
    void write_accounts();
    std::filesystem::path folder_, home_;
    Method method_;
    Accounts accounts_;
    std::vector<std::pair<std::string, std::string>> passwords_;  // by user
    std::vector<std::pair<std::string, std::string>> keys_;       // pre-shared
    std::unique_ptr<Mosquitto> broker_;
};

// mosquitto_pub or mosquitto_sub for whoever holds these secrets.
[[nodiscard]] std::vector<std::string> host_client(const std::string& program, Method method,
                                                   std::uint16_t port, const Secrets& secrets,
                                                   std::vector<std::string> rest);

}  // namespace countersign::bench
