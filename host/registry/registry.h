// The record of every device, certificate and event: the truth about who is let in. One SQLite file, one
// narrow seam in front of it; nobody else writes SQL.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/identity/standing.h"
#include "host/registry/records.h"

namespace countersign::registry {

class Store;  // store.h

// Not for use by two threads at once; several processes may open the same file (a writer waits up to 10 s for
// another, then E-REGISTRY-BUSY). A committed transaction survives a power cut (WAL, synchronous=FULL).
// Every call may throw Error{RegistryBroken, RegistryBusy, FileWrite}.
class Registry {
  public:
    // Makes the file (0600) and its schema; one left empty or half-made by a killed process is finished.
    // `path` ":memory:" is a registry for tests.
    [[nodiscard]] static Registry create(const std::filesystem::path& path, const Clock& clock);
    // Opens an existing registry and brings an older schema up to date. Throws Error{HomeMissing} when there
    // is none, Error{RegistryNewer} when a newer Countersign wrote it.
    [[nodiscard]] static Registry open(const std::filesystem::path& path, const Clock& clock);
    Registry(Registry&&) noexcept;
    Registry& operator=(Registry&&) noexcept;
    ~Registry();

    // All or nothing; what is not committed when it goes out of scope is undone. Calls that write outside of
    // a transaction are one of their own. One inside another, ended before it, undoes only its own part. None
    // may outlive the registry.
    class Transaction {
      public:
        Transaction(Transaction&& other) noexcept;
        Transaction& operator=(Transaction&&) = delete;
        ~Transaction();
        void commit();

      private:
        friend class Registry;
        explicit Transaction(Store& store);
        Store* store_;
    };
    [[nodiscard]] Transaction begin();

    // --- writing; each change is an event

    // `device.created` is ignored: the clock says it. Throws Error{NameInvalid, NameTaken}. Reserved names
    // are the caller's to refuse: the registry also keeps Countersign's own.
    void add_device(const Device& device);
    // Pending or active, for a device that is there. `issued_at` is ignored. Throws Error{NameUnknown},
    // Error{CertState} for another state or a fingerprint that is there already.
    void add_certificate(const Certificate& certificate);
    // A new device with its first certificate, as one event: what bulk issue calls. Throws what the two
    // throw.
    void enrol(const Device& device, const Certificate& certificate);
    // The device has proven that it uses this certificate: it becomes active, and every certificate of the
    // same name and role issued before it is retired. Returns how many were. Repeating it changes nothing.
    // Throws Error{CertState} when it is retired, held, revoked or unknown.
    std::size_t confirm(const Fingerprint& fingerprint);
    // Every certificate of the name, birth and pending included. Return how many changed; none is no error.
    // Throw Error{NameUnknown}.
    std::size_t revoke(std::string_view name, std::string_view reason);
    std::size_t hold(std::string_view name, std::string_view reason);
    std::size_t reinstate(std::string_view name);  // held ones go back to what they were
    // This certificate alone. False when it was revoked before. Throws Error{CertState} for an unknown one.
    bool revoke_certificate(const Fingerprint& fingerprint, std::string_view reason);
    void set_chip_id(std::string_view name, std::string_view chip_id);
    // An event of the caller's own ("loaded", …). `name` may be "".
    void record(std::string_view kind, std::string_view name, const std::optional<Fingerprint>& fingerprint,
                std::string_view detail);

    // --- renewal (docs/protocol.md, "Renewal")

    void set_last_request(const Fingerprint& signer, const LastRequest& request);
    // The same key again changes nothing; another key waits beside it for a nod of its own. At most eight of
    // a name: then the newest makes room. `since` and `approved` are ignored. Throws Error{NameUnknown}.
    void set_waiting(const Waiting& waiting);
    void remove_waiting(std::string_view name);
    // A person says that this key is the device's: what waits for it may be answered, other keys wait no
    // longer, and a fork is decided. A key that has a certificate already is decided for as well. Throws
    // Error{NothingWaits} when it is neither.
    void approve(std::string_view name, const Fingerprint& key);
    // A State that was verified. Throws Error{NameUnknown}.
    void set_report(std::string_view name, const Fingerprint& signer, const Fingerprint& state,
                    std::uint32_t anchors_version, std::uint32_t brokers_version);
    void set_seen(std::string_view name);
    // Until its active certificate is another one. Asked again it stands as it is; since when is returned.
    // Throws Error{NameUnknown, CertState} (none is active).
    std::optional<Seconds> ask_renewal(std::string_view name);
    // Two devices use this identity. False, and nothing written, when it was said within the last day:
    // whoever causes it must not fill the disk. approve() ends it, and an identity given by hand.
    bool raise_fork(std::string_view name, const Fingerprint& signer, std::string_view detail);
    // An alarm of the door's, by this certificate where it is known. False, and nothing written, when the
    // same was said of the name within the last day. Throws Error{NameUnknown}.
    bool raise_alarm(std::string_view kind, std::string_view name,
                     const std::optional<Fingerprint>& certificate);
    // Whom alarms of this kind concern since then, each once, in the order of names.
    [[nodiscard]] std::vector<std::string> alarmed_since(std::string_view kind, Seconds since) const;

    [[nodiscard]] std::optional<LastRequest> last_request(const Fingerprint& signer) const;
    // Whether it ever was, since it was given its identity by hand: somebody may have its birth key.
    [[nodiscard]] bool was_forked(std::string_view name) const;
    [[nodiscard]] std::vector<Waiting> waiting_of(std::string_view name) const;  // oldest first
    [[nodiscard]] std::vector<Waiting> waiting() const;  // in the order of names, then oldest first
    [[nodiscard]] Report report_of(std::string_view name) const;
    // The newest certificate for this key, whoever's it is.
    [[nodiscard]] std::optional<Certificate> find_by_key(const Fingerprint& spki_sha256) const;
    // All of them, oldest first, without `der`.
    [[nodiscard]] std::vector<Certificate> certificates_of_key(const Fingerprint& spki_sha256) const;
    [[nodiscard]] std::size_t renewed_since(std::string_view name, Seconds since) const;
    // Whom events after `event_seq` concern, each once.
    [[nodiscard]] std::vector<std::string> names_since(std::int64_t event_seq) const;

    // --- reading; names are found without regard to case

    [[nodiscard]] std::optional<Device> find_device(std::string_view name) const;
    [[nodiscard]] std::optional<Certificate> find_certificate(const Fingerprint& fingerprint) const;
    [[nodiscard]] std::vector<Certificate> certificates_of(std::string_view name) const;  // oldest first
    // By this CA, at `since` or later; oldest first, broker certificates included, without `der`.
    [[nodiscard]] std::vector<Certificate> issued_by(const Fingerprint& issuer, Seconds since) const;
    [[nodiscard]] std::vector<Event> events_of(std::string_view name,
                                               std::size_t last = 100) const;  // oldest first
    // In the order of names.
    void list(const Filter& filter, const std::function<void(const Summary&)>& row) const;
    [[nodiscard]] std::size_t device_count() const;

    // --- publishing: broker certificates are left out, they are no clients'

    [[nodiscard]] std::int64_t last_event() const;
    // When the last event was written that only a clock that is believed writes (a certificate issued, the
    // time noted), and how many events are later than this.
    [[nodiscard]] std::optional<Seconds> last_certified() const;
    [[nodiscard]] std::size_t events_after(Seconds time) const;
    void standings(const std::function<void(const Standing&)>& row) const;
    // Of the certificates that events after `event_seq` concern, as they stand now.
    void standings_since(std::int64_t event_seq, const std::function<void(const Standing&)>& row) const;
    [[nodiscard]] std::optional<Publication> publication() const;
    void set_publication(const Publication& publication);

    // --- what a revocation list says, in no order
    void revocations(const std::function<void(const Revocation&)>& row) const;
    // Whether any certificate was revoked, held or reinstated after this event.
    [[nodiscard]] bool condemned_since(std::int64_t event_seq) const;

    // --- the chain of events

    struct Chain {
        std::int64_t length = 0;
        Fingerprint head{};  // hash of the last event: noted elsewhere, it also proves that none was cut off
    };
    // Reads every event. Throws Error{RegistryBroken} naming the first one that does not fit.
    [[nodiscard]] Chain verify_chain() const;

  private:
    explicit Registry(std::unique_ptr<Store> store);
    std::unique_ptr<Store> store_;
};

}  // namespace countersign::registry
