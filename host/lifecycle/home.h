// Where everything is kept, and what init decided.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/clock.h"

namespace countersign::lifecycle {

// The paths of docs/architecture.md, "The home folder".
class Home {
  public:
    // From here on nothing leads out of this folder, in the whole process (host/base/beneath.h).
    explicit Home(std::filesystem::path root);

    [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }
    [[nodiscard]] std::filesystem::path lock() const { return root_ / "home.lock"; }
    [[nodiscard]] std::filesystem::path settings() const { return root_ / "settings.json"; }
    // Present from the first byte of `init` to the last: whatever lies beside it is unfinished and ours.
    [[nodiscard]] std::filesystem::path unfinished_init() const { return root_ / ".init-unfinished"; }

    [[nodiscard]] std::filesystem::path authority() const { return root_ / "authority"; }
    [[nodiscard]] std::filesystem::path root_key() const { return authority() / "root.key.pem"; }
    [[nodiscard]] std::filesystem::path root_certificate() const { return authority() / "root.crt.pem"; }
    [[nodiscard]] std::filesystem::path issuing_key() const { return authority() / "issuing.key.pem"; }
    [[nodiscard]] std::filesystem::path issuing_certificate() const {
        return authority() / "issuing.crt.pem";
    }
    // The anchor set message of this version, signed by the root (docs/protocol.md, "Anchors").
    [[nodiscard]] std::filesystem::path anchor_set(std::uint32_t version) const {
        return authority() / "anchors" / std::to_string(version);
    }

    // What the signer allows, whatever settings.json says (signer_policy.h).
    [[nodiscard]] std::filesystem::path signer_policy() const { return authority() / "signer.json"; }

    // The new root under the old root's signature, while the broker sends it along.
    [[nodiscard]] std::filesystem::path bridge() const { return authority() / "bridge.crt.pem"; }
    // The signed list of brokers of the newest version the signer has seen.
    [[nodiscard]] std::filesystem::path broker_list() const { return authority() / "brokers"; }
    // Present while a new root is on its way to the devices.
    [[nodiscard]] std::filesystem::path rollover() const { return authority() / "rollover.json"; }
    // Present while `rollover compromised` is under way: the fingerprint of the stolen issuing CA.
    [[nodiscard]] std::filesystem::path compromise() const { return authority() / "compromise"; }
    // Where the last export of the root key went; its presence allows the key to be removed.
    [[nodiscard]] std::filesystem::path root_exported() const { return authority() / "root.exported"; }

    [[nodiscard]] std::filesystem::path registry() const { return root_ / "registry.db"; }

    [[nodiscard]] std::filesystem::path broker() const { return root_ / "broker"; }
    [[nodiscard]] std::filesystem::path admission() const { return broker() / "admission"; }
    [[nodiscard]] std::filesystem::path acl() const { return broker() / "acl"; }

    [[nodiscard]] std::filesystem::path devices() const { return root_ / "devices"; }
    // Throws Error{NameInvalid}: a registry out of a backup may hold anything.
    [[nodiscard]] std::filesystem::path device(std::string_view name) const;
    // Identities on their way into devices/: complete and synced, but not yet renamed.
    [[nodiscard]] std::filesystem::path staging() const { return root_ / ".staging"; }
    // Identities that `issue --replace` replaced, kept because the old certificate works until the new one is
    // used.
    [[nodiscard]] std::filesystem::path replaced() const { return root_ / "replaced"; }

    [[nodiscard]] std::filesystem::path operator_folder() const { return root_ / "operator"; }

    [[nodiscard]] std::filesystem::path responder_folder() const { return root_ / "responder"; }
    // Held while `countersign responder` runs.
    [[nodiscard]] std::filesystem::path responder_lock() const { return root_ / "responder.lock"; }
    // Where the signer listens; the folder's mode and its own (0600) say who may ask.
    [[nodiscard]] std::filesystem::path signer_socket() const { return root_ / "signer.sock"; }
    // Held while `countersign signer` runs.
    [[nodiscard]] std::filesystem::path signer_lock() const { return root_ / "signer.lock"; }

    // Throws Error{HomeMissing} when no init was completed here.
    void require_initialised() const;

  private:
    std::filesystem::path root_;
};

// settings.json
struct Settings {
    std::vector<std::string> hosts;  // as given to init; the first is what devices dial
    std::uint16_t port = 8883;
    std::string key_type = "p256";      // of new identities
    std::int64_t days = 365;            // lifetime of new working certificates
    bool encrypted = true;              // the authority's keys need a passphrase
    std::uint32_t brokers_version = 1;  // counts the changes of `hosts`; devices compare it with theirs

    std::int64_t lifetime_seconds = 0;    // of renewed certificates, instead of `days`; 0: `days` holds
    std::string birth_renewal = "allow";  // or "approve": a person nods (`countersign approve`)
    std::size_t renewals_per_day = 10;    // for one device
    // The broker's certificate serves boards with MicroPython before 1.24 (pki::OldBoards). A home that does
    // not say has always served them.
    bool old_boards = true;
    // Where the broker listens too, for devices that have not heard of `port` yet.
    std::vector<std::uint16_t> former_ports = {};

    [[nodiscard]] std::chrono::seconds renewed_lifetime() const {
        return lifetime_seconds != 0 ? std::chrono::seconds(lifetime_seconds) : std::chrono::days(days);
    }
};

// Throws Error{HomeMissing} or Error{AuthorityBroken} (not JSON, a member missing or of the wrong type).
[[nodiscard]] Settings load_settings(const Home& home);
void save_settings(const Home& home, const Settings& settings);
[[nodiscard]] std::string settings_text(const Settings& settings);  // what it writes

}  // namespace countersign::lifecycle
