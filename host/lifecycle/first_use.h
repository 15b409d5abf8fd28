// A pending certificate that was used becomes the active one, and what came before it is retired.
//
// The proof is the broker's handshake: whoever came in with it holds its key. It is proof enough for what was
// issued by hand; a renewed certificate is confirmed by its device's State (responder.h).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "host/lifecycle/open_home.h"

namespace countersign::lifecycle {

class FirstUse {
  public:
    // `clock` must outlive it.
    FirstUse(Home home, const Clock& clock);

    // A client with this user name came in with the certificate of this serial number.
    void admitted(std::string_view username, std::string_view serial);

    // Confirms what has been used since. While another command holds the home nothing is lost: call again.
    // Returns the names whose certificate became active.
    std::set<std::string> settle();

  private:
    Home home_;
    const Clock& clock_;
    registry::Registry reading_;
    std::set<std::pair<std::string, Fingerprint>> used_;  // name, certificate
};

}  // namespace countersign::lifecycle
