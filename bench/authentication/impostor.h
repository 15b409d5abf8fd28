// The man in the middle: whoever connects here is told that this is the broker.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <thread>

#include "bench/authentication/deployment.h"
#include "bench/authentication/socket.h"

namespace countersign::bench {

struct Overheard {
    std::string plain;    // what the client said, after TLS was done
    bool let_in = false;  // the broker took the impostor, who repeats what the client says, for the client
};

// Shows a certificate of its own for the broker's address, takes any client's, and asks for a pre-shared key
// it can only guess. What the broker refuses it answers by itself.
class Impostor {
  public:
    Impostor(const std::filesystem::path& folder, Method method, std::uint16_t broker);
    Impostor(const Impostor&) = delete;
    Impostor& operator=(const Impostor&) = delete;
    ~Impostor();

    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    // From all connections.
    [[nodiscard]] const Overheard& finish();

  private:
    void run();
    void serve(Socket client);
    Listener listener_;
    std::filesystem::path certificate_;  // PEM, with the key behind it
    Method method_;
    std::uint16_t broker_;
    std::array<int, 2> stop_{-1, -1};  // a pipe
    Overheard overheard_;
    std::thread thread_;
};

}  // namespace countersign::bench
