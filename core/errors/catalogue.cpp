#include "core/errors/catalogue.h"

#include <algorithm>
#include <array>

namespace countersign {
namespace {

constexpr std::array kEntries{
#define ENTRY(id, code, what, cure) CatalogueEntry{Code::id, code, what, cure},
#include "core/errors/catalogue.def"
#undef ENTRY
};

}  // namespace

const CatalogueEntry& catalogue_entry(Code id) noexcept {
    return kEntries[static_cast<std::size_t>(id)];
}

const CatalogueEntry* find_catalogue_entry(std::string_view code) noexcept {
    const auto* found = std::find_if(kEntries.begin(), kEntries.end(),
                                     [code](const CatalogueEntry& entry) { return entry.code == code; });
    return found == kEntries.end() ? nullptr : found;
}

std::span<const CatalogueEntry> catalogue() noexcept {
    return kEntries;
}

}  // namespace countersign
