// The one catalogue of everything that can go wrong, shared by the CLI, the docs, the tests and, by code, the
// device package. A code is stable for ever: scripts and support threads name it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace countersign {

// One enumerator per ENTRY in catalogue.def, in its order.
enum class Code : std::uint16_t {
#define ENTRY(id, code, what, cure) id,
#include "core/errors/catalogue.def"
#undef ENTRY
};

struct CatalogueEntry {
    Code id;
    std::string_view code;  // "E-NAME-TAKEN"
    std::string_view what;  // one sentence: what happened, in general
    std::string_view cure;  // the command or act that cures it; CAPITALS stand for the reader's own values
};

[[nodiscard]] const CatalogueEntry& catalogue_entry(Code id) noexcept;

// nullptr when no entry has this code.
[[nodiscard]] const CatalogueEntry* find_catalogue_entry(std::string_view code) noexcept;

[[nodiscard]] std::span<const CatalogueEntry> catalogue() noexcept;

}  // namespace countersign
