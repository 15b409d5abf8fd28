// A registry with a clock turned by hand, and certificates made of nothing but their names.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/base/error.h"
#include "host/registry/registry.h"

namespace countersign::registry {

class HandClock final : public Clock {
  public:
    [[nodiscard]] Seconds now() const override { return time; }
    Seconds time{std::chrono::seconds(1'700'000'000)};
};

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = "/tmp/countersign-registry-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

inline Fingerprint print(unsigned number) {
    Fingerprint fingerprint{};
    for (std::size_t i = 0; i < 4; ++i) fingerprint[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return fingerprint;
}

inline Device device(const std::string& name, Role role = Role::device) {
    return {name, role, {}, "", ""};
}

inline Certificate certificate(const std::string& name, unsigned number,
                               CertificateState state = CertificateState::pending, Role role = Role::device) {
    Certificate result;
    result.fingerprint = print(number);
    result.name = name;
    result.role = role;
    result.serial = "0a1b" + std::to_string(number);
    result.not_before = Seconds(std::chrono::seconds(1'690'000'000));
    result.not_after = Seconds(std::chrono::seconds(1'800'000'000 + number));
    result.state = state;
    result.spki_sha256 = print(number + 1'000'000);
    result.issuer = print(7);
    result.der = {0x30, 0x03, 0x02, 0x01, static_cast<std::uint8_t>(number)};
    return result;
}

template <class Body>
std::string code_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return std::string(error.code());
    }
    return "no error";
}

class RegistryTest : public testing::Test {
  protected:
    [[nodiscard]] CertificateState state_of(unsigned number) const {
        const auto found = registry.find_certificate(print(number));
        return found ? found->state : CertificateState{};
    }
    [[nodiscard]] std::string kinds_of(const std::string& name) const {
        std::string kinds;
        for (const auto& event : registry.events_of(name)) kinds += event.kind + " ";
        return kinds;
    }

    TemporaryFolder folder;
    HandClock clock;
    std::filesystem::path file = folder.path / "registry.db";
    Registry registry = Registry::create(file, clock);
};

}  // namespace countersign::registry
