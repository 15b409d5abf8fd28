#include "host/cli/root_key.h"

#include <fmt/format.h>

#include <optional>

#include "host/base/error.h"
#include "host/base/locked.h"
#include "host/cli/options.h"
#include "host/lifecycle/rollover.h"

namespace countersign::cli {
namespace {

// nullopt: it does not open the key.
std::optional<RootKey> try_passphrase(const lifecycle::Home& home, const std::string& file,
                                      const Secret& passphrase) {
    try {
        return RootKey{lifecycle::load_root_key(home, file, passphrase), locked(Secret(passphrase.text()))};
    } catch (const Error& error) {
        if (error.id() != Code::PassphraseWrong) throw;
        return std::nullopt;
    }
}

}  // namespace

Secret proven_passphrase(const Context& context, const lifecycle::Home& home) {
    const auto settings = lifecycle::load_settings(home);
    if (!std::filesystem::exists(home.issuing_key()))
        return settings.encrypted ? context.passphrase(true) : Secret{};
    Secret passphrase = authority_passphrase(context, settings);
    (void)lifecycle::present_issuing_key(home, passphrase);
    return passphrase;
}

RootKey open_root_key(const Context& context, const lifecycle::Home& home, const std::string& file,
                      const Secret& known) {
    if (!lifecycle::root_key_is_encrypted(home, file)) return {lifecycle::load_root_key(home, file, {}), {}};
    if (!context.root_passphrase_is_given()) {
        const bool given = known.empty() && context.passphrase_is_given();
        const Secret likely = given ? context.passphrase(false) : locked(Secret(known.text()));
        if (!likely.empty()) {
            if (auto opened = try_passphrase(home, file, likely)) return std::move(*opened);
        }
    }
    const std::filesystem::path key = file.empty() ? home.root_key() : std::filesystem::path(file);
    if (auto opened = try_passphrase(home, file, context.root_passphrase(key))) return std::move(*opened);
    throw Error(Code::PassphraseWrong, fmt::format("The passphrase does not open {}.", key.string()),
                "--root-passphrase-file FILE, or COUNTERSIGN_ROOT_PASSPHRASE: the one it was exported with");
}

}  // namespace countersign::cli
