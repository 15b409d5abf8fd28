// Bytes that are wiped when they go: private keys and passphrases live in nothing else.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}
    explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            bytes_ = std::exchange(other.bytes_, {});
        }
        return *this;
    }
    ~Secret() { wipe(); }

    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
    }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  private:
    void wipe() noexcept {
        if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    }
    std::vector<std::uint8_t> bytes_;
};

}  // namespace countersign
