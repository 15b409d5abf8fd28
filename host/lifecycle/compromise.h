// A stolen issuing key. The thief's own certificates never come in, since the registry does not know them;
// what the key signed through us after the theft is not to be trusted either, and ends.
//
// Devices would still believe a broker that the thief makes up, until a new root has taken the old one's
// place (rollover.h): the caller says so.
#pragma once

#include <string>
#include <vector>

#include "host/lifecycle/rollover.h"

namespace countersign::lifecycle {

// How somebody whose certificate has been condemned comes back.
enum class Way : std::uint8_t {
    by_itself,  // the birth certificate is older than the theft: it renews
    by_cable,   // its keys are its own, and both certificates are condemned: countersign load
    by_issue,   // its key came from here, or from a request: countersign issue --replace
    renewed     // ours: it has a new certificate already
};

struct Fate {
    std::string name;
    Role role = Role::device;
    Way way = Way::by_itself;
};

struct Compromise {
    Rolled rolled;              // the new issuing CA
    std::size_t condemned = 0;  // certificates
    std::vector<Fate> fates;    // in the order of names
    std::size_t untouched = 0;  // devices that go on as before
    bool resumed = false;       // a call that was killed had made the new CA: this one has finished it
};

// Condemns what the present issuing CA signed at `after` or later, then makes a new issuing CA. Killed
// anywhere, the same call goes on: about the CA it was about then, of which a file in the home tells until
// all is done.
Compromise replace_stolen_key(OpenHome& home, Seconds after, const pki::PrivateKey& root,
                              const Secret& passphrase);

}  // namespace countersign::lifecycle
