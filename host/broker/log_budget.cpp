#include "host/broker/log_budget.h"

#include <utility>

namespace countersign::broker {

LogBudget::Account& LogBudget::account_of(std::string_view subject, std::int64_t now_ms) {
    const std::string key(subject);
    const auto known = accounts_.find(key);
    if (known != accounts_.end()) return known->second;
    if (accounts_.size() >= subjects_) {
        std::erase_if(accounts_, [&](const auto& one) { return now_ms - one.second.since_ms >= window_ms_; });
        if (accounts_.size() >= subjects_) return others_;
    }
    return accounts_.emplace(key, Account{now_ms, 0, 0}).first->second;
}

std::optional<std::uint64_t> LogBudget::spend(std::string_view subject, std::int64_t now_ms) {
    Account& account = account_of(subject, now_ms);
    if (now_ms - account.since_ms >= window_ms_) {
        account.since_ms = now_ms;
        account.said = 0;
    }
    if (account.said >= lines_) {
        ++account.kept_back;
        return std::nullopt;
    }
    ++account.said;
    return std::exchange(account.kept_back, 0);
}

std::string more_like_it(std::uint64_t kept_back) {
    return kept_back == 0 ? std::string() : " (and " + std::to_string(kept_back) + " more like it)";
}

}  // namespace countersign::broker
