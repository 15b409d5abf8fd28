// The two keys of the authority that commands open, each with its own passphrase.
#pragma once

#include <string>

#include "host/cli/context.h"
#include "host/lifecycle/home.h"
#include "host/pki/key.h"

namespace countersign::cli {

// The home's passphrase, which what is made from now on is encrypted with, proven on the present issuing key;
// empty in a home whose keys are not encrypted. Where that key is gone it is a new one, typed twice.
[[nodiscard]] Secret proven_passphrase(const Context& context, const lifecycle::Home& home);

struct RootKey {
    pki::PrivateKey key;
    Secret passphrase;  // that opened it; empty when it is not encrypted
};

// The root's key out of this file, or the home's own when it is empty. The passphrase is the root's, by its
// own option or variable; else `known`, or what was given for the home, is tried, for a copy has the
// passphrase the home had when it was made; else a person is asked, by the name of the file. Throws what
// load_root_key does.
[[nodiscard]] RootKey open_root_key(const Context& context, const lifecycle::Home& home,
                                    const std::string& file, const Secret& known = {});

}  // namespace countersign::cli
