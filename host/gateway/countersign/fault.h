// What went wrong, in words, with a code that stays the same for ever and what cures it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace countersign {

// what() is one line: "E-BROKER-UNREACHABLE: Nothing listens at … Cure: …". docs/troubleshooting.md lists the
// codes.
class Fault : public std::runtime_error {
  public:
    Fault(const std::string& line, std::string code, std::string cure, bool permanent)
        : std::runtime_error(line), code_(std::move(code)), cure_(std::move(cure)), permanent_(permanent) {}

    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& cure() const noexcept { return cure_; }
    // The same again would fail again: someone must cure it.
    [[nodiscard]] bool permanent() const noexcept { return permanent_; }

  private:
    std::string code_;
    std::string cure_;
    bool permanent_;
};

}  // namespace countersign
