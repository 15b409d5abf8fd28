// A home folder opened for change: locked, and whatever a killed command left half-done is finished first.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "host/base/files.h"
#include "host/lifecycle/home.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

class OpenHome {
  public:
    // Throws Error{HomeMissing}, Error{HomeBusy} when another command still holds it after `wait`, and what
    // the registry throws.
    OpenHome(const Home& home, const Clock& clock, std::chrono::milliseconds wait = std::chrono::seconds(5));

    [[nodiscard]] const Home& home() const noexcept { return home_; }
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] registry::Registry& registry() noexcept { return registry_; }
    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

    // Written to settings.json before it returns.
    void change_settings(const Settings& settings);

    // An earlier, killed command had committed to replacing CAs and this one has put them in place.
    [[nodiscard]] bool finished_change() const noexcept { return finished_change_; }

    // Names whose identities an earlier, killed command had committed and this one has put in place.
    [[nodiscard]] const std::set<std::string>& finished() const noexcept { return finished_; }

    // Gives the lock away for a moment and takes it again: for work that takes long. What others have done
    // meanwhile is known afterwards; what was read before may no longer be so. Throws as the constructor
    // does.
    void let_others_in(std::chrono::milliseconds wait);
    // The same while `body` runs: for a person who is asked something, and thinks.
    void while_unlocked(const std::function<void()>& body, std::chrono::milliseconds wait);

    // Brings the broker's admission file up to what the registry says. Rows are always committed before.
    void publish();
    // The same, without going by what the file was when it was written last: a disk may have changed it.
    void publish_anew();

  private:
    void settle();

    Home home_;
    std::optional<FileLock> lock_;  // before anything is read that somebody else may be changing
    bool finished_change_;
    Settings settings_;
    registry::Registry registry_;
    const Clock& clock_;
    std::set<std::string> finished_;
};

// The admission file from the registry; what OpenHome::publish does. `init` calls it before there is an
// OpenHome.
enum class Publish : std::uint8_t { changes, all };
void publish_admission(const Home& home, registry::Registry& registry, Publish what = Publish::changes);

}  // namespace countersign::lifecycle
