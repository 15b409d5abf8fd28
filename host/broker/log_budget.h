// How much may be said about one subject: somebody who knocks all day fills no disk. No clock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace countersign::broker {

class LogBudget {
  public:
    // `lines` about each subject in `window_ms`. At most `subjects` are told apart; all others share one.
    LogBudget(std::uint32_t lines, std::int64_t window_ms, std::size_t subjects)
        : lines_(lines), window_ms_(window_ms), subjects_(subjects) {}

    // nullopt: keep the line back. Else it may be said, and so many before it were kept back.
    [[nodiscard]] std::optional<std::uint64_t> spend(std::string_view subject, std::int64_t now_ms);

  private:
    struct Account {
        std::int64_t since_ms = 0;
        std::uint32_t said = 0;
        std::uint64_t kept_back = 0;
    };
    Account& account_of(std::string_view subject, std::int64_t now_ms);

    std::uint32_t lines_;
    std::int64_t window_ms_;
    std::size_t subjects_;
    std::unordered_map<std::string, Account> accounts_;
    Account others_;
};

// " (and 17 more like it)", or nothing.
[[nodiscard]] std::string more_like_it(std::uint64_t kept_back);

}  // namespace countersign::broker
