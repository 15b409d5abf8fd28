#include "host/lifecycle/issue.h"

#include <fmt/format.h>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/broker/config.h"
#include "host/broker/control.h"
#include "host/lifecycle/access.h"
#include "host/lifecycle/key_history.h"
#include "host/pki/message_signature.h"

namespace countersign::lifecycle {
namespace {

// The newest certificate of the name that may connect.
std::optional<registry::Certificate> working_certificate(const registry::Registry& registry,
                                                         std::string_view name) {
    const auto certificates = registry.certificates_of(name);
    for (auto certificate = certificates.rbegin(); certificate != certificates.rend(); ++certificate) {
        if (may_connect(certificate->state)) return *certificate;
    }
    return std::nullopt;
}

void check_against_registry(OpenHome& home, const IssueRequest& request) {
    const auto device = home.registry().find_device(request.name);
    if (!device) return;
    check_known(*device, request.name, request.role);
    if (request.replace) return;
    const auto working = working_certificate(home.registry(), request.name);
    throw Error(
        Code::NameTaken,
        working ? fmt::format("{} has a certificate until {}.", request.name, format_date(working->not_after))
                : fmt::format("{} is registered.", request.name),
        fmt::format("countersign issue {} --replace", request.name));
}

struct Product {
    pki::Certificate certificate;
    Secret key_der;
};

Product make_certificate(IssuingAuthority& authority, const IssueRequest& request) {
    const pki::Profile profile({request.role, request.lifetime});
    if (request.csr) {
        return {authority.issuer().issue(profile, {request.name, request.csr->public_key, {}}), Secret{}};
    }
    profile.require(request.key);
    const auto key = pki::PrivateKey::generate(request.key);
    return {authority.issuer().issue(profile, {request.name, key.public_key(), {}}), key.to_der()};
}

void commit_rows(OpenHome& home, const registry::Certificate& row, bool known) {
    if (known) {
        home.registry().add_certificate(row);
    } else {
        home.registry().enrol({row.name, row.role, {}, "", ""}, row);
    }
}

}  // namespace

void check_name(const std::string& name) {
    if (!is_valid_name(name)) throw Error(Code::NameInvalid);
    if (is_reserved_name(name)) {
        throw Error(Code::NameReserved, fmt::format("\"{}\" is kept for Countersign itself.", name));
    }
}

void check_known(const registry::Device& device, const std::string& name, Role role) {
    if (device.name == name && device.role == role) return;
    throw Error(Code::NameTaken,
                device.name == name
                    ? fmt::format("{} is registered as {}.", name, to_string(device.role))
                    : fmt::format("{} is registered, and names differ by more than case.", device.name),
                "choose another name");
}

void check_request(OpenHome& home, const IssueRequest& request) {
    check_name(request.name);
    if (request.role != Role::device && request.role != Role::operator_) {
        throw Error(Code::Usage, fmt::format("A {} is not issued by hand.", to_string(request.role)),
                    "--role device or --role operator");
    }
    if (request.csr && request.csr->name != request.name) {
        throw Error(Code::CsrInvalid, fmt::format("The request is for \"{}\".", request.csr->name),
                    fmt::format("countersign issue {} --csr FILE", request.csr->name));
    }
    check_against_registry(home, request);
    if (request.csr) {
        check_key_history(home.registry(), load_authority(home.home(), home.clock().now()),
                          pki::sha256_of(request.csr->public_key.spki), request.name, request.role);
    }
}

std::optional<Issued> already_finished(OpenHome& home, const IssueRequest& request) {
    if (!home.finished().contains(request.name)) return std::nullopt;
    const auto working = working_certificate(home.registry(), request.name);
    if (!working) return std::nullopt;
    const auto place = home.home().device(request.name);
    return Issued{pki::parse_certificate(working->der).info,
                  request.out ? hand_out(place, request.name, *request.out) : place,
                  home.registry().certificates_of(request.name).size() > 1, true};
}

Issued issue(OpenHome& home, IssuingAuthority& authority, const IssueRequest& request) {
    check_request(home, request);
    const auto product = make_certificate(authority, request);
    const IdentityWriter writer(home.home(), authority.authority(), request.format, Durability::each);
    writer.stage(request.name, product.certificate, product.key_der);
    const bool known = home.registry().find_device(request.name).has_value();
    commit_rows(home, as_row(product.certificate, request.role, authority.authority()), known);
    Issued issued{product.certificate.info, put_in_place(home.home(), request.name, request.out), known,
                  false};
    sync_folder(home.home().devices());
    home.publish();
    if (request.role == Role::operator_) refresh_access_list(home);
    return issued;
}

registry::Certificate as_row(const pki::Certificate& certificate, Role role,
                             const pki::Authority& authority) {
    const auto& info = certificate.info;
    registry::Certificate row;
    row.fingerprint = info.fingerprint;
    row.name = info.name;
    row.role = role;
    row.serial = info.serial;
    row.not_before = info.not_before;
    row.not_after = info.not_after;
    row.spki_sha256 = info.spki_sha256;
    row.issuer = authority.issuing().info.fingerprint;
    row.der = certificate.der;
    return row;
}

}  // namespace countersign::lifecycle
