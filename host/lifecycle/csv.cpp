#include "host/lifecycle/csv.h"

#include <fmt/format.h>

#include <charconv>

#include "host/base/error.h"
#include "host/base/printable.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

// A quoted field's text; `rest` is left at the comma behind it. None: the quote is never closed or text
// follows it.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string field;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] != '"') {
            field += rest[i];
        } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
            field += rest[i++];  // RFC 4180: a doubled quote is one quote
        } else {
            rest.remove_prefix(i + 1);
            const std::size_t comma = rest.find(',');
            if (!trim(rest.substr(0, comma)).empty()) return std::nullopt;
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma);
            return field;
        }
    }
    return std::nullopt;
}

std::optional<std::vector<std::string>> split_fields(std::string_view line) {
    std::vector<std::string> fields;
    for (std::string_view rest = trim(line);;) {
        rest = trim(rest);
        if (rest.starts_with('"')) {
            auto field = take_quoted(rest);
            if (!field) return std::nullopt;
            fields.push_back(std::move(*field));
        } else {
            const std::size_t comma = rest.find(',');
            fields.emplace_back(trim(rest.substr(0, comma)));
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma);
        }
        if (rest.empty()) return fields;
        rest.remove_prefix(1);
    }
}

struct Columns {
    std::optional<std::size_t> name, key, days;
    std::size_t count = 0;
};

Columns parse_header(std::string_view line) {
    const auto fields = split_fields(line);
    if (!fields) throw Error(Code::CsvInvalid, "The first line has an unclosed quote.");
    Columns columns;
    columns.count = fields->size();
    for (std::size_t i = 0; i < fields->size(); ++i) {
        const std::string& title = (*fields)[i];
        auto& column = title == "name" ? columns.name : title == "key" ? columns.key : columns.days;
        if ((title != "name" && title != "key" && title != "days") || column) {
            throw Error(Code::CsvInvalid,
                        fmt::format("The first line names a column \"{:.40}\".", one_line(title)));
        }
        column = i;
    }
    if (!columns.name) throw Error(Code::CsvInvalid, "The first line names no column \"name\".");
    return columns;
}

void read_days(CsvDevice& device, const std::string& text) {
    if (text.empty()) return;
    std::int64_t days = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (error != std::errc{} || end != text.data() + text.size() || days < 1) {
        device.problem = fmt::format("days is \"{:.20}\", not a number of days", one_line(text));
    } else {
        device.days = days;
    }
}

CsvDevice parse_device(std::string_view line, std::size_t number, const Columns& columns) {
    CsvDevice device{number, {}, {}, {}, {}};
    if (line.size() > kMaxCsvLine) {
        device.problem = fmt::format("longer than {} bytes", kMaxCsvLine);
        return device;
    }
    const auto fields = split_fields(line);
    if (!fields) {
        device.problem = "a quote is not closed";
    } else if (fields->size() != columns.count) {
        device.problem = fmt::format("{} fields where the first line has {}", fields->size(), columns.count);
    } else {
        device.name = (*fields)[*columns.name];
        if (columns.key) device.key_type = (*fields)[*columns.key];
        if (columns.days) read_days(device, (*fields)[*columns.days]);
    }
    return device;
}

}  // namespace

std::vector<CsvDevice> parse_device_csv(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    const Columns columns = parse_header(take_line(text));
    std::vector<CsvDevice> devices;
    for (std::size_t number = 2; !text.empty(); ++number) {
        const std::string_view line = take_line(text);
        if (!trim(line).empty()) devices.push_back(parse_device(line, number, columns));
    }
    return devices;
}

}  // namespace countersign::lifecycle
