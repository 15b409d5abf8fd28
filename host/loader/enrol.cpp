#include "host/loader/enrol.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/base/error.h"
#include "host/loader/board_scripts.h"

namespace countersign::loader {
namespace {

// docs/protocol.md: a PKCS#10 has at most 1024 bytes; unique_id() is 6 to 8 bytes on every chip we know.
constexpr std::size_t kMaxRequest = 1024;
constexpr std::size_t kMaxChipId = 32;
constexpr std::size_t kSeedBytes = 32;
constexpr std::string_view kFolder = "/slots/enrol";

std::optional<Bytes> from_hex(std::string_view text, std::size_t limit) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (text.size() % 2 != 0 || text.size() / 2 > limit) return std::nullopt;
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

// What follows `mark` on the line that begins with it.
std::string_view line_after(std::string_view output, std::string_view mark) {
    for (std::size_t begin = 0; begin < output.size();) {
        const std::size_t end = std::min(output.find('\n', begin), output.size());
        const std::string_view line = output.substr(begin, end - begin);
        if (line.starts_with(mark)) return line.substr(mark.size());
        begin = end + 1;
    }
    throw Error(Code::BoardFailed,
                fmt::format("The board did not say {}when it was asked to make its keys.", mark));
}

Bytes bytes_after(std::string_view output, std::string_view mark, std::size_t limit) {
    auto bytes = from_hex(line_after(output, mark), limit);
    if (!bytes)
        throw Error(Code::BoardFailed, fmt::format("What the board says after {}makes no sense.", mark));
    return std::move(*bytes);
}

// Mixed into the board's own randomness, so that a poor generator there does no harm. Hex.
Secret seed() {
    std::array<std::uint8_t, kSeedBytes> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw Error(Code::Internal, "the kernel gives no randomness");
    }
    std::array<char, kSeedBytes * 2> hex{};
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        hex[2 * i] = kDigits[bytes[i] >> 4U];
        hex[2 * i + 1] = kDigits[bytes[i] & 15U];
    }
    Secret result{std::string_view(hex.data(), hex.size())};
    explicit_bzero(bytes.data(), bytes.size());
    explicit_bzero(hex.data(), hex.size());
    return result;
}

std::string brokers_json(const Trust& trust) {
    nlohmann::ordered_json brokers = nlohmann::ordered_json::array();
    for (const auto& broker : trust.brokers)
        brokers.push_back({{"host", broker.host}, {"port", broker.port}});
    return nlohmann::ordered_json{{"version", 1},
                                  {"brokers", std::move(brokers)},
                                  {"brokers_version", trust.brokers_version},
                                  {"anchors_version", trust.anchors_version}}
        .dump();
}

std::vector<Secret> answer_scripts(const EnrolmentAnswer& answer, const Trust& trust) {
    const std::string folder = std::string(kFolder) + "/";
    std::vector<Secret> scripts;
    scripts.push_back(script_prelude());
    scripts.push_back(script_clear_slot(kFolder));  // anchors of an interrupted load must not stay
    append(scripts, scripts_put(folder + "working.der", answer.working));
    append(scripts, scripts_put(folder + "birth.der", answer.birth));
    for (std::size_t i = 0; i < trust.anchors.size(); ++i)
        append(scripts, scripts_put(fmt::format("{}anchor{}.der", folder, i), trust.anchors[i]));
    append(scripts, scripts_put(folder + "brokers.json", as_bytes(brokers_json(trust))));
    scripts.push_back(script_accept(kFolder));
    return scripts;
}

}  // namespace

EnrolmentRequest parse_enrolment(std::string_view output) {
    const auto chip = line_after(output, kChipLine);
    if (!from_hex(chip, kMaxChipId)) {
        throw Error(Code::BoardFailed, "The board's unique id makes no sense.");
    }
    return {std::string(chip), bytes_after(output, kWorkingRequestLine, kMaxRequest),
            bytes_after(output, kBirthRequestLine, kMaxRequest)};
}

char enrol(const Conversation& talk, const std::string& name, const Trust& trust, Registrar& registrar) {
    talk.say("Making two keys on the board; they never leave it (a few seconds)");
    std::vector<Secret> asking;
    asking.push_back(script_request(name, seed()));
    const auto request = parse_enrolment(talk.run(asking));
    talk.say(fmt::format("Signing the board's requests: a working and a birth certificate for {}", name));
    const auto answer = registrar.certify(request);
    talk.say("Bringing the certificates; the board tries them with its own TLS");
    const std::string output = talk.run(answer_scripts(answer, trust));
    const auto slot = line_after(output, kEnrolledLine);
    if (slot != "a" && slot != "b")
        throw Error(Code::BoardFailed, "The board does not say which slot it uses.");
    registrar.enrolled();
    return slot.front();
}

}  // namespace countersign::loader
