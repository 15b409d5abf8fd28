#include "host/registry/schema.h"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <array>

#include "host/base/error.h"

namespace countersign::registry {
namespace {

constexpr int kApplicationId = 0x43535247;  // "CSRG" in SQLite's header: this file is a Countersign registry

// Step n brings version n to n + 1. Never change one that has been released; add the next.
constexpr std::array kSteps{
    R"sql(
CREATE TABLE devices (
    name    TEXT PRIMARY KEY COLLATE NOCASE NOT NULL,
    role    INTEGER NOT NULL,
    created INTEGER NOT NULL,
    chip_id TEXT NOT NULL DEFAULT '',
    note    TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- id is the order of issuing: two certificates may be of the same second. The DER comes last, so that reading a
-- row without it touches no further page.
CREATE TABLE certificates (
    id          INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL COLLATE NOCASE REFERENCES devices (name),
    role        INTEGER NOT NULL,
    serial      TEXT NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    state       INTEGER NOT NULL,
    held_from   INTEGER NOT NULL DEFAULT 0,
    issued_at   INTEGER NOT NULL,
    spki_sha256 BLOB NOT NULL,
    issuer      BLOB NOT NULL,
    der         BLOB NOT NULL
) STRICT;
CREATE INDEX certificates_by_name ON certificates (name);
CREATE TRIGGER certificates_stay BEFORE DELETE ON certificates
BEGIN SELECT RAISE(ABORT, 'certificates are never deleted'); END;

CREATE TABLE events (
    seq         INTEGER PRIMARY KEY,
    time        INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL COLLATE NOCASE,
    fingerprint BLOB,
    detail      TEXT NOT NULL,
    prev_hash   BLOB NOT NULL,
    hash        BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_name ON events (name);
-- The chain shows a change; these prevent the innocent ones. The third also stops INSERT OR REPLACE.
CREATE TRIGGER events_unchanged BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_in_order BEFORE INSERT ON events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TABLE publication (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    event_seq  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    size       INTEGER NOT NULL
) STRICT;
)sql",
    R"sql(
ALTER TABLE certificates ADD COLUMN origin INTEGER NOT NULL DEFAULT 1;
CREATE INDEX certificates_by_key ON certificates (spki_sha256);
ALTER TABLE devices ADD COLUMN forked_at INTEGER;

-- The highest request number seen under each signer, and the key it was for.
CREATE TABLE requests (
    signer BLOB PRIMARY KEY NOT NULL REFERENCES certificates (fingerprint),
    number INTEGER NOT NULL,
    key    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests that need a person's nod, as they came.
CREATE TABLE waiting (
    name     TEXT PRIMARY KEY COLLATE NOCASE NOT NULL REFERENCES devices (name),
    key      BLOB NOT NULL,
    request  BLOB NOT NULL,
    since    INTEGER NOT NULL,
    approved INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What each device has last said of itself, and whether it was asked to renew.
CREATE TABLE reports (
    name            TEXT PRIMARY KEY COLLATE NOCASE NOT NULL REFERENCES devices (name),
    seen            INTEGER,
    signer          BLOB,
    state           BLOB,
    anchors_version INTEGER NOT NULL DEFAULT 0,
    brokers_version INTEGER NOT NULL DEFAULT 0,
    renew           BLOB
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
-- The few that are out (held, revoked) among the many that are not: what a revocation list is made from.
CREATE INDEX certificates_out ON certificates (state) WHERE state IN (4, 5);
)sql",
    R"sql(
-- Of an identity that two devices use several keys wait. Whoever was once copied stays under suspicion.
CREATE TABLE waiting_keys (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL COLLATE NOCASE REFERENCES devices (name),
    key      BLOB NOT NULL,
    request  BLOB NOT NULL,
    since    INTEGER NOT NULL,
    approved INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, key)
) STRICT;
INSERT INTO waiting_keys (name, key, request, since, approved)
    SELECT name, key, request, since, approved FROM waiting;
DROP TABLE waiting;
ALTER TABLE devices ADD COLUMN was_forked INTEGER NOT NULL DEFAULT 0;
UPDATE devices SET was_forked = 1 WHERE forked_at IS NOT NULL;
)sql"};

int pragma(SQLite::Database& database, const char* name) {
    return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

void check_ours(SQLite::Database& database) {
    const int application = pragma(database, "application_id");
    const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
    if (application == kApplicationId || (application == 0 && empty)) return;
    throw Error(Code::RegistryBroken, fmt::format("{} is no Countersign registry.", database.getFilename()));
}

}  // namespace

void migrate(SQLite::Database& database) {
    check_ours(database);
    const auto newest = static_cast<int>(kSteps.size());
    int version = pragma(database, "user_version");
    while (version < newest) {
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        version = pragma(database, "user_version");  // another process may have been first
        if (version >= newest) break;
        database.exec(kSteps[static_cast<std::size_t>(version)]);
        ++version;
        database.exec(
            fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", version, kApplicationId));
        transaction.commit();
    }
    if (version > newest) {
        throw Error(Code::RegistryNewer, fmt::format("{} has schema version {}; this countersign knows {}.",
                                                     database.getFilename(), version, newest));
    }
}

}  // namespace countersign::registry
