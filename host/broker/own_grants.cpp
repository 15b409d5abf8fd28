#include "host/broker/own_grants.h"

#include <algorithm>

namespace countersign::broker {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlanks)));
    const auto last = text.find_last_not_of(kBlanks);
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The first word; `text` is what follows it.
std::string_view word_of(std::string_view& text) {
    text = trimmed(text);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text = trimmed(text.substr(word.size()));
    return word;
}

std::string filled_in(std::string_view pattern, std::string_view username) {
    std::string filter;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const std::string_view two = pattern.substr(i, 2);
        if (two == "%u" || two == "%c") {
            filter += username;
            ++i;
        } else {
            filter += pattern[i];
        }
    }
    return filter;
}

}  // namespace

OwnGrants::OwnGrants(std::string_view text) {
    std::string user;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.empty() && line.front() != '#') add(line, user);
    }
}

void OwnGrants::add(std::string_view line, std::string& user) {
    const std::string_view keyword = word_of(line);
    if (keyword == "user") {
        user = line;
        return;
    }
    const bool pattern = keyword == "pattern";
    // Lines before the first user are those of clients without a name: we let none in.
    if (!pattern && (keyword != "topic" || user.empty())) return;
    std::string_view rest = line;
    const std::string_view access = word_of(rest);
    const bool named = !rest.empty() && (access == "read" || access == "write" || access == "readwrite");
    if (!rest.empty() && access == "deny") return;
    const std::string_view filter = named ? rest : line;
    if (filter.empty()) return;
    lines_.push_back({pattern ? std::string() : user, !named || access != "write", !named || access != "read",
                      std::string(filter)});
}

bool OwnGrants::allow(Access access, std::string_view username, std::string_view asked) const {
    return std::ranges::any_of(lines_, [&](const Line& line) {
        if (access == Access::read ? !line.read : !line.write) return false;
        if (line.user.empty()) return covers(filled_in(line.filter, username), asked, username);
        return line.user == username && covers(line.filter, asked, username);
    });
}

}  // namespace countersign::broker
