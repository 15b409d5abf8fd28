#include "host/lifecycle/crl_publication.h"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <vector>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/lifecycle/revocation.h"
#include "host/lifecycle/root_list.h"
#include "host/pki/crl.h"

namespace countersign::lifecycle {
namespace {

struct Free {
    void operator()(X509_CRL* crl) const noexcept { X509_CRL_free(crl); }
    void operator()(ASN1_INTEGER* number) const noexcept { ASN1_INTEGER_free(number); }
};

constexpr std::size_t kMaxCrl = std::size_t{256} << 20;  // five million entries

std::vector<pki::RevokedCertificate> entries(OpenHome& home, const Fingerprint& issuer) {
    const Seconds oldest = home.clock().now() - kCrlLifetime;
    std::vector<pki::RevokedCertificate> list;
    home.registry().revocations([&](const registry::Revocation& one) {
        if (one.issuer != issuer || one.not_after < oldest) return;
        const auto reason = one.state == CertificateState::held
                                ? pki::RevocationReason::certificate_hold
                                : parse_reason(one.reason).value_or(pki::RevocationReason::unspecified);
        list.push_back({one.serial, one.at, reason});
    });
    return list;
}

}  // namespace

CrlFiles crl_files(const Home& home) {
    const auto folder = home.root() / "crl";
    return {folder / "issuing.crl.pem", folder / "issuing.crl"};
}

CrlFiles last_crl_files(const Home& home, const Fingerprint& issuing) {
    const auto folder = home.root() / "crl";
    const auto name = fmt::format("issuing-{}.crl", pki::to_hex(issuing).substr(0, 16));
    return {folder / (name + ".pem"), folder / name};
}

std::optional<CrlStatus> read_crl(const Home& home) {
    if (!std::filesystem::exists(crl_files(home).der)) return std::nullopt;
    const auto der = read_file(crl_files(home).der, kMaxCrl);
    const unsigned char* at = der.data();
    const std::unique_ptr<X509_CRL, Free> crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
    if (!crl) return std::nullopt;
    const std::unique_ptr<ASN1_INTEGER, Free> number(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl.get(), NID_crl_number, nullptr, nullptr)));
    CrlStatus status;
    std::tm next{};
    if (!number || ASN1_INTEGER_get_uint64(&status.number, number.get()) != 1 ||
        ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl.get()), &next) != 1) {
        return std::nullopt;
    }
    status.next_update = Seconds(std::chrono::seconds(::timegm(&next)));
    return status;
}

bool crl_is_due(OpenHome& home) {
    const auto status = read_crl(home.home());
    return !status || status->next_update - home.clock().now() < kCrlMargin ||
           !std::filesystem::exists(crl_files(home.home()).pem) ||
           home.registry().condemned_since(static_cast<std::int64_t>(status->number));
}

pki::Bytes make_next_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer,
                         Seconds next_update) {
    // The number is that of an event of its own: it never comes twice, and whatever happened before it is on
    // the list.
    home.registry().record("listed", "", std::nullopt, "revocation list");
    const auto number = static_cast<std::uint64_t>(home.registry().last_event());
    const auto list = entries(home, authority.issuing().info.fingerprint);
    home.publish();
    return pki::make_crl(authority.issuing(), signer, list, {number, home.clock().now(), next_update});
}

CrlStatus publish_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer) {
    const auto der = make_next_crl(home, authority, signer, home.clock().now() + kCrlLifetime);
    const auto files = crl_files(home.home());
    make_folder(files.der.parent_path(), kPublicFolder);
    write_file(files.pem, pki::crl_to_pem(der), kPublicFile);
    write_list_chain(home.home());
    write_file(files.der, der, kPublicFile);  // last: it says whether the next one is due
    return read_crl(home.home()).value();
}

std::optional<CrlStatus> refresh_crl(OpenHome& home, const pki::Authority& authority, pki::Signer& signer) {
    if (!crl_is_due(home)) return std::nullopt;
    return publish_crl(home, authority, signer);
}

}  // namespace countersign::lifecycle
