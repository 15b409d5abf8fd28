// The tables, and how an older file becomes a newer one.
#pragma once

#include <SQLiteCpp/Database.h>

namespace countersign::registry {

// Brings the schema up to date; each step is a transaction, so a killed one is simply done again.
// Throws Error{RegistryNewer} for a file of a newer Countersign, Error{RegistryBroken} for somebody else's
// file.
void migrate(SQLite::Database& database);

}  // namespace countersign::registry
