// The list of devices for bulk issue: a header line, then one device a line, as spreadsheets and people write
// it. Quotes as in RFC 4180, but no line ends within them.
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

struct DeviceList {
    std::vector<CsvDevice> devices;
    std::vector<std::string> unused;  // titles of columns that mean nothing here
};

// Columns in any order and any case: name (required), key, days; others are named in `unused`. Fields are
// separated by the comma, semicolon or tab that the first line has, or that a line "sep=;" before it names. A
// bad line is returned with its problem and stops nothing; a bad header throws Error{CsvInvalid}. Empty lines
// and empty columns are skipped; see foreign_text() for line ends and byte order marks.
[[nodiscard]] DeviceList parse_device_csv(std::string_view bytes);

}  // namespace countersign::lifecycle
