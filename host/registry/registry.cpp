// Opening and writing. Reading is in reading.cpp.
#include "host/registry/registry.h"

#include <fmt/format.h>

#include <utility>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/printable.h"
#include "host/registry/state_machine.h"
#include "host/registry/store.h"

namespace countersign::registry {
namespace {

// What the acts need to know of a certificate.
struct Standpoint {
    std::int64_t id;
    Fingerprint fingerprint;
    CertificateState state;
    CertificateState held_from;
};

constexpr const char* kEventOf[] = {"confirmed", "retired", "held", "reinstated", "revoked"};

Standpoint standpoint(Query& row) {
    const CertificateState state = row.state(2);
    return {row.integer(0), row.fingerprint(1), state,
            state == CertificateState::held ? row.state(3) : state};
}

void set_state(Store& store, const Standpoint& certificate, CertificateState next, Act act,
               std::string_view name, std::string_view detail) {
    const auto held_from =
        static_cast<std::int64_t>(next == CertificateState::held ? certificate.state : CertificateState{});
    Query(store.prepared("UPDATE certificates SET state = ?, held_from = ? WHERE id = ?"))
        .bind(next, held_from, certificate.id)
        .run();
    store.append_event(kEventOf[static_cast<std::size_t>(act)], name, certificate.fingerprint, detail);
}

std::vector<Standpoint> standpoints_of(Store& store, std::string_view name) {
    std::vector<Standpoint> result;
    Query rows(store.prepared(
        "SELECT id, fingerprint, state, held_from FROM certificates WHERE name = ? ORDER BY id"));
    rows.bind(name);
    while (rows.step()) result.push_back(standpoint(rows));
    return result;
}

std::size_t act_on_all(Store& store, std::string_view name, Act act, std::string_view detail) {
    const std::string spelling = known_name(store, name);
    std::size_t changed = 0;
    for (const auto& certificate : standpoints_of(store, spelling)) {
        const auto next = next_state(certificate.state, act, certificate.held_from);
        if (!next || *next == certificate.state) continue;
        set_state(store, certificate, *next, act, spelling, detail);
        ++changed;
    }
    return changed;
}

void insert_device(Store& store, const Device& device) {
    if (!is_valid_name(device.name)) throw Error(Code::NameInvalid, fmt::format("{:?}", device.name));
    const int added =
        Query(store.prepared("INSERT OR IGNORE INTO devices (name, role, created, chip_id, note)"
                             " VALUES (?, ?, ?, ?, ?)"))
            .bind(device.name, device.role, store.now(), one_line(device.chip_id), one_line(device.note))
            .run();
    if (added == 1) return;
    throw Error(Code::NameTaken, fmt::format("{} is registered already.", known_name(store, device.name)));
}

// Somebody has given the device a new identity: whoever copied the old one does not have it.
void end_fork(Store& store, std::string_view name) {
    Query(store.prepared("UPDATE devices SET forked_at = NULL, was_forked = 0 WHERE name = ?"
                         " AND was_forked <> 0"))
        .bind(name)
        .run();
    Query(store.prepared("DELETE FROM waiting_keys WHERE name = ?")).bind(name).run();
}

// The first comparison finds the row by its index, the second insists on the spelling.
void insert_certificate(Store& store, const Certificate& certificate) {
    if (!may_connect(certificate.state)) {
        throw Error(Code::CertState, "A certificate enters the registry pending or active.");
    }
    const int added =
        Query(
            store.prepared(
                "INSERT OR IGNORE INTO certificates (fingerprint, name, role, serial, not_before, not_after,"
                " state, issued_at, spki_sha256, issuer, der, origin)"
                " SELECT ?, name, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM devices"
                " WHERE name = ?12 AND name = ?12 COLLATE BINARY"))
            .bind(std::span<const std::uint8_t>(certificate.fingerprint), certificate.role,
                  certificate.serial, certificate.not_before, certificate.not_after, certificate.state,
                  store.now(), std::span<const std::uint8_t>(certificate.spki_sha256),
                  std::span<const std::uint8_t>(certificate.issuer),
                  std::span<const std::uint8_t>(certificate.der),
                  static_cast<std::int64_t>(certificate.origin), certificate.name)
            .run();
    if (added == 1) {
        if (certificate.origin == Origin::by_hand) end_fork(store, certificate.name);
        return;
    }
    if (known_name(store, certificate.name) != certificate.name) {
        throw Error(Code::NameUnknown,
                    fmt::format("The device is spelled otherwise than {}.", certificate.name));
    }
    throw Error(Code::CertState,
                fmt::format("This certificate of {} is registered already.", certificate.name));
}

void append_issued(Store& store, std::string_view kind, const Certificate& certificate) {
    store.append_event(kind, certificate.name, certificate.fingerprint,
                       fmt::format("{}, {}, until {}{}", to_string(certificate.role),
                                   to_string(certificate.state), format_date(certificate.not_after),
                                   certificate.origin == Origin::renewal ? ", renewed" : ""));
}

std::size_t confirm_certificate(Store& store, const Fingerprint& fingerprint) {
    std::optional<Standpoint> confirmed;
    std::string name;
    std::int64_t role = 0;
    {
        Query row(store.prepared(
            "SELECT id, fingerprint, state, held_from, name, role FROM certificates WHERE fingerprint = ?"));
        row.bind(std::span<const std::uint8_t>(fingerprint));
        if (!row.step()) throw Error(Code::CertState, "This certificate is not registered.");
        confirmed = standpoint(row);
        name = row.text(4);
        role = row.integer(5);
    }
    const auto next = next_state(confirmed->state, Act::confirm, confirmed->held_from);
    if (!next) {
        throw Error(Code::CertState, fmt::format("This certificate of {} is {} and cannot become active.",
                                                 name, to_string(confirmed->state)));
    }
    if (*next != confirmed->state) set_state(store, *confirmed, *next, Act::confirm, name, {});
    std::vector<Standpoint> earlier;
    {
        Query rows(
            store.prepared("SELECT id, fingerprint, state, held_from FROM certificates"
                           " WHERE name = ? AND role = ? AND id < ?"));
        rows.bind(name, role, confirmed->id);
        while (rows.step()) earlier.push_back(standpoint(rows));
    }
    std::size_t retired = 0;
    for (const auto& certificate : earlier) {
        const auto ended = next_state(certificate.state, Act::supersede, certificate.held_from);
        if (!ended || *ended == certificate.state) continue;
        set_state(store, certificate, *ended, Act::supersede, name, {});
        ++retired;
    }
    return retired;
}

}  // namespace

Registry::Registry(std::unique_ptr<Store> store) : store_(std::move(store)) {}
Registry::Registry(Registry&&) noexcept = default;
Registry& Registry::operator=(Registry&&) noexcept = default;
Registry::~Registry() = default;

Registry Registry::create(const std::filesystem::path& path, const Clock& clock) {
    return guarded([&] { return Registry(std::make_unique<Store>(path, clock, Store::Mode::create)); });
}

Registry Registry::open(const std::filesystem::path& path, const Clock& clock) {
    return guarded([&] { return Registry(std::make_unique<Store>(path, clock, Store::Mode::open)); });
}

Registry::Transaction Registry::begin() {
    guarded([&] { store_->begin(); });
    return Transaction(*store_);
}

Registry::Transaction::Transaction(Store& store) : store_(&store) {}
Registry::Transaction::Transaction(Transaction&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)) {}

Registry::Transaction::~Transaction() {
    if (store_ != nullptr) store_->rollback();
}

void Registry::Transaction::commit() {
    guarded([&] { store_->commit(); });
    store_ = nullptr;
}

void Registry::add_device(const Device& device) {
    write(*store_, [&] {
        insert_device(*store_, device);
        store_->append_event("added", device.name, std::nullopt, to_string(device.role));
        return 0;
    });
}

void Registry::add_certificate(const Certificate& certificate) {
    write(*store_, [&] {
        insert_certificate(*store_, certificate);
        append_issued(*store_, "issued", certificate);
        return 0;
    });
}

void Registry::enrol(const Device& device, const Certificate& certificate) {
    write(*store_, [&] {
        insert_device(*store_, device);
        try {
            insert_certificate(*store_, certificate);
        } catch (const Error&) {
            // The caller may go on with its transaction: it must not keep half of this.
            Query(store_->prepared("DELETE FROM devices WHERE name = ?")).bind(device.name).run();
            throw;
        }
        append_issued(*store_, "enrolled", certificate);
        return 0;
    });
}

std::size_t Registry::confirm(const Fingerprint& fingerprint) {
    return write(*store_, [&] { return confirm_certificate(*store_, fingerprint); });
}

std::size_t Registry::revoke(std::string_view name, std::string_view reason) {
    return write(*store_, [&] { return act_on_all(*store_, name, Act::revoke, reason); });
}

bool Registry::revoke_certificate(const Fingerprint& fingerprint, std::string_view reason) {
    return write(*store_, [&] {
        const auto certificate = find_certificate(fingerprint);
        if (!certificate) throw Error(Code::CertState, "This certificate is not registered.");
        for (const auto& standing : standpoints_of(*store_, certificate->name)) {
            if (standing.fingerprint != fingerprint) continue;
            const auto next = next_state(standing.state, Act::revoke, standing.held_from);
            if (!next || *next == standing.state) return false;
            set_state(*store_, standing, *next, Act::revoke, certificate->name, reason);
        }
        return true;
    });
}

std::size_t Registry::hold(std::string_view name, std::string_view reason) {
    return write(*store_, [&] { return act_on_all(*store_, name, Act::hold, reason); });
}

std::size_t Registry::reinstate(std::string_view name) {
    return write(*store_, [&] { return act_on_all(*store_, name, Act::reinstate, {}); });
}

void Registry::set_chip_id(std::string_view name, std::string_view chip_id) {
    write(*store_, [&] {
        const std::string spelling = known_name(*store_, name);
        const int changed =
            Query(store_->prepared("UPDATE devices SET chip_id = ?1 WHERE name = ?2 AND chip_id <> ?1"))
                .bind(chip_id, spelling)
                .run();
        if (changed != 0) store_->append_event("board", spelling, std::nullopt, chip_id);
        return changed;
    });
}

void Registry::record(std::string_view kind, std::string_view name,
                      const std::optional<Fingerprint>& fingerprint, std::string_view detail) {
    write(*store_, [&] {
        store_->append_event(kind, name, fingerprint, detail);
        return 0;
    });
}

void Registry::set_publication(const Publication& publication) {
    write(*store_, [&] {
        return Query(store_->prepared(
                         "INSERT INTO publication (id, event_seq, generation, size) VALUES (1, ?, ?, ?)"
                         " ON CONFLICT (id) DO UPDATE SET event_seq = excluded.event_seq,"
                         " generation = excluded.generation, size = excluded.size"))
            .bind(publication.event_seq, static_cast<std::int64_t>(publication.generation),
                  static_cast<std::int64_t>(publication.size))
            .run();
    });
}

}  // namespace countersign::registry
