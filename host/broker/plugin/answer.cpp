#include "host/broker/plugin/answer.h"

#include <utility>

#include "core/identity/name.h"
#include "host/base/printable.h"
#include "host/broker/plugin/hex.h"

namespace countersign::broker::plugin {
namespace {

constexpr std::string_view kQuestion = "sessions ";
constexpr std::string_view kForget = "forget ";
// 64 of a name, the longest role in front, and room for what an operator's client id says behind.
constexpr std::size_t kMaxShown = 120;

}  // namespace

void Endings::add(Ending ending) {
    recent_.push_back(std::move(ending));
    if (recent_.size() > kKept) recent_.pop_front();
}

bool is_of(std::string_view client_id, std::string_view name) noexcept {
    const std::size_t role_end = client_id.find('~');
    if (role_end != std::string_view::npos) client_id.remove_prefix(role_end + 1);
    return client_id.substr(0, client_id.find('/')) == name;
}

std::optional<std::string> answer(std::string_view question, Position position, const Sessions& sessions,
                                  const Endings& endings) {
    if (!question.starts_with(kQuestion)) return std::nullopt;
    const std::string_view name = question.substr(kQuestion.size());
    if (!is_valid_name(name)) return std::nullopt;
    std::string text = std::string(question) + "\nread " + std::to_string(position.generation) + " " +
                       std::to_string(position.bytes) + "\n";
    for (const auto client : sessions.all()) {
        const Session& session = *sessions.find(client);
        if (!is_of(session.client_id, name)) continue;
        text += "live " + to_hex(session.fingerprint) + " " + shown(session.client_id) + "\n";
    }
    for (const auto& ending : endings.recent()) {
        if (!is_of(ending.session.client_id, name)) continue;
        text += "ended " + to_hex(ending.session.fingerprint) + " " + std::to_string(ending.at_ms) + " ";
        text += std::string(one_word(ending.reason)) + " " + shown(ending.session.client_id) + "\n";
    }
    return text;
}

std::optional<std::string> to_forget(std::string_view question, const Sessions& sessions) {
    if (!question.starts_with(kForget)) return std::nullopt;
    std::string name(question.substr(kForget.size()));
    if (!is_valid_name(name)) return std::nullopt;
    if (sessions.has(name) || sessions.has(std::string(username_prefix(Role::birth)) + name))
        return std::nullopt;
    return name;
}

std::string shown(std::string_view text) {
    return text.empty() ? "(none)" : one_line(text.substr(0, kMaxShown));
}

}  // namespace countersign::broker::plugin
