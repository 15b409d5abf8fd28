// The host's side: an authority, the broker and the responder, as people run them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bench/support/board.h"
#include "host/base/subprocess.h"

namespace countersign::bench {

class Host {
  public:
    // `countersign init`, then `countersign up` at 127.0.0.1.
    explicit Host(const std::filesystem::path& folder);
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }  // the broker's
    // Keys born on the board, the program on it.
    void load(const Board& board, const std::string& name) const;
    // Asks the device to renew, and does not wait for it.
    void renew(const std::string& name) const;

  private:
    std::filesystem::path home_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> up_;
};

}  // namespace countersign::bench
