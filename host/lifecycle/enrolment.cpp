#include "host/lifecycle/enrolment.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/lifecycle/issue.h"
#include "host/lifecycle/key_history.h"
#include "host/pki/csr.h"
#include "host/pki/message_signature.h"

namespace countersign::lifecycle {
namespace {

// Of the device itself, not its birth certificates.
bool is_working(const registry::Certificate& certificate) {
    return certificate.role == Role::device;
}

bool connects(const registry::Certificate& certificate, Seconds now) {
    return is_working(certificate) && may_connect(certificate.state) && certificate.not_after > now;
}

pki::Csr checked_request(pki::ByteView bytes, const std::string& name) {
    auto csr = pki::parse_csr(bytes);
    if (csr.name != name)
        throw Error(Code::CsrInvalid, fmt::format("The board asks for \"{}\".", csr.name),
                    fmt::format("countersign load {}", name));
    if (csr.public_key.type != pki::KeyType::p256) {
        throw Error(Code::KeyTypeUnsupported, "A board makes P-256 keys.",
                    fmt::format("countersign load {}", name));
    }
    return csr;
}

// The certificate this key was given before. A board's key has one life only.
std::optional<pki::Certificate> certified(const registry::Registry& registry, const pki::Authority& authority,
                                          const pki::Csr& csr, Role role) {
    constexpr std::string_view kCure =
        "mpremote connect PORT fs rm :slots/new/name, then load again: the board makes other keys";
    const auto key = pki::sha256_of(csr.public_key.spki);
    try {
        check_key_history(registry, authority, key, csr.name, role);
    } catch (const Error& error) {
        if (error.id() != Code::KeyUsed) throw;
        throw Error(Code::KeyUsed, error.detail(), kCure);
    }
    const auto row = registry.find_by_key(key);
    if (!row) return std::nullopt;
    if (may_connect(row->state)) return pki::parse_certificate(row->der);
    throw Error(Code::KeyUsed,
                fmt::format("The board shows a key that had a certificate of {}, which is {}.", row->name,
                            to_string(row->state)),
                kCure);
}

}  // namespace

bool must_enrol(const registry::Registry& registry, const std::string& name, const BoardClaim& board,
                bool replace, Seconds now) {
    check_name(name);
    const auto device = registry.find_device(name);
    if (!device) return true;
    check_known(*device, name, Role::device);
    if (replace) return true;
    const auto certificates = registry.certificates_of(name);
    const auto in_use = std::find_if(certificates.rbegin(), certificates.rend(),
                                     [&](const auto& row) { return connects(row, now); });
    if (in_use == certificates.rend()) return true;
    const auto held = std::find_if(certificates.begin(), certificates.end(), [&](const auto& row) {
        return is_working(row) && pki::to_hex(row.fingerprint) == board.certificate;
    });
    if (held != certificates.end()) return !connects(*held, now);
    // An interrupted load, or a flash that was erased.
    if (!board.chip_id.empty() && board.chip_id == device->chip_id) return true;
    throw Error(Code::NameTaken,
                fmt::format("{} is another board{}; its certificate works until {}.", name,
                            device->chip_id.empty() ? "" : fmt::format(" (chip {})", device->chip_id),
                            format_date(in_use->not_after)),
                fmt::format("countersign load {} --replace makes this board {}", name, name));
}

void check_not_another(const registry::Registry& registry, const std::string& name,
                       const std::string& board_name, const BoardClaim& board, Seconds now) {
    const auto device = registry.find_device(board_name);
    const auto wanted = registry.find_device(name);
    if (!device || (wanted && wanted->name == device->name)) return;
    const auto certificates = registry.certificates_of(device->name);
    const auto held = std::find_if(certificates.begin(), certificates.end(), [&](const auto& row) {
        return connects(row, now) && pki::to_hex(row.fingerprint) == board.certificate;
    });
    if (held == certificates.end()) return;
    throw Error(
        Code::BoardKnown,
        fmt::format("This board is {}, whose certificate works until {}.", device->name,
                    format_date(held->not_after)),
        fmt::format("countersign load {} brings it up to date; countersign load {} --rename makes it {} "
                    "and leaves {} without a board",
                    device->name, name, name, device->name));
}

bool key_is_on_host(const Home& home, const registry::Registry& registry, const std::string& name) {
    const auto folder = home.device(name);
    const auto der = folder / fmt::format("{}.crt.der", name);
    const auto pem = folder / fmt::format("{}.crt.pem", name);
    const bool key = std::filesystem::exists(folder / fmt::format("{}.key.der", name)) ||
                     std::filesystem::exists(folder / fmt::format("{}.key.pem", name));
    const auto certificates = registry.certificates_of(name);
    const auto newest = std::find_if(certificates.rbegin(), certificates.rend(), is_working);
    if (!key || newest == certificates.rend()) return false;
    const auto stored = std::filesystem::exists(der)
                            ? pki::parse_certificate(read_file(der, pki::kMaxCertificateSize))
                            : pki::parse_certificate_pem(read_text(pem));
    return stored.info.fingerprint == newest->fingerprint;
}

Enrolled enrol(OpenHome& home, IssuingAuthority& authority, const EnrolRequest& request) {
    const auto working = checked_request(request.working, request.name);
    const auto birth = checked_request(request.birth, request.name);
    if (working.public_key == birth.public_key) {
        throw Error(Code::CsrInvalid, "The board shows the same key twice.",
                    fmt::format("countersign load {}", request.name));
    }
    auto& registry = home.registry();
    const auto old_working = certified(registry, authority.authority(), working, Role::device);
    const auto old_birth = certified(registry, authority.authority(), birth, Role::birth);
    if (old_working && old_birth) return {*old_working, *old_birth, true};

    const std::chrono::days lifetime(home.settings().days);
    const auto issue = [&](const pki::Csr& csr, Role role) {
        return authority.issuer().issue(pki::Profile({role, lifetime}), {csr.name, csr.public_key, {}});
    };
    Enrolled made{old_working ? *old_working : issue(working, Role::device),
                  old_birth ? *old_birth : issue(birth, Role::birth)};
    auto transaction = registry.begin();
    if (!registry.find_device(request.name))
        registry.add_device(
            {.name = request.name, .role = Role::device, .created = {}, .chip_id = "", .note = ""});
    registry.set_chip_id(request.name, request.chip_id);
    if (!old_birth) registry.add_certificate(as_row(made.birth, Role::birth, authority.authority()));
    if (!old_working) registry.add_certificate(as_row(made.working, Role::device, authority.authority()));
    transaction.commit();
    home.publish();
    return made;
}

void confirm_enrolment(OpenHome& home, const Enrolled& enrolled, std::string_view board) {
    home.registry().confirm(enrolled.birth.info.fingerprint);
    home.registry().record("loaded", enrolled.working.info.name, enrolled.working.info.fingerprint, board);
    home.publish();
}

}  // namespace countersign::lifecycle
