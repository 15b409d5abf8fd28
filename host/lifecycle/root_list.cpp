#include "host/lifecycle/root_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "host/base/files.h"
#include "host/broker/config.h"
#include "host/pki/crl.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRootList = std::size_t{1} << 20;
constexpr std::size_t kMaxIssuingList = std::size_t{384} << 20;  // PEM of the largest (crl_publication.cpp)

std::optional<pki::CrlContent> present(const Home& home, const pki::Certificate& root) {
    const auto file = root_list_files(home).der;
    if (!fs::exists(file)) return std::nullopt;
    return pki::read_crl(read_file(file, kMaxRootList), root);
}

std::string chain_text(const Home& home) {
    const auto root = pki::parse_certificate_pem(read_text(home.root_certificate()));
    if (!present(home, root)) return {};
    std::string chain =
        read_text(crl_files(home).pem, kMaxIssuingList) + read_text(root_list_files(home).pem);
    for (const auto& ca : pki::parse_certificates_pem(read_text(broker::Files(home.broker()).ca))) {
        for (const auto& last : {last_crl_files(home, ca.info.fingerprint).pem,
                                 last_root_list_files(home, ca.info.fingerprint).pem}) {
            if (fs::exists(last)) chain += read_text(last, kMaxIssuingList);
        }
    }
    return chain;
}

}  // namespace

CrlFiles root_list_files(const Home& home) {
    const auto folder = home.root() / "crl";
    return {folder / "root.crl.pem", folder / "root.crl"};
}

CrlFiles last_root_list_files(const Home& home, const Fingerprint& root) {
    const auto folder = home.root() / "crl";
    const auto name = fmt::format("root-{}.crl", pki::to_hex(root).substr(0, 16));
    return {folder / (name + ".pem"), folder / name};
}

std::optional<Seconds> root_list_end(const Home& home, const pki::Certificate& root) {
    const auto list = present(home, root);
    return list ? std::optional(list->next_update) : std::nullopt;
}

pki::Bytes make_root_list(const Home& home, const pki::Certificate& root, pki::Signer& signer, Seconds now,
                          Seconds next_update, const std::optional<std::string>& stolen_serial) {
    const auto before = present(home, root).value_or(pki::CrlContent{});
    auto revoked = before.revoked;
    const bool known = std::any_of(revoked.begin(), revoked.end(),
                                   [&](const auto& one) { return one.serial == stolen_serial; });
    if (stolen_serial && !known)
        revoked.push_back({*stolen_serial, now, pki::RevocationReason::key_compromise});
    // The time also counts up where the list before was lost.
    const auto number =
        std::max(before.number + 1, static_cast<std::uint64_t>(now.time_since_epoch().count()));
    return pki::make_crl(root, signer, revoked, {number, now, next_update});
}

void publish_root_list(const Home& home, const pki::Certificate& root, pki::Signer& signer, Seconds now) {
    const auto der = make_root_list(home, root, signer, now, now + kRootListLifetime);
    const auto files = root_list_files(home);
    make_folder(files.der.parent_path(), kPublicFolder);
    write_file(files.pem, pki::crl_to_pem(der), kPublicFile);
    write_file(files.der, der, kPublicFile);
}

void write_list_chain(const Home& home) {
    if (!fs::exists(crl_files(home).pem)) return;
    const std::string chain = chain_text(home);
    if (!chain.empty()) write_file(crl_files(home).pem.parent_path() / "chain.crl.pem", chain, kPublicFile);
}

}  // namespace countersign::lifecycle
