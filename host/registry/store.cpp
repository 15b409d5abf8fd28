#include "host/registry/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/printable.h"
#include "host/registry/event_chain.h"
#include "host/registry/schema.h"

namespace countersign::registry {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr const char* kInMemory = ":memory:";

// SQLite opens by paths, and reads whatever is there. Looked at without opening it (O_PATH): to close any
// other descriptor of a file ends the locks that SQLite has on it in this process (fcntl(2), "Record locks").
// False when it is not there.
bool is_plain_file(const std::filesystem::path& path) {
    const Descriptor file = open_path(path, O_PATH | O_NOFOLLOW);
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return false;
    if (!S_ISREG(info.st_mode))
        throw Error(Code::RegistryBroken, fmt::format("{} is not a plain file.", path.string()));
    return true;
}

// SQLite would make it by the umask; its -wal and -shm take over this mode.
const std::filesystem::path& prepare_file(const std::filesystem::path& path, Store::Mode mode) {
    if (path == kInMemory) return path;
    if (mode == Store::Mode::open) {
        if (!is_plain_file(path))
            throw Error(Code::HomeMissing, fmt::format("{} does not exist.", path.string()));
        for (const char* end : {"-wal", "-shm", "-journal"}) (void)is_plain_file(path.string() + end);
        return path;
    }
    (void)open_file(path, O_RDWR | O_CREAT, Code::FileWrite, kPrivateFile);
    sync_folder(path.parent_path());
    return path;
}

[[noreturn]] void broken(std::string_view detail) {
    throw Error(Code::RegistryBroken, detail);
}

}  // namespace

std::span<const std::uint8_t> Query::blob(int column) {
    const auto value = statement_.getColumn(column);
    return {static_cast<const std::uint8_t*>(value.getBlob()), static_cast<std::size_t>(value.getBytes())};
}

Fingerprint Query::fingerprint(int column) {
    const auto bytes = blob(column);
    Fingerprint result{};
    if (bytes.size() != result.size()) broken("A hash in the registry is not 32 bytes long.");
    std::copy(bytes.begin(), bytes.end(), result.begin());
    return result;
}

Role Query::role(int column) {
    const auto role = static_cast<Role>(integer(column));
    if (to_string(role) == "unknown") broken("A role in the registry is not known.");
    return role;
}

CertificateState Query::state(int column) {
    const auto state = static_cast<CertificateState>(integer(column));
    if (to_string(state) == "unknown") broken("A state in the registry is not known.");
    return state;
}

Store::Store(const std::filesystem::path& path, const Clock& clock, Mode mode)
    : database_(prepare_file(path, mode).string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                kBusyTimeoutMs),
      clock_(clock) {
    // 64 MB of cache: the index by fingerprint is touched at random, and a million devices are 60 MB of it.
    database_.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536");
    migrate(database_);
}

SQLite::Statement& Store::prepared(const char* sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    return statements_.emplace(sql, SQLite::Statement(database_, sql)).first->second;
}

void Store::begin() {
    // IMMEDIATE: it waits for another writer here, where nothing has been read yet.
    Query(prepared(depth_ == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT part")).run();
    ++depth_;
}

void Store::commit() {
    Query(prepared(depth_ == 1 ? "COMMIT" : "RELEASE part")).run();
    if (--depth_ == 0) chain_end_.reset();
}

void Store::rollback() noexcept {
    // SQLite has undone it already after a full disk or an I/O error; then this is refused, which is fine.
    const char* undo = depth_ == 1 ? "ROLLBACK" : "ROLLBACK TO part; RELEASE part";
    sqlite3_exec(database_.getHandle(), undo, nullptr, nullptr, nullptr);
    --depth_;
    chain_end_.reset();
}

Store::ChainEnd Store::read_chain_end() {
    Query last(prepared("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"));
    return last.step() ? ChainEnd{last.integer(0), last.fingerprint(1)} : ChainEnd{};
}

void Store::append_event(std::string_view kind, std::string_view name,
                         const std::optional<Fingerprint>& fingerprint, std::string_view detail) {
    if (!chain_end_) chain_end_ = read_chain_end();
    const Event event{chain_end_->seq + 1, now(),       std::string(kind),
                      std::string(name),   fingerprint, one_line(detail)};
    const Fingerprint hash = event_hash(chain_end_->hash, event);
    Query(prepared("INSERT INTO events (seq, time, kind, name, fingerprint, detail, prev_hash, hash)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"))
        .bind(event.seq, event.time, event.kind, event.name, event.fingerprint, event.detail,
              std::span<const std::uint8_t>(chain_end_->hash), std::span<const std::uint8_t>(hash))
        .run();
    chain_end_ = ChainEnd{event.seq, hash};
}

std::string known_name(Store& store, std::string_view name) {
    Query row(store.prepared("SELECT name FROM devices WHERE name = ?"));
    row.bind(name);
    if (!row.step()) throw Error(Code::NameUnknown, fmt::format("No device is named {}.", name));
    return row.text(0);
}

Certificate certificate_at(Query& row, int first) {
    Certificate certificate;
    certificate.fingerprint = row.fingerprint(first);
    certificate.name = row.text(first + 1);
    certificate.role = row.role(first + 2);
    certificate.serial = row.text(first + 3);
    certificate.not_before = row.time(first + 4);
    certificate.not_after = row.time(first + 5);
    certificate.state = row.state(first + 6);
    certificate.issued_at = row.time(first + 7);
    certificate.spki_sha256 = row.fingerprint(first + 8);
    certificate.issuer = row.fingerprint(first + 9);
    // Whatever else stands there needs the stricter proof.
    certificate.origin = row.integer(first + 10) == 1 ? Origin::by_hand : Origin::renewal;
    return certificate;
}

Certificate whole_certificate(Query& row) {
    Certificate certificate = certificate_at(row, 0);
    const auto der = row.blob(kCertificateColumns);
    certificate.der.assign(der.begin(), der.end());
    return certificate;
}

void rethrow(const SQLite::Exception& failure) {
    const std::string detail = fmt::format("SQLite: {}.", failure.what());
    switch (failure.getErrorCode()) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED: throw Error(Code::RegistryBusy, detail);
        case SQLITE_PERM:
        case SQLITE_READONLY:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_FULL: throw Error(Code::FileWrite, detail);
        default: throw Error(Code::RegistryBroken, detail);
    }
}

}  // namespace countersign::registry
