// The CAs as Mosquitto reads them: cas/<hash of the subject>.<n>, one file for each (openssl-rehash(1)).
//
// OpenSSL looks there when it meets an issuer it does not know yet. So a new CA counts from the moment its
// file is there, and nothing has to be read again: with `cafile`, Mosquitto reads it again on SIGHUP only
// when it has a `crlfile`, and a list for that purpose un-revokes everybody where other software believes it.
#pragma once

#include <filesystem>

namespace countersign::broker {

// Every CA of ca.pem that is not in cas/ yet is put there; none is removed. Throws Error{FileWrite,
// CertInvalid}.
void place_cas(const std::filesystem::path& folder);

}  // namespace countersign::broker
