// What renewal needs to remember.
#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/registry/registry.h"
#include "host/registry/store.h"

namespace countersign::registry {
namespace {

using Blob = std::span<const std::uint8_t>;

constexpr std::size_t kMaxWaiting = 8;  // keys of one name
constexpr std::chrono::seconds kForkSaidAgainAfter = std::chrono::days(1);

// The row of reports for this device, made when there is none.
std::string report_row(Store& store, std::string_view name) {
    std::string spelling = known_name(store, name);
    Query(store.prepared("INSERT OR IGNORE INTO reports (name) VALUES (?)")).bind(spelling).run();
    return spelling;
}

// name, key, request, since, approved
Waiting waiting_at(Query& row) {
    const auto request = row.blob(2);
    return {
        row.text(0), row.fingerprint(1), {request.begin(), request.end()}, row.time(3), row.integer(4) != 0};
}

std::vector<Waiting> waiting_rows(Store& store, std::string_view name) {
    std::vector<Waiting> result;
    Query rows(
        store.prepared("SELECT name, key, request, since, approved FROM waiting_keys WHERE name = ?"
                       " ORDER BY id"));
    rows.bind(name);
    while (rows.step()) result.push_back(waiting_at(rows));
    return result;
}

// Whether a certificate with which the device may connect is for this key.
bool has_certificate(Store& store, std::string_view name, const Fingerprint& key) {
    Query row(
        store.prepared("SELECT 1 FROM certificates WHERE name = ? AND spki_sha256 = ? AND role = ?"
                       " AND state IN (?, ?)"));
    row.bind(name, Blob(key), Role::device, CertificateState::pending, CertificateState::active);
    return row.step();
}

// As people are shown it.
std::string short_hex(const Fingerprint& key) {
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) text += fmt::format("{:02x}", key[i]);
    return text;
}

std::optional<Fingerprint> fingerprint_or_none(Query& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.fingerprint(column);
}

Fingerprint active_certificate(Store& store, std::string_view name) {
    Query row(
        store.prepared("SELECT fingerprint FROM certificates WHERE name = ? AND role = ? AND state = ?"
                       " ORDER BY id DESC LIMIT 1"));
    row.bind(name, Role::device, CertificateState::active);
    if (!row.step()) {
        throw Error(Code::CertState, fmt::format("No certificate of {} is active yet.", name));
    }
    return row.fingerprint(0);
}

// When its renewal was last asked for; the epoch when that was never written down.
Seconds asked_at(Store& store, std::string_view name, const Fingerprint& certificate) {
    Query row(
        store.prepared("SELECT time FROM events WHERE name = ? AND kind = 'asked' AND fingerprint = ?"
                       " ORDER BY seq DESC LIMIT 1"));
    row.bind(name, Blob(certificate));
    return row.step() ? row.time(0) : Seconds{};
}

}  // namespace

void Registry::set_last_request(const Fingerprint& signer, const LastRequest& request) {
    write(*store_, [&] {
        return Query(store_->prepared("INSERT INTO requests (signer, number, key) VALUES (?, ?, ?)"
                                      " ON CONFLICT (signer) DO UPDATE SET number = excluded.number,"
                                      " key = excluded.key"))
            .bind(Blob(signer), std::int64_t{request.number}, Blob(request.key))
            .run();
    });
}

std::optional<LastRequest> Registry::last_request(const Fingerprint& signer) const {
    return guarded([&]() -> std::optional<LastRequest> {
        Query row(store_->prepared("SELECT number, key FROM requests WHERE signer = ?"));
        row.bind(Blob(signer));
        if (!row.step()) return std::nullopt;
        return LastRequest{static_cast<std::uint32_t>(row.integer(0)), row.fingerprint(1)};
    });
}

void Registry::set_waiting(const Waiting& waiting) {
    write(*store_, [&] {
        const std::string name = known_name(*store_, waiting.name);
        const auto others = waiting_rows(*store_, name);
        if (std::any_of(others.begin(), others.end(),
                        [&](const Waiting& other) { return other.key == waiting.key; })) {
            return 0;
        }
        const bool full = others.size() >= kMaxWaiting;
        if (full) {
            Query(store_->prepared("DELETE FROM waiting_keys WHERE id = (SELECT max(id) FROM waiting_keys"
                                   " WHERE name = ? AND approved = 0)"))
                .bind(name)
                .run();
        }
        Query(store_->prepared("INSERT INTO waiting_keys (name, key, request, since) VALUES (?, ?, ?, ?)"))
            .bind(name, Blob(waiting.key), Blob(waiting.request), store_->now())
            .run();
        // Whoever sends key after key must not fill the disk.
        if (!full) {
            store_->append_event("waiting", name, std::nullopt,
                                 "the key " + short_hex(waiting.key) + " asks for a certificate");
        }
        return 1;
    });
}

void Registry::remove_waiting(std::string_view name) {
    write(*store_, [&] {
        return Query(store_->prepared("DELETE FROM waiting_keys WHERE name = ?")).bind(name).run();
    });
}

void Registry::approve(std::string_view name, const Fingerprint& key) {
    write(*store_, [&] {
        const std::string spelling = known_name(*store_, name);
        const int chosen =
            Query(store_->prepared("UPDATE waiting_keys SET approved = 1 WHERE name = ? AND key = ?"))
                .bind(spelling, Blob(key))
                .run();
        if (chosen == 0 && !has_certificate(*store_, spelling, key)) {
            throw Error(Code::NothingWaits, fmt::format("No request of {} waits for this key.", spelling));
        }
        Query(store_->prepared("DELETE FROM waiting_keys WHERE name = ? AND key <> ?"))
            .bind(spelling, Blob(key))
            .run();
        Query(store_->prepared("UPDATE devices SET forked_at = NULL WHERE name = ?")).bind(spelling).run();
        store_->append_event("approved", spelling, std::nullopt, "the key " + short_hex(key));
        return chosen;
    });
}

bool Registry::was_forked(std::string_view name) const {
    return guarded([&] {
        Query row(store_->prepared("SELECT was_forked FROM devices WHERE name = ?"));
        row.bind(name);
        return row.step() && row.integer(0) != 0;
    });
}

std::vector<Waiting> Registry::waiting_of(std::string_view name) const {
    return guarded([&] { return waiting_rows(*store_, name); });
}

std::vector<Waiting> Registry::waiting() const {
    return guarded([&] {
        std::vector<Waiting> result;
        Query rows(
            store_->prepared("SELECT name, key, request, since, approved FROM waiting_keys"
                             " ORDER BY name, id"));
        while (rows.step()) result.push_back(waiting_at(rows));
        return result;
    });
}

void Registry::set_report(std::string_view name, const Fingerprint& signer, const Fingerprint& state,
                          std::uint32_t anchors_version, std::uint32_t brokers_version) {
    write(*store_, [&] {
        const std::string spelling = report_row(*store_, name);
        return Query(store_->prepared("UPDATE reports SET seen = ?, signer = ?, state = ?,"
                                      " anchors_version = ?, brokers_version = ? WHERE name = ?"))
            .bind(store_->now(), Blob(signer), Blob(state), std::int64_t{anchors_version},
                  std::int64_t{brokers_version}, spelling)
            .run();
    });
}

void Registry::set_seen(std::string_view name) {
    write(*store_, [&] {
        const std::string spelling = report_row(*store_, name);
        return Query(store_->prepared("UPDATE reports SET seen = ? WHERE name = ?"))
            .bind(store_->now(), spelling)
            .run();
    });
}

Report Registry::report_of(std::string_view name) const {
    return guarded([&] {
        Report report;
        Query row(
            store_->prepared("SELECT seen, signer, state, anchors_version, brokers_version, renew"
                             " FROM reports WHERE name = ?"));
        row.bind(name);
        if (!row.step()) return report;
        if (!row.is_null(0)) report.seen = row.time(0);
        report.signer = fingerprint_or_none(row, 1);
        report.state = fingerprint_or_none(row, 2);
        report.anchors_version = static_cast<std::uint32_t>(row.integer(3));
        report.brokers_version = static_cast<std::uint32_t>(row.integer(4));
        report.renew = fingerprint_or_none(row, 5);
        return report;
    });
}

std::optional<Seconds> Registry::ask_renewal(std::string_view name) {
    return write(*store_, [&]() -> std::optional<Seconds> {
        const std::string spelling = report_row(*store_, name);
        const Fingerprint active = active_certificate(*store_, spelling);
        const int changed = Query(store_->prepared("UPDATE reports SET renew = ?1 WHERE name = ?2"
                                                   " AND renew IS NOT ?1"))
                                .bind(Blob(active), spelling)
                                .run();
        if (changed == 0) return asked_at(*store_, spelling, active);
        store_->append_event("asked", spelling, active, "to renew now");
        return std::nullopt;
    });
}

bool Registry::raise_fork(std::string_view name, const Fingerprint& signer, std::string_view detail) {
    return write(*store_, [&] {
        const std::string spelling = known_name(*store_, name);
        const int changed = Query(store_->prepared("UPDATE devices SET forked_at = ?1, was_forked = 1"
                                                   " WHERE name = ?2"
                                                   " AND (forked_at IS NULL OR forked_at <= ?3)"))
                                .bind(store_->now(), spelling, store_->now() - kForkSaidAgainAfter)
                                .run();
        if (changed != 0) store_->append_event("forked", spelling, signer, detail);
        return changed != 0;
    });
}

bool Registry::raise_alarm(std::string_view kind, std::string_view name,
                           const std::optional<Fingerprint>& certificate) {
    return write(*store_, [&] {
        const std::string spelling = known_name(*store_, name);
        Query said(store_->prepared("SELECT 1 FROM events WHERE name = ? AND kind = ? AND time > ? LIMIT 1"));
        said.bind(spelling, kind, store_->now() - kForkSaidAgainAfter);
        if (said.step()) return false;
        store_->append_event(kind, spelling, certificate, "");
        return true;
    });
}

std::vector<std::string> Registry::alarmed_since(std::string_view kind, Seconds since) const {
    return guarded([&] {
        std::vector<std::string> names;
        Query rows(
            store_->prepared("SELECT DISTINCT name FROM events WHERE kind = ? AND time >= ? ORDER BY name"));
        rows.bind(kind, since);
        while (rows.step()) names.push_back(rows.text(0));
        return names;
    });
}

std::optional<Certificate> Registry::find_by_key(const Fingerprint& spki_sha256) const {
    return guarded([&]() -> std::optional<Certificate> {
        Query row(store_->prepared("SELECT " CERTIFICATE_COLUMNS
                                   ", der FROM certificates WHERE spki_sha256 = ? ORDER BY id DESC LIMIT 1"));
        row.bind(Blob(spki_sha256));
        if (!row.step()) return std::nullopt;
        return whole_certificate(row);
    });
}

std::vector<Certificate> Registry::certificates_of_key(const Fingerprint& spki_sha256) const {
    return guarded([&] {
        std::vector<Certificate> result;
        Query rows(store_->prepared("SELECT " CERTIFICATE_COLUMNS
                                    " FROM certificates WHERE spki_sha256 = ? ORDER BY id"));
        rows.bind(Blob(spki_sha256));
        while (rows.step()) result.push_back(certificate_at(rows, 0));
        return result;
    });
}

std::size_t Registry::renewed_since(std::string_view name, Seconds since) const {
    return guarded([&] {
        Query row(
            store_->prepared("SELECT count(*) FROM certificates WHERE name = ? AND origin = ?"
                             " AND issued_at > ?"));
        row.bind(name, static_cast<std::int64_t>(Origin::renewal), since);
        row.step();
        return static_cast<std::size_t>(row.integer(0));
    });
}

std::optional<Seconds> Registry::last_certified() const {
    return guarded([&]() -> std::optional<Seconds> {
        Query row(
            store_->prepared("SELECT time FROM events WHERE kind IN ('clock', 'issued', 'enrolled')"
                             " ORDER BY seq DESC LIMIT 1"));
        if (!row.step()) return std::nullopt;
        return row.time(0);
    });
}

std::size_t Registry::events_after(Seconds time) const {
    return guarded([&] {
        Query row(store_->prepared("SELECT count(*) FROM events WHERE time > ?"));
        row.bind(time);
        row.step();
        return static_cast<std::size_t>(row.integer(0));
    });
}

std::vector<std::string> Registry::names_since(std::int64_t event_seq) const {
    return guarded([&] {
        std::vector<std::string> result;
        Query rows(
            store_->prepared("SELECT DISTINCT name FROM events WHERE seq > ? AND name <> '' ORDER BY name"));
        rows.bind(event_seq);
        while (rows.step()) result.push_back(rows.text(0));
        return result;
    });
}

}  // namespace countersign::registry
