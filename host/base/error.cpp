#include "host/base/error.h"

#include <fmt/format.h>

#include "host/base/printable.h"

namespace countersign {
namespace {

std::string_view or_else(std::string_view text, std::string_view fallback) {
    return text.empty() ? fallback : text;
}

}  // namespace

// Particulars come from files, boards, brokers, libraries: they are made safe here, where each of them
// passes.
Error::Error(Code code, std::string_view detail, std::string_view cure)
    : Error(Safe{}, code, paragraph(or_else(detail, catalogue_entry(code).what)),
            paragraph(or_else(cure, catalogue_entry(code).cure))) {}

Error::Error(Safe, Code code, std::string detail, std::string cure)
    : std::runtime_error(fmt::format("{}: {} Cure: {}", catalogue_entry(code).code, detail, cure)),
      code_(code),
      detail_(std::move(detail)),
      cure_(std::move(cure)) {}

}  // namespace countersign
