// How our own commands reach the broker: with an identity of theirs, like any other client.
#pragma once

#include <string>
#include <string_view>

#include "host/lifecycle/home.h"
#include "host/lifecycle/host_identities.h"
#include "host/transport/options.h"

namespace countersign::cli {

// To this home's broker with these files; the client id is the caller's to choose. Throws Error{HomeMissing,
// AuthorityBroken}.
[[nodiscard]] transport::Options home_connection(const lifecycle::Home& home,
                                                 const lifecycle::ClientFiles& files);

// Dials `host`, or the first host given to init. The client id is operator~operator/<purpose>-<random>, so
// that any number of them run side by side. Throws Error{HomeMissing, AuthorityBroken}.
[[nodiscard]] transport::Options operator_connection(const lifecycle::Home& home, std::string_view host,
                                                     std::string_view purpose);

// A payload as a terminal may show it: what is not printable UTF-8 is written as \xNN, since a device must
// not be able to move the operator's cursor.
[[nodiscard]] std::string printable(std::string_view payload);

}  // namespace countersign::cli
