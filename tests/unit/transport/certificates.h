// A small PKI made by the openssl program, so that nothing of ours vouches for itself.
#pragma once

#include <filesystem>
#include <string>

#include "host/transport/options.h"
#include "tests/support/temporary_folder.h"

namespace countersign::test {

struct Pair {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

class Certificates {
  public:
    Certificates();

    // P-256 leaves of the authority. `extension` is a line of x509v3_config(5).
    [[nodiscard]] Pair client(const std::string& name) const;
    [[nodiscard]] Pair server(const std::string& alternative_names) const;
    [[nodiscard]] Pair expired(const std::string& name, const std::string& extensions) const;

    // A leaf for the broker, and the certificate of the CA it is of behind it; that one expired in 2020.
    [[nodiscard]] Pair server_of_an_expired_authority() const;

    // Revokes it and writes the list, which Mosquitto takes as `crlfile`.
    [[nodiscard]] std::filesystem::path revoke(const Pair& pair) const;

    [[nodiscard]] std::filesystem::path authority() const { return folder_ / "ca.crt"; }
    // Another authority that knows nothing of this one.
    [[nodiscard]] std::filesystem::path stranger() const { return folder_ / "stranger.crt"; }
    [[nodiscard]] Pair stranger_client() const;

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  private:
    [[nodiscard]] Pair signed_by(const std::string& authority, const std::string& name,
                                 const std::string& extensions, const std::string& dates) const;
    TemporaryFolder folder_;
};

}  // namespace countersign::test
