// The reading half of the registry.
#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/registry/event_chain.h"
#include "host/registry/registry.h"
#include "host/registry/store.h"

namespace countersign::registry {
namespace {

Device device_at(Query& row, int first) {
    Device device{row.text(first),     row.role(first + 1), row.time(first + 2),
                  row.text(first + 3), row.text(first + 4), std::nullopt};
    if (!row.is_null(first + 5)) device.forked = row.time(first + 5);
    return device;
}

// seq, time, kind, name, fingerprint, detail
Event event_at(Query& row) {
    Event event{row.integer(0), row.time(1), row.text(2), row.text(3), std::nullopt, row.text(5)};
    if (!row.is_null(4)) event.fingerprint = row.fingerprint(4);
    return event;
}

// fingerprint, not_after, role, state, origin
Standing standing_at(Query& row) {
    const Role role = row.role(2);
    const CertificateState state = row.state(3);
    const bool fresh = role == Role::device && state == CertificateState::pending &&
                       row.integer(4) == static_cast<std::int64_t>(Origin::by_hand);
    return {row.fingerprint(0), row.integer(1), role, state, fresh};
}

}  // namespace

std::optional<Device> Registry::find_device(std::string_view name) const {
    return guarded([&]() -> std::optional<Device> {
        Query row(store_->prepared(
            "SELECT name, role, created, chip_id, note, forked_at FROM devices WHERE name = ?"));
        row.bind(name);
        if (!row.step()) return std::nullopt;
        return device_at(row, 0);
    });
}

std::optional<Certificate> Registry::find_certificate(const Fingerprint& fingerprint) const {
    return guarded([&]() -> std::optional<Certificate> {
        Query row(
            store_->prepared("SELECT " CERTIFICATE_COLUMNS ", der FROM certificates WHERE fingerprint = ?"));
        row.bind(std::span<const std::uint8_t>(fingerprint));
        if (!row.step()) return std::nullopt;
        return whole_certificate(row);
    });
}

std::vector<Certificate> Registry::certificates_of(std::string_view name) const {
    return guarded([&] {
        std::vector<Certificate> result;
        Query rows(store_->prepared("SELECT " CERTIFICATE_COLUMNS
                                    ", der FROM certificates WHERE name = ? ORDER BY id"));
        rows.bind(name);
        while (rows.step()) result.push_back(whole_certificate(rows));
        return result;
    });
}

std::vector<Certificate> Registry::issued_by(const Fingerprint& issuer, Seconds since) const {
    return guarded([&] {
        std::vector<Certificate> result;
        Query rows(store_->prepared("SELECT " CERTIFICATE_COLUMNS
                                    " FROM certificates WHERE issuer = ? AND issued_at >= ? ORDER BY id"));
        rows.bind(std::span<const std::uint8_t>(issuer), since);
        while (rows.step()) result.push_back(certificate_at(rows, 0));
        return result;
    });
}

std::vector<Event> Registry::events_of(std::string_view name, std::size_t last) const {
    return guarded([&] {
        std::vector<Event> result;
        Query rows(
            store_->prepared("SELECT seq, time, kind, name, fingerprint, detail FROM events"
                             " WHERE name = ? ORDER BY seq DESC LIMIT ?"));
        rows.bind(name, static_cast<std::int64_t>(last));
        while (rows.step()) result.push_back(event_at(rows));
        std::reverse(result.begin(), result.end());
        return result;
    });
}

// The certificate that counts: active before pending before the rest, and of those the newest. The callback
// may use the registry, so each of these walks has a statement of its own.
void Registry::list(const Filter& filter, const std::function<void(const Summary&)>& row) const {
    constexpr int kFirst = 8;  // column of the certificate
    guarded([&] {
        SQLite::Statement statement(
            store_->database(),
            "SELECT d.name, d.role, d.created, d.chip_id, d.note, d.forked_at, r.seen, c.id,"
            "  c.fingerprint, c.name, c.role, c.serial, c.not_before, c.not_after, c.state, c.issued_at,"
            "  c.spki_sha256, c.issuer, c.origin, CASE WHEN ?6 THEN c.der END"
            " FROM devices d LEFT JOIN reports r ON r.name = d.name LEFT JOIN certificates c ON c.id ="
            "  (SELECT id FROM certificates WHERE name = d.name AND role = d.role"
            "   ORDER BY CASE state WHEN 2 THEN 0 WHEN 1 THEN 1 ELSE 2 END, id DESC LIMIT 1)"
            " WHERE (?1 = 0 OR d.role = ?1) AND (?2 = 0 OR c.state = ?2) AND (?3 IS 0 OR c.not_after < ?4)"
            "  AND (?5 = '' OR lower(d.name) GLOB lower(?5))"
            " ORDER BY d.name");
        Query rows(statement);
        rows.bind(static_cast<std::int64_t>(filter.role.value_or(Role{})),
                  static_cast<std::int64_t>(filter.state.value_or(CertificateState{})),
                  std::int64_t{filter.expires_before.has_value()}, filter.expires_before.value_or(Seconds{}),
                  filter.name_glob, std::int64_t{filter.with_der});
        while (rows.step()) {
            Summary summary{device_at(rows, 0), std::nullopt, std::nullopt};
            if (!rows.is_null(6)) summary.seen = rows.time(6);
            if (!rows.is_null(7)) summary.certificate = certificate_at(rows, kFirst);
            if (!rows.is_null(kFirst + kCertificateColumns)) {
                const auto der = rows.blob(kFirst + kCertificateColumns);
                summary.certificate->der.assign(der.begin(), der.end());
            }
            row(summary);
        }
    });
}

std::size_t Registry::device_count() const {
    return guarded([&] {
        Query row(store_->prepared("SELECT count(*) FROM devices"));
        row.step();
        return static_cast<std::size_t>(row.integer(0));
    });
}

std::int64_t Registry::last_event() const {
    return guarded([&] {
        Query row(store_->prepared("SELECT coalesce(max(seq), 0) FROM events"));
        row.step();
        return row.integer(0);
    });
}

void Registry::standings(const std::function<void(const Standing&)>& row) const {
    guarded([&] {
        SQLite::Statement statement(
            store_->database(),
            "SELECT fingerprint, not_after, role, state, origin FROM certificates WHERE role <> ?");
        Query rows(statement);
        rows.bind(Role::broker);
        while (rows.step()) row(standing_at(rows));
    });
}

void Registry::standings_since(std::int64_t event_seq,
                               const std::function<void(const Standing&)>& row) const {
    guarded([&] {
        SQLite::Statement statement(
            store_->database(),
            "SELECT fingerprint, not_after, role, state, origin FROM certificates WHERE role <> ? AND "
            "fingerprint IN"
            " (SELECT fingerprint FROM events WHERE seq > ? AND fingerprint IS NOT NULL)");
        Query rows(statement);
        rows.bind(Role::broker, event_seq);
        while (rows.step()) row(standing_at(rows));
    });
}

// The last event of its kind is the one that holds: one may be held, reinstated, and held again.
void Registry::revocations(const std::function<void(const Revocation&)>& row) const {
    guarded([&] {
        SQLite::Statement statement(
            store_->database(),
            "SELECT c.serial, c.issuer, c.not_after, c.state, e.time, e.detail FROM certificates c"
            " JOIN events e ON e.seq = (SELECT max(seq) FROM events WHERE name = c.name"
            "  AND fingerprint = c.fingerprint AND kind = CASE c.state WHEN 4 THEN 'held' ELSE 'revoked' END)"
            " WHERE c.state IN (4, 5) AND c.role <> ?");
        Query rows(statement);
        rows.bind(Role::broker);
        while (rows.step()) {
            row({rows.text(0), rows.fingerprint(1), rows.time(2), rows.state(3), rows.time(4), rows.text(5)});
        }
    });
}

bool Registry::condemned_since(std::int64_t event_seq) const {
    return guarded([&] {
        Query row(
            store_->prepared("SELECT EXISTS (SELECT 1 FROM events WHERE seq > ?"
                             " AND kind IN ('revoked', 'held', 'reinstated'))"));
        row.bind(event_seq);
        row.step();
        return row.integer(0) != 0;
    });
}

std::optional<Publication> Registry::publication() const {
    return guarded([&]() -> std::optional<Publication> {
        Query row(store_->prepared("SELECT event_seq, generation, size FROM publication"));
        if (!row.step()) return std::nullopt;
        return Publication{row.integer(0), static_cast<std::uint64_t>(row.integer(1)),
                           static_cast<std::uint64_t>(row.integer(2))};
    });
}

Registry::Chain Registry::verify_chain() const {
    return guarded([&] {
        Chain chain;
        SQLite::Statement statement(
            store_->database(),
            "SELECT seq, time, kind, name, fingerprint, detail, prev_hash, hash FROM events ORDER BY seq");
        Query rows(statement);
        while (rows.step()) {
            const Event event = event_at(rows);
            const Fingerprint hash = event_hash(chain.head, event);
            if (event.seq != chain.length + 1 || rows.fingerprint(6) != chain.head ||
                rows.fingerprint(7) != hash) {
                throw Error(Code::RegistryBroken,
                            fmt::format("Event {} is not what was written.", event.seq));
            }
            chain.length = event.seq;
            chain.head = hash;
        }
        return chain;
    });
}

}  // namespace countersign::registry
