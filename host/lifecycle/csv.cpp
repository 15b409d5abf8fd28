#include "host/lifecycle/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "host/base/error.h"
#include "host/base/foreign_text.h"
#include "host/base/printable.h"

namespace countersign::lifecycle {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kSeparators = ",;\t";

// Blanks around a field mean nothing; a tab may be what separates.
std::string_view trim(std::string_view text, char separator) {
    const auto is_blank = [&](char c) { return c != separator && kBlanks.find(c) != std::string_view::npos; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

// A quoted field's text; `rest` is left at the separator behind it. None: the quote is never closed or text
// follows it.
std::optional<std::string> take_quoted(std::string_view& rest, char separator) {
    std::string field;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] != '"') {
            field += rest[i];
        } else if (i + 1 < rest.size() && rest[i + 1] == '"') {
            field += rest[i++];  // RFC 4180: a doubled quote is one quote
        } else {
            rest.remove_prefix(i + 1);
            const std::size_t end = rest.find(separator);
            if (!trim(rest.substr(0, end), separator).empty()) return std::nullopt;
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
            return field;
        }
    }
    return std::nullopt;
}

std::optional<std::vector<std::string>> split_fields(std::string_view line, char separator) {
    std::vector<std::string> fields;
    for (std::string_view rest = line;;) {
        rest = trim(rest, separator);
        if (rest.starts_with('"')) {
            auto field = take_quoted(rest, separator);
            if (!field) return std::nullopt;
            fields.push_back(std::move(*field));
        } else {
            const std::size_t end = rest.find(separator);
            fields.emplace_back(trim(rest.substr(0, end), separator));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
        }
        if (rest.empty()) return fields;
        rest.remove_prefix(1);
    }
}

// The first that stands outside of quotes; a comma where there is none.
char separator_in(std::string_view header) {
    bool quoted = false;
    for (const char c : header) {
        if (c == '"') quoted = !quoted;
        if (!quoted && kSeparators.find(c) != std::string_view::npos) return c;
    }
    return kSeparators.front();
}

struct Columns {
    char separator = kSeparators.front();
    std::size_t lines = 1;  // of the header
    std::optional<std::size_t> name, key, days;
    std::vector<std::string> unused;
    std::size_t count = 0;
};

// Excel's own: "sep=;" before everything else.
std::optional<char> take_separator(std::string_view& text) {
    std::string_view rest = text;
    const std::string_view line = take_line(rest);
    if (line.size() != 5 || !line.starts_with("sep=") || kSeparators.find(line[4]) == std::string_view::npos)
        return std::nullopt;
    text = rest;
    return line[4];
}

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

void place(Columns& columns, std::size_t at, const std::string& title) {
    const std::string meaning = lower(title);
    const bool known = meaning == "name" || meaning == "key" || meaning == "days";
    if (!known) {
        if (!title.empty()) columns.unused.push_back(title);
        return;
    }
    auto& column = meaning == "name" ? columns.name : meaning == "key" ? columns.key : columns.days;
    if (column)
        throw Error(Code::CsvInvalid, fmt::format("The first line names a column \"{}\" twice.", meaning));
    column = at;
}

Columns parse_header(std::string_view& text) {
    Columns columns;
    const auto told = take_separator(text);
    if (told) columns.lines = 2;
    const std::string_view line = take_line(text);
    columns.separator = told ? *told : separator_in(line);
    const auto fields = split_fields(line, columns.separator);
    if (!fields) throw Error(Code::CsvInvalid, "The first line has an unclosed quote.");
    columns.count = fields->size();
    for (std::size_t i = 0; i < fields->size(); ++i) place(columns, i, (*fields)[i]);
    if (!columns.name) {
        throw Error(Code::CsvInvalid,
                    fmt::format("The first line names no column \"name\", but \"{:.60}\".", one_line(line)));
    }
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
    const auto fields = split_fields(line, columns.separator);
    if (!fields) {
        device.problem = "a quote is not closed";
        return device;
    }
    const auto field = [&](std::optional<std::size_t> at) {
        return at && *at < fields->size() ? (*fields)[*at] : std::string();
    };
    const auto beyond = [&] {  // what spreadsheets leave behind the last column is empty
        return std::any_of(
            fields->begin() + static_cast<std::ptrdiff_t>(std::min(columns.count, fields->size())),
            fields->end(), [](const std::string& text) { return !text.empty(); });
    };
    if (beyond()) {
        device.problem = fmt::format("{} fields where the first line has {}", fields->size(), columns.count);
        return device;
    }
    device.name = field(columns.name);
    device.key_type = field(columns.key);
    read_days(device, field(columns.days));
    return device;
}

bool is_empty(std::string_view line, char separator) {
    return std::all_of(line.begin(), line.end(), [separator](char c) {
        return c == separator || c == '"' || kBlanks.find(c) != std::string_view::npos;
    });
}

}  // namespace

DeviceList parse_device_csv(std::string_view bytes) {
    const auto all = foreign_text(bytes);
    if (!all) throw Error(Code::CsvInvalid, "It begins as UTF-16 text and is not.");
    std::string_view text = *all;
    Columns columns = parse_header(text);
    DeviceList list;
    for (std::size_t number = columns.lines + 1; !text.empty(); ++number) {
        const std::string_view line = take_line(text);
        if (!is_empty(line, columns.separator)) list.devices.push_back(parse_device(line, number, columns));
    }
    list.unused = std::move(columns.unused);
    return list;
}

}  // namespace countersign::lifecycle
