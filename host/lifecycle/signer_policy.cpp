#include "host/lifecycle/signer_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/beneath.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/broker/config.h"

namespace countersign::lifecycle {
namespace {

using Json = nlohmann::ordered_json;

// Every CA there has been, those at work among them.
std::vector<pki::Certificate> all_cas(const Home& home) {
    auto cas = pki::parse_certificates_pem(read_text(broker::Files(home.broker()).ca));
    for (const auto& file : {home.root_certificate(), home.issuing_certificate()})
        cas.push_back(pki::parse_certificate_pem(read_text(file)));
    return cas;
}

bool is_root(const pki::Certificate& ca) {
    return ca.info.name == ca.info.issuer;
}

void write(const Home& home, const SignerPolicy& policy) {
    Json roots = Json::array();
    for (const auto& root : policy.roots) roots.push_back(pki::to_hex(root));
    const Json json{{"days", policy.longest.count()},
                    {"renewals_per_day", policy.per_day},
                    {"birth_renewal", policy.birth_needs_nod ? "approve" : "allow"},
                    {"roots", roots}};
    write_file(home.signer_policy(), json.dump(2) + "\n", kPrivateFile);
}

Fingerprint parse_fingerprint(const std::string& hex) {
    Fingerprint bytes{};
    if (hex.size() != bytes.size() * 2 || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw Error(Code::AuthorityBroken, "authority/signer.json: a root is no SHA-256 in hex.");
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16));
    return bytes;
}

}  // namespace

SignerPolicy load_signer_policy(const Home& home) {
    try {
        const Json json = Json::parse(read_text(home.signer_policy()));
        SignerPolicy policy;
        policy.longest = std::chrono::days(json.at("days").get<std::int32_t>());
        policy.per_day = json.at("renewals_per_day").get<std::size_t>();
        policy.birth_needs_nod = json.at("birth_renewal").get<std::string>() != "allow";
        for (const auto& root : json.at("roots"))
            policy.roots.insert(parse_fingerprint(root.get<std::string>()));
        return policy;
    } catch (const Json::exception& error) {
        throw Error(Code::AuthorityBroken,
                    fmt::format("{}: {}.", home.signer_policy().string(), error.what()));
    }
}

void ensure_signer_policy(const OpenHome& home) {
    const Home& place = home.home();
    if (open_path(place.signer_policy(), O_PATH)) return;
    const Settings& settings = home.settings();
    SignerPolicy policy;
    policy.longest = std::max(std::chrono::days(settings.days),
                              std::chrono::ceil<std::chrono::days>(settings.renewed_lifetime()));
    policy.per_day = settings.renewals_per_day;
    policy.birth_needs_nod = settings.birth_renewal == "approve";
    for (const auto& ca : all_cas(place))
        if (is_root(ca)) policy.roots.insert(ca.info.fingerprint);
    write(place, policy);
}

void trust_root(const Home& home, const Fingerprint& root) {
    if (!open_path(home.signer_policy(), O_PATH)) return;  // the first signer takes all there are
    auto policy = load_signer_policy(home);
    if (policy.roots.insert(root).second) write(home, policy);
}

Ancestors load_ancestors(const Home& home, const SignerPolicy& policy) {
    Ancestors ancestors;
    for (auto& ca : all_cas(home)) {
        if (!is_root(ca)) {
            ancestors.issuing.push_back(std::move(ca));
        } else if (policy.roots.contains(ca.info.fingerprint)) {
            ancestors.roots.push_back(std::move(ca));
        }
    }
    return ancestors;
}

}  // namespace countersign::lifecycle
