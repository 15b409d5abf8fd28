// The open SQLite file: its settings, statements prepared once, the transaction under way, the end of the
// chain. Private to this folder.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/identity/role.h"
#include "host/base/clock.h"
#include "host/registry/records.h"

namespace countersign::registry {

// One use of a prepared statement: bound in order, stepped, read by column; free for the next use when it
// goes.
class Query {
  public:
    explicit Query(SQLite::Statement& statement) : statement_(statement) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query() { statement_.tryReset(); }

    template <class... Values>
    Query& bind(const Values&... values) {
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }
    bool step() { return statement_.executeStep(); }
    // For statements without rows. Returns how many rows changed.
    int run() { return statement_.exec(); }

    [[nodiscard]] std::int64_t integer(int column) { return statement_.getColumn(column).getInt64(); }
    [[nodiscard]] Seconds time(int column) { return Seconds(std::chrono::seconds(integer(column))); }
    [[nodiscard]] std::string text(int column) { return statement_.getColumn(column).getString(); }
    [[nodiscard]] bool is_null(int column) { return statement_.isColumnNull(column); }
    [[nodiscard]] std::span<const std::uint8_t> blob(int column);  // valid until the next step
    // Throws Error{RegistryBroken} when the value is not 32 bytes, not a role, not a state.
    [[nodiscard]] Fingerprint fingerprint(int column);
    [[nodiscard]] Role role(int column);
    [[nodiscard]] CertificateState state(int column);

  private:
    void bind_one(int index, std::int64_t value) { statement_.bind(index, value); }
    void bind_one(int index, Seconds value) {
        statement_.bind(index, static_cast<std::int64_t>(value.time_since_epoch().count()));
    }
    void bind_one(int index, Role value) { statement_.bind(index, static_cast<int>(value)); }
    void bind_one(int index, CertificateState value) { statement_.bind(index, static_cast<int>(value)); }
    void bind_one(int index, std::string_view value) { statement_.bind(index, std::string(value)); }
    void bind_one(int index, std::span<const std::uint8_t> value) {
        statement_.bind(index, value.data(), static_cast<int>(value.size()));
    }
    void bind_one(int index, const std::optional<Fingerprint>& value) {
        if (value) {
            bind_one(index, std::span<const std::uint8_t>(*value));
        } else {
            statement_.bind(index);
        }
    }

    SQLite::Statement& statement_;
};

class Store {
  public:
    enum class Mode { create, open };
    Store(const std::filesystem::path& path, const Clock& clock, Mode mode);
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // `sql` must be a literal: its address is the key. Not for a statement that may be under way already.
    [[nodiscard]] SQLite::Statement& prepared(const char* sql);
    [[nodiscard]] SQLite::Database& database() noexcept { return database_; }
    [[nodiscard]] Seconds now() const { return clock_.now(); }

    // One inside another is a part of it that can be undone alone.
    void begin();
    void commit();
    void rollback() noexcept;
    [[nodiscard]] bool in_transaction() const noexcept { return depth_ != 0; }

    // Inside a transaction only.
    void append_event(std::string_view kind, std::string_view name,
                      const std::optional<Fingerprint>& fingerprint, std::string_view detail);

  private:
    struct ChainEnd {
        std::int64_t seq = 0;
        Fingerprint hash{};
    };
    [[nodiscard]] ChainEnd read_chain_end();

    SQLite::Database database_;
    const Clock& clock_;
    std::unordered_map<const char*, SQLite::Statement> statements_;
    int depth_ = 0;                      // of transactions under way
    std::optional<ChainEnd> chain_end_;  // known only inside a transaction: others may write between two
};

// Runs `body` as a transaction of its own, or as part of the one under way.
template <class Body>
auto in_one_transaction(Store& store, Body body) {
    if (store.in_transaction()) return body();
    store.begin();
    try {
        auto result = body();
        store.commit();
        return result;
    } catch (...) {
        store.rollback();
        throw;
    }
}

// What SQLite says, as an Error of the catalogue.
[[noreturn]] void rethrow(const SQLite::Exception& failure);

template <class Body>
auto guarded(Body body) {
    try {
        return body();
    } catch (const SQLite::Exception& failure) {
        rethrow(failure);
    }
}

template <class Body>
auto write(Store& store, Body body) {
    return guarded([&] { return in_one_transaction(store, body); });
}

// The name in its own spelling. Throws Error{NameUnknown}.
[[nodiscard]] std::string known_name(Store& store, std::string_view name);

#define CERTIFICATE_COLUMNS \
    "fingerprint, name, role, serial, not_before, not_after, state, issued_at, spki_sha256, issuer, origin"
inline constexpr int kCertificateColumns = 11;

// From the columns above, beginning with `first`; without the DER.
[[nodiscard]] Certificate certificate_at(Query& row, int first);
// From the columns above and then the DER.
[[nodiscard]] Certificate whole_certificate(Query& row);

}  // namespace countersign::registry
