#include "host/base/error.h"

#include <fmt/format.h>

namespace countersign {
namespace {

std::string_view or_else(std::string_view text, std::string_view fallback) {
    return text.empty() ? fallback : text;
}

}  // namespace

Error::Error(Code code, std::string_view detail, std::string_view cure)
    : std::runtime_error(fmt::format("{}: {} Cure: {}", catalogue_entry(code).code,
                                     or_else(detail, catalogue_entry(code).what),
                                     or_else(cure, catalogue_entry(code).cure))),
      code_(code),
      detail_(or_else(detail, catalogue_entry(code).what)),
      cure_(or_else(cure, catalogue_entry(code).cure)) {}

}  // namespace countersign
