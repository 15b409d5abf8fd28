#include "host/loader/program.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "host/loader/board_scripts.h"
#include "host/loader/conversation.h"
#include "host/loader/digest.h"

namespace countersign::loader {
namespace {

constexpr std::string_view kFolder = "lib/countersign/";
constexpr std::string_view kStaged = ".new";  // beside its place, as board_scripts.cpp writes it

bool cut_off(std::string_view& text, std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
}

// A module in our folder, or one that a load was about to put there. A board may hold anything: only such
// names go back to it.
bool is_module_of_ours(std::string_view path) {
    if (!path.starts_with(kFolder)) return false;
    path.remove_prefix(kFolder.size());
    cut_off(path, kStaged);
    return (cut_off(path, ".mpy") || cut_off(path, ".py")) && !path.empty() &&
           std::all_of(path.begin(), path.end(),
                       [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

}  // namespace

Form form_for(const BoardFacts& facts, bool source) {
    return source || facts.bytecode != bytecode_version() ? Form::source : Form::compiled;
}

ProgramChange::ProgramChange(const BoardFacts& facts, Form form, bool replace_main) : facts_(facts) {
    decide_files(form, replace_main);
    decide_removals(form);
}

// Of a file on the board; empty when it is not there.
std::string ProgramChange::digest_of(const std::string& path) const {
    const auto found = facts_.sha256.find(path);
    return found == facts_.sha256.end() ? std::string() : found->second;
}

void ProgramChange::decide_files(Form form, bool replace_main) {
    for (const auto& file : device_files(form)) {
        const std::string path(file.path);
        const std::string there = digest_of(path);
        const std::string wanted = sha256_hex(file.content);
        if (there == wanted) continue;
        if (path == "main.py" && !there.empty() && !facts_.main_line.starts_with(kMainMarker) &&
            !replace_main) {
            keeps_main_ = true;
            continue;
        }
        files_.push_back({path, file.content, digest_of(path + std::string(kStaged)) == wanted});
    }
}

void ProgramChange::decide_removals(Form form) {
    std::set<std::string> stays;
    for (const auto& file : device_files(form)) stays.emplace(file.path);
    for (const auto& file : files_) stays.insert(file.path + std::string(kStaged));
    for (const auto& [path, digest] : facts_.sha256) {
        std::string_view base = path;
        const bool is_ours =
            is_module_of_ours(path) || (cut_off(base, kStaged) && stays.contains(std::string(base)));
        if (!digest.empty() && is_ours && !stays.contains(path)) removed_.push_back(path);
    }
}

std::vector<std::string> ProgramChange::written() const {
    std::vector<std::string> paths;
    paths.reserve(files_.size());
    for (const auto& file : files_) paths.push_back(file.path);
    return paths;
}

std::uint64_t ProgramChange::blocks_of(const File& file) const {
    return file.staged ? 0 : file.content.size() / facts_.block_size + 1;
}

std::uint64_t ProgramChange::together() const {
    std::uint64_t sum = 0;
    for (const auto& file : files_) sum += blocks_of(file);
    return sum;
}

std::uint64_t ProgramChange::one_by_one() const {
    std::uint64_t added = 0;
    std::uint64_t largest = 0;
    for (const auto& file : files_) {
        if (digest_of(file.path).empty()) added += blocks_of(file);
        largest = std::max(largest, blocks_of(file));
    }
    const std::uint64_t freed = freed_first();
    return (added > freed ? added - freed : 0) + largest;
}

// By what goes before anything comes. A file that no program of ours has is of an unknown size.
std::uint64_t ProgramChange::freed_first() const {
    std::map<std::string, std::size_t> sizes;  // by digest
    for (const Form form : {Form::source, Form::compiled}) {
        for (const auto& file : device_files(form)) sizes[sha256_hex(file.content)] = file.content.size();
    }
    std::uint64_t sum = 0;
    for (const auto& path : removed_) {
        const auto known = sizes.find(digest_of(path));
        sum += known == sizes.end() ? 1 : known->second / facts_.block_size + 1;
    }
    return sum;
}

std::uint64_t ProgramChange::blocks(std::uint64_t free) const {
    return together() <= free ? together() : std::min(together(), one_by_one());
}

std::vector<Secret> ProgramChange::scripts(std::uint64_t free) const {
    const bool at_once = together() <= free;
    std::vector<Secret> scripts;
    std::vector<std::string> arrived;
    std::vector<std::string> gone;
    gone.reserve(removed_.size());
    for (const auto& path : removed_) gone.push_back("/" + path);
    scripts.push_back(script_prelude());
    if (!at_once) scripts.push_back(script_exchange({}, std::exchange(gone, {})));
    for (const auto& file : files_) {
        if (!file.staged) append(scripts, scripts_stage("/" + file.path, as_bytes(file.content)));
        arrived.push_back("/" + file.path);
        if (!at_once) scripts.push_back(script_exchange(std::exchange(arrived, {}), {}));
    }
    scripts.push_back(script_exchange(arrived, gone));
    return scripts;
}

}  // namespace countersign::loader
