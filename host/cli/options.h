// Words of the command line that several commands share.
#pragma once

#include <string>
#include <string_view>

#include "host/cli/context.h"
#include "host/lifecycle/home.h"
#include "host/lifecycle/identity_files.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/key.h"

namespace countersign::cli {

// Throws Error{KeyTypeUnsupported} naming what there is.
[[nodiscard]] pki::KeyType key_type_from(std::string_view text);

// "der", "pem" or "both". Throws Error{Usage}.
[[nodiscard]] lifecycle::Format format_from(std::string_view text);

// The passphrase if this home's authority has one; nobody is asked otherwise.
[[nodiscard]] Secret authority_passphrase(const Context& context, const lifecycle::Settings& settings);
// The same, and others may change the home while somebody thinks: what was checked before is checked again.
[[nodiscard]] Secret authority_passphrase(const Context& context, lifecycle::OpenHome& home);

}  // namespace countersign::cli
