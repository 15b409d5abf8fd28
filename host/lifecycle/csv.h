// The list of devices for bulk issue: a header line, then one device a line. Quotes as in RFC 4180.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::lifecycle {

struct CsvDevice {
    std::size_t line;                  // 1-based, as an editor shows it
    std::string name;                  // not yet checked
    std::string key_type;              // empty: the home's default
    std::optional<std::int64_t> days;  // none: the home's default
    std::string problem;               // not empty: why this line cannot be used
};

inline constexpr std::size_t kMaxCsvBytes = std::size_t{256} << 20;  // some ten million devices
inline constexpr std::size_t kMaxCsvLine = 1024;

// Columns in any order: name (required), key, days. A bad line is returned with its problem and stops
// nothing; a bad header throws Error{CsvInvalid}. Blank lines are skipped; CRLF, a byte order mark and blanks
// around fields are taken.
[[nodiscard]] std::vector<CsvDevice> parse_device_csv(std::string_view text);

}  // namespace countersign::lifecycle
