// `countersign crl`: the revocation list for other software, signed anew.
#include <fmt/format.h>

#include "host/cli/commands.h"
#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/crl_publication.h"

namespace countersign::cli {
namespace {

void publish(const Context& context) {
    const lifecycle::Home home(context.home_path());
    lifecycle::OpenHome open(home, context.clock());
    const Secret passphrase = open.settings().encrypted ? context.passphrase(false) : Secret{};
    lifecycle::IssuingAuthority authority(home, passphrase, context.clock());
    const auto status = lifecycle::publish_crl(open, authority.authority(), authority.signer());
    const std::string file = lifecycle::crl_files(home).pem.string();
    context.report(
        fmt::format("Signed the revocation list {}; it is good until {}. The broker does not need "
                    "it: it asks the registry.",
                    file, format_date(status.next_update)),
        {{"file", file}, {"number", status.number}, {"next_update", format_time(status.next_update)}});
}

}  // namespace

void add_crl(const Command& app, Context& context) {
    const Command command = app.subcommand("crl", "Sign the revocation list for other software");
    command.examples(
        "  countersign crl\n"
        "  openssl crl -in ~/.local/share/countersign/crl/issuing.crl.pem -text -noout");
    command.action([&context] { publish(context); });
}

}  // namespace countersign::cli
