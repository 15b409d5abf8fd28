#include "host/lifecycle/identity_files.h"

#include <fmt/format.h>

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/base/files.h"
#include "host/base/tree.h"
#include "host/pki/pem.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

pki::ByteView bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

fs::path certificate_file(const fs::path& folder, std::string_view name) {
    const fs::path der = folder / fmt::format("{}.crt.der", name);
    return fs::exists(der) ? der : folder / fmt::format("{}.crt.pem", name);
}

pki::Certificate read_certificate(const fs::path& file) {
    const auto content = read_file(file, pki::kMaxCertificateSize);
    if (file.extension() == ".der") return pki::parse_certificate(content);
    return pki::parse_certificate_pem({reinterpret_cast<const char*>(content.data()), content.size()});
}

// The certificate in this folder, or nullopt when there is none that can be read.
std::optional<pki::CertificateInfo> certificate_in(const fs::path& folder, std::string_view name) {
    try {
        return read_certificate(certificate_file(folder, name)).info;
    } catch (const Error&) {
        return std::nullopt;
    }
}

bool belongs_to_identity(std::string_view file, std::string_view name) {
    for (const char* end : {".crt.der", ".crt.pem", ".key.der", ".key.pem"})
        if (file == fmt::format("{}{}", name, end)) return true;
    return file == "ca.crt.der" || file == "ca.crt.pem";
}

// Into a folder of the user's own, file by file: it may be on another file system, and hold other things.
void copy_identity(const fs::path& from, std::string_view name, const fs::path& out, Durability durability) {
    for (const auto& entry : entries_in(from)) {
        if (!belongs_to_identity(entry.name, name)) continue;
        const mode_t mode = entry.name.find(".key.") == std::string::npos ? kPublicFile : kPrivateFile;
        const Secret content = read_secret(from / entry.name);
        if (durability == Durability::together) {
            write_new_file(out / entry.name, content.bytes(), mode, false);
        } else {
            write_file(out / entry.name, content.bytes(), mode);
        }
    }
}

void set_aside(const Home& home, std::string_view name) {
    const auto before = certificate_in(home.device(name), name);
    make_folder(home.replaced(), kPrivateFolder);
    const fs::path place =
        home.replaced() / fmt::format("{}-{}", name, before ? before->serial : std::string("unreadable"));
    if (!rename_entry(home.device(name), place)) {
        throw Error(Code::FileWrite, fmt::format("{} is in the way.", place.string()));
    }
    sync_folder(home.replaced());
}

}  // namespace

IdentityWriter::IdentityWriter(const Home& home, const pki::Authority& authority, Format format,
                               Durability durability)
    : staging_(home.staging()),
      format_(format),
      durability_(durability),
      ca_der_(authority.root().der),
      ca_pem_(pki::to_pem(authority.root()) + pki::to_pem(authority.issuing())) {
    make_folder(staging_, kPrivateFolder);
    make_folder(home.devices(), kPrivateFolder);
}

void IdentityWriter::stage(std::string_view name, const pki::Certificate& certificate,
                           const Secret& key_der) const {
    const fs::path folder = staging_ / name;
    if (!make_new_folder(folder, kPrivateFolder)) {
        remove_tree(folder);
        make_folder(folder, kPrivateFolder);
    }
    const std::string files = folder / name;
    if (format_ != Format::pem) {
        write(files + ".crt.der", certificate.der, kPublicFile);
        if (!key_der.empty()) write(files + ".key.der", key_der.bytes(), kPrivateFile);
        write(folder / "ca.crt.der", ca_der_, kPublicFile);
    }
    if (format_ != Format::der) {
        write(files + ".crt.pem", bytes_of(pki::to_pem(certificate)), kPublicFile);
        if (!key_der.empty()) {
            write(files + ".key.pem", pki::pem_encode_secret("PRIVATE KEY", key_der.bytes()).bytes(),
                  kPrivateFile);
        }
        write(folder / "ca.crt.pem", bytes_of(ca_pem_), kPublicFile);
    }
    if (durability_ == Durability::together) return;
    sync_folder(folder);
    sync_folder(staging_);
}

void IdentityWriter::write(const fs::path& file, pki::ByteView content, mode_t mode) const {
    write_new_file(file, content, mode, durability_ == Durability::each);
}

void sync_staging(const Home& home) {
    sync_filesystem(home.staging());
}

fs::path put_in_place(const Home& home, std::string_view name, const std::optional<fs::path>& out) {
    const fs::path from = home.staging() / name;
    if (out) return hand_out(from, name, *out);
    fs::path to = home.device(name);
    if (rename_entry(from, to)) return to;
    set_aside(home, name);
    if (!rename_entry(from, to)) throw Error(Code::FileWrite, fmt::format("{} is not there.", from.string()));
    return to;
}

fs::path hand_out(const fs::path& from, std::string_view name, const fs::path& out) {
    make_folder(out, kPrivateFolder);
    copy_identity(from, name, out, Durability::each);
    remove_tree(from);
    return out;
}

void hand_out_all(const Home& home, const std::vector<std::string_view>& names, const fs::path& out) {
    make_folder(out, kPrivateFolder);
    std::vector<fs::path> copied;
    for (const std::string_view name : names) {
        const fs::path from = home.staging() / name;
        const fs::path to = out / name;
        if (rename_on_one_file_system(from, to)) continue;
        copy_identity(from, name, to,
                      make_new_folder(to, kPrivateFolder) ? Durability::together : Durability::each);
        copied.push_back(from);
    }
    if (copied.empty()) return;
    sync_filesystem(out);
    for (const fs::path& from : copied) remove_tree(from);
}

std::set<std::string> finish_staged(const Home& home, const registry::Registry& registry) {
    std::set<std::string> finished;
    for (const auto& [name, kind] : entries_in(home.staging())) {
        const fs::path folder = home.staging() / name;
        const auto info =
            kind == EntryKind::folder && is_valid_name(name) ? certificate_in(folder, name) : std::nullopt;
        if (!info || !registry.find_certificate(info->fingerprint)) {
            remove_tree(folder);
            continue;
        }
        for (const auto& entry : entries_in(folder)) {
            if (entry.kind != EntryKind::file || !belongs_to_identity(entry.name, name))
                remove_tree(folder / entry.name);
        }
        put_in_place(home, name, std::nullopt);
        finished.insert(name);
    }
    if (!finished.empty()) sync_folder(home.devices());
    return finished;
}

}  // namespace countersign::lifecycle
