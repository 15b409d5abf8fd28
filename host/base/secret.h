// Bytes that are wiped when they go: private keys and passphrases live in nothing else.
#pragma once

#include <sys/mman.h>

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
    explicit Secret(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) { lock(); }
    explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) { lock(); }
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
    // Not into swap, as far as RLIMIT_MEMLOCK allows. Never unlocked: another secret may be on the page.
    void lock() noexcept {
        if (!bytes_.empty()) (void)::mlock(bytes_.data(), bytes_.size());
    }
    void wipe() noexcept {
        if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    }
    std::vector<std::uint8_t> bytes_;
};

}  // namespace countersign
