// `countersign crl`: the revocation list for other software, signed anew.
#include <fmt/format.h>

#include <memory>

#include "host/cli/commands.h"
#include "host/cli/options.h"
#include "host/cli/root_key.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/crl_publication.h"
#include "host/lifecycle/rollover.h"
#include "host/lifecycle/root_list.h"

namespace countersign::cli {
namespace {

// The root's list is signed with the root's key: when it is named, or lies in the home and is wanted.
void publish_root_list(const Context& context, const lifecycle::Home& home, const pki::Authority& authority,
                       const std::string& file, const Secret& known) {
    const Seconds now = context.clock().now();
    const auto end = lifecycle::root_list_end(home, authority.root());
    const bool due = !end || *end - now < lifecycle::kRootListMargin;
    if (file.empty() && (!due || !std::filesystem::exists(home.root_key()))) return;
    pki::KeySigner signer(open_root_key(context, home, file, known).key);
    lifecycle::publish_root_list(home, authority.root(), signer, now);
}

void publish(const Context& context, const std::string& root) {
    const lifecycle::Home home(context.home_path());
    lifecycle::OpenHome open(home, context.clock());
    open.publish_anew();  // who is let in, for our own broker: before the passphrase, which that does not
                          // take
    const Secret passphrase = authority_passphrase(context, open);
    lifecycle::IssuingAuthority authority(home, passphrase, context.clock());
    publish_root_list(context, home, authority.authority(), root, passphrase);
    const auto status = lifecycle::publish_crl(open, authority.authority(), authority.signer());
    const std::string file = lifecycle::crl_files(home).pem.string();
    const auto root_end = lifecycle::root_list_end(home, authority.authority().root());
    context.report(
        fmt::format("Signed the revocation list {}; it is good until {}. The broker does not need "
                    "it: it asks the registry.\n{}",
                    file, format_date(status.next_update),
                    root_end ? "Software that wants a list of every CA: crl/chain.crl.pem"
                             : "For software that wants a list of every CA the root has to sign one, too:  "
                               "countersign crl --root FILE"),
        {{"file", file},
         {"number", status.number},
         {"next_update", format_time(status.next_update)},
         {"root_next_update", root_end ? Json(format_time(*root_end)) : Json(nullptr)}});
}

}  // namespace

void add_crl(const Command& app, Context& context) {
    const Command command = app.subcommand("crl", "Sign the revocation list for other software");
    command.examples(
        "  countersign crl\n"
        "  countersign crl --root /media/stick/root.key.pem      (the root's own list, too)\n"
        "  openssl crl -in ~/.local/share/countersign/crl/issuing.crl.pem -text -noout");
    auto root = std::make_shared<std::string>();
    command.option("--root", *root, "Where the root's key is: sign its list, too").type_name("FILE");
    command.action([&context, root] { publish(context, *root); });
}

}  // namespace countersign::cli
