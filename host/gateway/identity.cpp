#include "countersign/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/gateway/convert.h"

namespace countersign {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKeySuffix = ".key.pem";

Fault missing(const fs::path& folder, std::string_view what) {
    return gateway::fault_of(
        Error(Code::IdentityMissing, fmt::format("{} in {}.", what, folder.string()),
              fmt::format("countersign issue NAME --format both --out {}", folder.string())),
        true);
}

// The folder holds one identity, and its files are named for it.
std::string name_in(const fs::path& folder) {
    std::error_code unreadable;
    std::string name;
    for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
        const std::string file = entry.path().filename();
        if (!file.ends_with(kKeySuffix)) continue;
        if (!name.empty()) throw missing(folder, "There are several identities");
        name = file.substr(0, file.size() - kKeySuffix.size());
    }
    if (!is_valid_name(name)) throw missing(folder, "There is no key NAME.key.pem");
    return name;
}

Fault bad_host(const std::string& text) {
    return gateway::fault_of(Error(Code::HostInvalid, fmt::format("{:?} is no broker.", text)), true);
}

}  // namespace

Identity load_identity(const fs::path& folder, std::vector<Broker> brokers) {
    Identity identity;
    identity.name = name_in(folder);
    identity.certificate = folder / (identity.name + ".crt.pem");
    identity.key = folder / (identity.name + std::string(kKeySuffix));
    identity.anchors = folder / "ca.crt.pem";
    identity.brokers = std::move(brokers);
    for (const auto& file : {identity.certificate, identity.anchors}) {
        if (!fs::exists(file)) {
            throw missing(folder, fmt::format("There is no {}", file.filename().string()));
        }
    }
    return identity;
}

Broker parse_broker(const std::string& text) {
    Broker broker{text};
    const std::size_t colon = text.rfind(':');
    const bool bracketed = text.starts_with('[');
    const std::size_t end = bracketed ? text.find(']') : text.find(':') == colon ? colon : text.npos;
    if (bracketed && end == text.npos) throw bad_host(text);
    if (end != text.npos) broker.host = text.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0));
    const std::size_t rest = end == text.npos ? text.size() : end + (bracketed ? 1 : 0);
    if (rest != text.size()) {
        const char* first = text.data() + rest + 1;
        const char* last = text.data() + text.size();
        const auto [stop, error] = std::from_chars(first, last, broker.port);
        if (text[rest] != ':' || error != std::errc{} || stop != last || broker.port == 0)
            throw bad_host(text);
    }
    if (broker.host.empty()) throw bad_host(text);
    return broker;
}

}  // namespace countersign
