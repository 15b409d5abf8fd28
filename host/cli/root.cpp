// `countersign root export|remove`: the root key goes offline.
#include <fmt/format.h>

#include <memory>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/cli/commands.h"
#include "host/cli/root_key.h"
#include "host/lifecycle/rollover.h"

namespace countersign::cli {
namespace {

namespace fs = std::filesystem;

void check_root_key_is_here(const lifecycle::Home& home) {
    home.require_initialised();
    if (!fs::exists(home.root_key())) throw Error(Code::RootOffline);
}

// The copy is always encrypted: it leaves the computer.
void export_root(const Context& context, const std::string& file) {
    const lifecycle::Home home(context.home_path());
    check_root_key_is_here(home);
    auto [key, passphrase] = open_root_key(context, home, "");
    if (passphrase.empty()) passphrase = context.passphrase(true);
    const fs::path path = fs::absolute(file);
    write_new_file(path, key.to_encrypted_pem(passphrase), kPrivateFile, true);
    sync_folder(path.parent_path());
    (void)lifecycle::load_root_key(home, path, passphrase);
    write_file(home.root_exported(), path.string() + "\n", kPrivateFile);
    context.report(
        fmt::format(
            "Exported the root key, encrypted, to {}, and read it back. Next: countersign root remove",
            path.string()),
        {{"file", path.string()}});
}

void remove_root(const Context& context, const std::string& copy) {
    const lifecycle::Home home(context.home_path());
    check_root_key_is_here(home);
    if (!copy.empty()) {
        (void)open_root_key(context, home, copy);
    } else if (!fs::exists(home.root_exported())) {
        throw Error(Code::RootNotExported);
    }
    remove_file(home.root_key());
    sync_folder(home.authority());
    context.report("Removed the root key from this computer. Issuing and renewing go on without it.",
                   {{"removed", home.root_key().string()}});
}

}  // namespace

void add_root(const Command& app, Context& context) {
    const Command root = app.subcommand("root", "Take the root key offline");
    root.examples(
        "  countersign root export /media/stick/root.key.pem\n"
        "  countersign root remove");
    root.require_subcommand();
    auto file = std::make_shared<std::string>();
    const Command exporter = root.subcommand("export", "Write an encrypted copy of the root key");
    exporter.option("FILE", *file, "A file that is not there yet").required();
    exporter.action([&context, file] { export_root(context, *file); });
    const Command remover = root.subcommand("remove", "Delete the root key here, once it has been exported");
    remover.option("--copy", *file, "Check this copy first").type_name("FILE");
    remover.action([&context, file] { remove_root(context, *file); });
}

}  // namespace countersign::cli
