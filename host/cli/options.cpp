#include "host/cli/options.h"

#include <fmt/format.h>

#include "host/base/error.h"

namespace countersign::cli {
namespace {

constexpr std::chrono::seconds kLockWait{60};

}  // namespace

pki::KeyType key_type_from(std::string_view text) {
    if (const auto type = pki::parse_key_type(text)) return *type;
    throw Error(Code::KeyTypeUnsupported, fmt::format("\"{}\" is no kind of key.", text),
                "--key p256, p384, rsa2048, rsa3072 or rsa4096");
}

lifecycle::Format format_from(std::string_view text) {
    if (text == "der") return lifecycle::Format::der;
    if (text == "pem") return lifecycle::Format::pem;
    if (text == "both") return lifecycle::Format::both;
    throw Error(Code::Usage, fmt::format("\"{}\" is no format.", text), "--format der, pem or both");
}

Secret authority_passphrase(const Context& context, const lifecycle::Settings& settings) {
    return settings.encrypted ? context.passphrase(false) : Secret{};
}

Secret authority_passphrase(const Context& context, lifecycle::OpenHome& home) {
    Secret passphrase;
    if (!home.settings().encrypted) return passphrase;
    home.while_unlocked([&] { passphrase = context.passphrase(false); }, kLockWait);
    return passphrase;
}

}  // namespace countersign::cli
