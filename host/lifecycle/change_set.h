// Several files of the home replaced as one: all of them or none of them, whenever a command is killed.
//
// They are written into a folder of their own and synced; one rename of that folder commits. From then on
// whoever opens the home (OpenHome) moves them into place, however often that is interrupted.
#pragma once

#include <filesystem>
#include <string_view>

#include "host/lifecycle/home.h"

namespace countersign::lifecycle {

class ChangeSet {
  public:
    // What an earlier command had prepared and not committed is dropped. The home must be locked, and must
    // outlive it.
    explicit ChangeSet(const Home& home);

    // `target` is a path in the home, of those that a change set may hold (change_set.cpp). Throws
    // Error{FileWrite}.
    void put(const std::filesystem::path& target, std::string_view content, mode_t mode);
    // Commits, and moves everything into place.
    void commit();

  private:
    const Home& home_;
};

// Moves into place what was committed, and drops what was not. True when something was committed. Throws
// Error{HomeUnsafe}, nothing moved, when something lies in it that no command puts there.
bool finish_change_set(const Home& home);

}  // namespace countersign::lifecycle
