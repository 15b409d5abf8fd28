// Writes the admission file: small changes are appended, the rest is a new file put in the place of the old
// one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/identity/standing.h"

namespace countersign::broker::admission {

// What is in the file, in two numbers. The caller keeps the one it got from its last publish(): when the file
// no longer shows it (a torn append, a restored backup, a deleted file), everything is written anew.
struct Stamp {
    std::uint64_t generation = 0;  // counts whole rewrites
    std::uint64_t size = 0;        // bytes
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

// Calls `row` for each row it has.
using Rows = std::function<void(const std::function<void(const Standing&)>& row)>;

// The only writer is the holder of the home lock. Killed at any byte, it leaves a file every reader treats
// right. Throws Error{FileWrite}.
class Publisher {
  public:
    // The file gets mode 0640 and the group of its folder when that is set-group-id (ownership.h).
    explicit Publisher(std::filesystem::path file);

    // Brings the file up to date. `known`: what the last publish() returned. `changes`: the rows that have
    // changed since, in any order; `all`: every row. Only one of the two is asked.
    [[nodiscard]] Stamp publish(const std::optional<Stamp>& known, const Rows& changes, const Rows& all);

    // nullopt when there is no file or its header is not good.
    [[nodiscard]] std::optional<Stamp> stamp() const;

  private:
    Stamp rewrite(std::uint64_t generation, const Rows& all);

    std::filesystem::path file_;
};

}  // namespace countersign::broker::admission
