// An identity as files: <name>.crt.{der,pem}, <name>.key.{der,pem} (0600), ca.crt.{der,pem}.
//
// They are staged first (.staging/<name>/, synced), then the registry's rows are committed, then the folder
// is renamed into place. A kill between any two steps is finished, or undone, by the next command: rows
// committed, identity in place; no rows, no identity.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/secret.h"
#include "host/lifecycle/home.h"
#include "host/pki/authority.h"
#include "host/registry/registry.h"

namespace countersign::lifecycle {

enum class Format : std::uint8_t { der, pem, both };
enum class Durability : std::uint8_t {
    each,     // every identity is synced when stage() returns
    together  // the caller calls sync_staging() after the last
};

// Writes identities of one authority; what they share is encoded once.
class IdentityWriter {
  public:
    IdentityWriter(const Home& home, const pki::Authority& authority, Format format, Durability durability);

    // `key_der` (PKCS#8) may be empty: the key is elsewhere. Replaces what is staged under this name.
    void stage(std::string_view name, const pki::Certificate& certificate, const Secret& key_der) const;

  private:
    void write(const std::filesystem::path& file, pki::ByteView content, mode_t mode) const;

    std::filesystem::path staging_;
    Format format_;
    Durability durability_;
    pki::Bytes ca_der_;   // the root alone: mbedTLS reads one certificate a DER
    std::string ca_pem_;  // root and issuing CA
};

// Makes everything staged so far survive a power cut.
void sync_staging(const Home& home);

// Moves the staged identity to its place, devices/<name>/ or `out`, and returns the folder. An earlier
// identity in devices/ goes to replaced/<name>-<serial>/.
std::filesystem::path put_in_place(const Home& home, std::string_view name,
                                   const std::optional<std::filesystem::path>& out);

// The whole batch, lasting once the file systems of both are synced: a rename for each where `out` is on the
// home's, else copies and a sync before what is staged goes. `out`/<name>/ for each.
void hand_out_all(const Home& home, const std::vector<std::string_view>& names,
                  const std::filesystem::path& out);

// Moves an identity into a folder of the user's own, which the command's own words name: no file in the home
// does.
std::filesystem::path hand_out(const std::filesystem::path& from, std::string_view name,
                               const std::filesystem::path& out);

// For every staged identity: rows committed → put in place, in devices/, else removed. What does not belong
// to an identity is left out. Returns the names put in place.
std::set<std::string> finish_staged(const Home& home, const registry::Registry& registry);

}  // namespace countersign::lifecycle
