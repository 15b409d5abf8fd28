// What the broker tests share: a temporary folder, a free port, certificates made by the openssl program.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/identity/standing.h"
#include "host/base/error.h"

namespace countersign::broker {

// Everybody may enter it, so that Mosquitto can after it has dropped root.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    std::filesystem::path path;
};

// Free on 127.0.0.1 at this moment.
std::uint16_t free_port();

std::string slurp(const std::filesystem::path& path);
void spill(const std::filesystem::path& path, const std::string& bytes);

template <class Body>
std::string code_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return std::string(error.code());
    }
    return "no error";
}

struct Identity {
    std::filesystem::path certificate, key;
    Fingerprint fingerprint{};
};

// An authority of the openssl program: none of our own code makes what the broker is tested with.
class OpenSslAuthority {
  public:
    explicit OpenSslAuthority(const std::filesystem::path& folder);
    // A client certificate with this common name; made once for each name.
    const Identity& client(const std::string& common_name);
    // A further certificate of the same name, with a key of its own.
    Identity another(const std::string& common_name);
    // So many certificates "NAME-0", "NAME-1"… for one key: hundreds in a moment.
    std::vector<Identity> fleet(const std::string& name, std::size_t count);
    // A server certificate for 127.0.0.1.
    Identity server();
    [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "ca.crt"; }

  private:
    Identity issue(const std::string& file, const std::string& common_name, const std::string& extensions);
    std::filesystem::path folder_;
    std::map<std::string, Identity> clients_;
    int others_ = 0;
};

Standing standing(const Fingerprint& fingerprint, CertificateState state = CertificateState::active,
                  Role role = Role::device, std::int64_t not_after = 4'000'000'000);

}  // namespace countersign::broker
