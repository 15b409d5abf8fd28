#include "host/loader/board_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/loader/board_scripts.h"
#include "host/loader/digest.h"

namespace countersign::loader {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAnchors = 8;

std::string sealed(const std::string& text) {
    return fmt::format("{}{:08x}\n", text, crc32(text));
}

// The words between magic, version and checksum of a line as sealed() makes them; empty when it is not one.
std::vector<std::string> unsealed(std::string_view line, std::string_view magic) {
    const std::size_t last_space = line.rfind(' ');
    if (last_space == std::string_view::npos || sealed(std::string(line.substr(0, last_space + 1))) != line)
        return {};
    std::vector<std::string> words;
    std::size_t begin = 0;
    for (std::size_t end = line.find(' '); end <= last_space; begin = end + 1, end = line.find(' ', begin))
        words.emplace_back(line.substr(begin, end - begin));
    if (words.size() < 2 || words[0] != magic || words[1] != "1") return {};
    words.erase(words.begin(), words.begin() + 2);
    return words;
}

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Whether every file of the slot is the one its identity.json names.
bool is_whole(const json& slot) {
    const json identity = json::parse(slot.at("identity").get<std::string>(), nullptr, false);
    if (identity.is_discarded()) return false;
    try {
        const auto anchors = identity.at("anchors").get<std::size_t>();
        if (identity.at("version") != 1 || !is_valid_name(identity.at("name").get<std::string>()))
            return false;
        if (anchors < 1 || anchors > kMaxAnchors) return false;
        std::vector<std::string> files = {"key.der", "cert.der"};
        for (std::size_t i = 0; i < anchors; ++i) files.push_back(fmt::format("anchor{}.der", i));
        const json& there = slot.at("sha256");
        return std::all_of(files.begin(), files.end(), [&](const std::string& file) {
            return there.contains(file) && there.at(file) == identity.at("sha256").at(file);
        });
    } catch (const json::exception&) {
        return false;
    }
}

struct Pointer {
    int file;
    std::uint64_t sequence;
    std::string slot;
};

// The one that holds first.
std::vector<Pointer> valid_pointers(const json& lines) {
    std::vector<Pointer> found;
    for (int file = 0; file < 2; ++file) {
        const auto words =
            unsealed(lines.at(static_cast<std::size_t>(file)).get<std::string>(), "countersign-pointer");
        if (words.size() != 2 || (words[1] != "a" && words[1] != "b")) continue;
        if (const auto sequence = number(words[0])) found.push_back({file, *sequence, words[1]});
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Pointer& a, const Pointer& b) { return a.sequence > b.sequence; });
    return found;
}

// The same rules as device/countersign/slots.py.
void decide_slot(const json& facts, BoardFacts& out) {
    const auto pointers = valid_pointers(facts.at("pointers"));
    if (!pointers.empty()) {
        out.next_pointer = 1 - pointers.front().file;
        out.next_sequence = pointers.front().sequence + 1;
    }
    for (const auto& pointer : pointers) {
        if (!is_whole(facts.at("slots").at(pointer.slot))) continue;
        out.free_slot = pointer.slot == "a" ? 'b' : 'a';
        const json& slot = facts.at("slots").at(pointer.slot);
        out.active_name = json::parse(slot.at("identity").get<std::string>()).at("name").get<std::string>();
        out.active_certificate = slot.at("sha256").at("cert.der").get<std::string>();
        return;
    }
}

BoardMemory memory_of(const json& facts) {
    BoardMemory memory;
    if (facts.contains("heap")) memory.heap = facts.at("heap").get<std::uint64_t>();
    for (const auto& region : facts.value("idf", json::array())) {
        memory.idf = memory.idf.value_or(0) + region.at(0).get<std::uint64_t>();
        memory.idf_largest = std::max(memory.idf_largest.value_or(0), region.at(1).get<std::uint64_t>());
    }
    return memory;
}

BoardFacts from_json(const json& facts) {
    BoardFacts out;
    out.implementation = facts.at("name").get<std::string>();
    out.version = facts.at("version").get<std::array<int, 3>>();
    out.machine = facts.at("machine").get<std::string>();
    out.block_size = facts.at("block").get<std::uint64_t>();
    out.free_bytes = facts.at("free").get<std::uint64_t>();
    out.memory = memory_of(facts);
    out.bytecode = facts.value("mpy", 0);
    out.sha256 = facts.at("files").get<std::map<std::string, std::string>>();
    out.chip_id = facts.value("chip", "");
    out.main_line = facts.at("main").get<std::string>();
    decide_slot(facts, out);
    for (const auto& line : facts.at("floors")) {
        const auto words = unsealed(line.get<std::string>(), "countersign-floor");
        const auto seconds = words.size() == 1 ? number(words[0]) : std::nullopt;
        // A floor beyond the year 9999 is damage that happens to add up.
        if (seconds && *seconds < 253402300800) {
            out.floor =
                std::max(out.floor, Seconds(std::chrono::seconds(static_cast<std::int64_t>(*seconds))));
        }
    }
    return out;
}

}  // namespace

std::string BoardFacts::version_text() const {
    return fmt::format("{}.{}.{}", version[0], version[1], version[2]);
}

BoardFacts parse_facts(std::string_view output) {
    const std::string text = "\n" + std::string(output);
    const std::size_t line = text.find("\n" + std::string(kFactsLine));
    if (line == std::string::npos) throw Error(Code::BoardFailed, "The board does not describe itself.");
    const std::size_t begin = line + 1 + kFactsLine.size();
    const json facts = json::parse(text.substr(begin, text.find('\n', begin) - begin), nullptr, false);
    try {
        if (!facts.is_discarded()) return from_json(facts);
    } catch (const json::exception&) {  // said below
    }
    throw Error(Code::BoardFailed, "The board describes itself in a way that makes no sense.");
}

std::string pointer_line(std::uint64_t sequence, char slot) {
    return sealed(fmt::format("countersign-pointer 1 {} {} ", sequence, slot));
}

std::string floor_line(Seconds floor) {
    return sealed(fmt::format("countersign-floor 1 {} ", floor.time_since_epoch().count()));
}

}  // namespace countersign::loader
