// What happened, line by line: a hash over all of it proves that a seed replays, and what must never happen
// is remembered.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/agenda.h"

namespace countersign::sim {

class Chronicle {
  public:
    // `copy`: gets every line too; nullptr for none. Both outlive it.
    Chronicle(const Agenda& agenda, std::FILE* copy) : agenda_(agenda), copy_(copy) {}

    void say(std::string_view line);
    // Something a correct system never does.
    void wrong(const std::string& line);

    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::size_t lines() const noexcept { return lines_; }
    [[nodiscard]] const std::vector<std::string>& wrongs() const noexcept { return wrongs_; }

  private:
    const Agenda& agenda_;
    std::FILE* copy_;
    std::uint64_t hash_ = 14695981039346656037ULL;  // FNV-1a
    std::size_t lines_ = 0;
    std::vector<std::string> wrongs_;
};

}  // namespace countersign::sim
