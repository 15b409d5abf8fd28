#include "host/lifecycle/passphrase.h"

#include "host/base/files.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/change_set.h"
#include "host/pki/key.h"

namespace countersign::lifecycle {

PassphraseChange change_passphrase(OpenHome& home, const Secret& old, const Secret& fresh) {
    const Home& place = home.home();
    ChangeSet change(place);
    const auto put = [&](const std::filesystem::path& file) {
        const auto key = pki::PrivateKey::from_pem(read_secret(file).text(), old);
        change.put(file, key_pem(key, fresh).text(), kPrivateFile);
    };
    put(place.issuing_key());
    const bool root = std::filesystem::exists(place.root_key());
    if (root) put(place.root_key());
    Settings settings = home.settings();
    settings.encrypted = true;
    change.put(place.settings(), settings_text(settings), kPublicFile);
    change.commit();
    home.registry().record("passphrase", "", std::nullopt, "changed");
    return {root};
}

}  // namespace countersign::lifecycle
