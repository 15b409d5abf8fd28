// One certificate for one name.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "host/lifecycle/authority_store.h"
#include "host/lifecycle/identity_files.h"
#include "host/lifecycle/open_home.h"
#include "host/pki/csr.h"

namespace countersign::lifecycle {

struct IssueRequest {
    std::string name;
    Role role = Role::device;  // device or operator
    pki::KeyType key = pki::KeyType::p256;
    std::chrono::days lifetime = pki::kDefaultLifetime;
    Format format = Format::both;
    bool replace = false;
    std::optional<pki::Csr> csr;               // the key is elsewhere; `key` is not looked at
    std::optional<std::filesystem::path> out;  // instead of devices/<name>/
};

struct Issued {
    pki::CertificateInfo certificate;
    std::filesystem::path folder;
    bool replaces = false;  // an older certificate works until this one has been used
    bool finished = false;  // an earlier, killed command had issued it; nothing new was made
};

// A name that may be given to a device or an operator. Throws Error{NameInvalid, NameReserved}.
void check_name(const std::string& name);

// That what is registered is this very name in this role. Throws Error{NameTaken}.
void check_known(const registry::Device& device, const std::string& name, Role role);

// What can be refused without the authority's key: asked before the passphrase is. Throws Error{NameInvalid,
// NameReserved, NameTaken, CsrInvalid, KeyUsed, Usage}.
void check_request(OpenHome& home, const IssueRequest& request);

// The identity an earlier, killed run of the same command had committed: nothing is left to do but say so,
// and to put it where this command wants it.
[[nodiscard]] std::optional<Issued> already_finished(OpenHome& home, const IssueRequest& request);

// Key, certificate, files, rows, admission file. Throws what check_request and the issuer throw; nothing has
// changed then.
[[nodiscard]] Issued issue(OpenHome& home, IssuingAuthority& authority, const IssueRequest& request);

// A row of the registry for a certificate just made.
[[nodiscard]] registry::Certificate as_row(const pki::Certificate& certificate, Role role,
                                           const pki::Authority& authority);

}  // namespace countersign::lifecycle
