// The authority's keys under another passphrase.
#pragma once

#include "host/base/secret.h"
#include "host/lifecycle/open_home.h"

namespace countersign::lifecycle {

struct PassphraseChange {
    bool root = false;  // the root's key was here and has the new one too
};

// All of it or nothing: keys and settings are one ChangeSet. `old` is empty in a home whose keys are not
// encrypted. Throws Error{PassphraseWrong, AuthorityBroken}.
PassphraseChange change_passphrase(OpenHome& home, const Secret& old, const Secret& fresh);

}  // namespace countersign::lifecycle
