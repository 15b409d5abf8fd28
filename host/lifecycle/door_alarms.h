// What the broker's door tells of copies: a certificate that was replaced and comes all the same, two that
// put each other out under one name. Each becomes an event of the registry, one a day for each name and kind.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "host/lifecycle/open_home.h"

namespace countersign::lifecycle {

class DoorAlarms {
  public:
    // `clock` must outlive it.
    DoorAlarms(Home home, const Clock& clock);

    // By whoever has the certificate of this serial number. What the registry does not know of is left out.
    void retired_came(std::string_view name, std::string_view serial);
    void taken_over(std::string_view name, std::string_view serial);
    // A device that asked more of the broker than it may.
    void over_limit(std::string_view name);

    // Writes them down. While another command holds the home nothing is lost: call again. Returns what was
    // new: kind and name.
    std::set<std::pair<std::string, std::string>> settle();

  private:
    void raise(std::string_view kind, std::string_view name, std::string_view serial);

    Home home_;
    const Clock& clock_;
    registry::Registry reading_;
    // Kind and name: the certificate.
    std::map<std::pair<std::string, std::string>, std::optional<Fingerprint>> raised_;
};

}  // namespace countersign::lifecycle
