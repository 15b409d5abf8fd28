// A new issuing CA, a new root: the authority replaced while its devices go on working.
//
// Old CAs stay in the broker's CA file: who is let in is decided by fingerprint, so nothing has to be dropped
// in a hurry and late comers get back in. Each rollover is one ChangeSet: it has happened, or it has not.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/secret.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/authority.h"

namespace countersign::lifecycle {

// A stolen one is named in the root's revocation list; certificates of a retired one go on.
enum class OldKey : std::uint8_t { retired, stolen };

struct Rolled {
    pki::CertificateInfo root, issuing, broker;
    bool told = false;    // a broker of this home runs and serves the new chain
    bool listed = false;  // the old issuing CA's last revocation list was signed
};

// The root's private key, wherever it is, checked to be this authority's. `file` empty: the home's own.
// Throws Error{RootOffline, AuthorityBroken, PassphraseNeeded, PassphraseWrong}.
[[nodiscard]] pki::PrivateKey load_root_key(const Home& home, const std::filesystem::path& file,
                                            const Secret& passphrase);
// Whether its file is encrypted. Throws Error{RootOffline}.
[[nodiscard]] bool root_key_is_encrypted(const Home& home, const std::filesystem::path& file);

// The present issuing key, opened with the passphrase that its successor is to have: a slip of the finger, or
// the root's passphrase, would be found out years later. nullopt: it is gone or damaged. Throws
// Error{PassphraseNeeded, PassphraseWrong} naming its file.
[[nodiscard]] std::optional<pki::PrivateKey> present_issuing_key(const Home& home, const Secret& passphrase);

// A new issuing CA under the same root. No device is involved: each trusts the root, and the broker sends its
// chain. The old issuing key is destroyed. `passphrase` is the home's (empty: keys are not encrypted) and
// encrypts what is made; throws what present_issuing_key does.
Rolled roll_issuing(OpenHome& home, const pki::PrivateKey& root, const Secret& passphrase,
                    OldKey old_key = OldKey::retired);

// --- a new root, step by step

struct RootRollover {
    std::uint32_t anchors_version = 0;  // of the set that brings the new root
    Seconds started{};
    Fingerprint from{}, to{};  // of the two roots
};

// What is under way; nullopt when nothing is.
[[nodiscard]] std::optional<RootRollover> root_rollover(const Home& home);

// New root, new issuing CA, the anchor set that tells devices (signed by the old root), and a bridge in the
// broker's chain for those that have not heard. Throws Error{RolloverUnderway}, Error{KeyTypeUnsupported}
// when boards cannot verify what the old root signs.
Rolled start_root_rollover(OpenHome& home, const pki::PrivateKey& old_root, const Secret& passphrase);

// Who brings an identity the new root.
enum class Keeper : std::uint8_t {
    itself,  // it has said a signed word: it takes the new root over when it connects
    cable,   // a board that was loaded and has said none yet
    person   // issued by hand: an operator's, a C++ program's, any other software's files
};

struct Confirmation {
    std::string name;
    Role role = Role::device;
    Keeper keeper = Keeper::itself;
    bool confirmed = false;       // its last State names the new anchors, or it was issued by hand since
    std::optional<Seconds> seen;  // the last signed word from it
};

// Every device and operator that may connect; the host's own have the new root already. In the order of
// names.
[[nodiscard]] std::vector<Confirmation> confirmations(const Home& home, const registry::Registry& registry,
                                                      const RootRollover& rollover);
// The command, or the deed, that brings it the new root.
[[nodiscard]] std::string how_to_bring(const Confirmation& one);

// The broker's chain loses the bridge: who trusts only the old root is out. Throws Error{RolloverNone}, and
// Error{RolloverWaits} naming devices and operators that have not confirmed and are not among `without`. True
// when a broker was told.
bool finish_root_rollover(OpenHome& home, const std::set<std::string>& without);

}  // namespace countersign::lifecycle
