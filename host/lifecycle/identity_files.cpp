#include "host/lifecycle/identity_files.h"

#include <fmt/format.h>

#include "host/base/error.h"
#include "host/base/files.h"
#include "host/pki/pem.h"

namespace countersign::lifecycle {
namespace {

namespace fs = std::filesystem;

// Beside the staged files: where they go when not to devices/<name>/.
constexpr std::string_view kOutFile = ".out";

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

void set_aside(const Home& home, std::string_view name) {
    const auto before = certificate_in(home.device(name), name);
    make_folder(home.replaced(), kPrivateFolder);
    fs::rename(
        home.device(name),
        home.replaced() / fmt::format("{}-{}", name, before ? before->serial : std::string("unreadable")));
    sync_folder(home.replaced());
}

// Where a staged identity is to go, if not to devices/<name>/.
std::optional<fs::path> out_of(const fs::path& folder) {
    if (!fs::exists(folder / kOutFile)) return std::nullopt;
    return read_text(folder / kOutFile);
}

// Into a folder of the user's own, file by file: it may be on another file system, and hold other things.
fs::path hand_out(const fs::path& from, const fs::path& out) {
    make_folder(out, kPrivateFolder);
    for (const auto& entry : fs::directory_iterator(from)) {
        const fs::path name = entry.path().filename();
        if (name == kOutFile) continue;
        const mode_t mode = name.string().find(".key.") == std::string::npos ? kPublicFile : kPrivateFile;
        auto content = read_file(entry.path());
        write_file(out / name, content, mode);
        explicit_bzero(content.data(), content.size());
    }
    fs::remove_all(from);
    return out;
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

void IdentityWriter::stage(std::string_view name, const pki::Certificate& certificate, const Secret& key_der,
                           const std::optional<fs::path>& out) const {
    const fs::path folder = staging_ / name;
    if (!make_new_folder(folder, kPrivateFolder)) {
        fs::remove_all(folder);
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
    if (out) write(folder / kOutFile, bytes_of(out->native()), kPrivateFile);
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
    if (out) return hand_out(from, *out);
    fs::path to = home.device(name);
    std::error_code taken;
    fs::rename(from, to, taken);
    if (taken) {
        if (fs::exists(to)) set_aside(home, name);
        fs::rename(from, to);
    }
    return to;
}

std::set<std::string> finish_staged(const Home& home, const registry::Registry& registry) {
    std::set<std::string> finished;
    if (!fs::exists(home.staging())) return finished;
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(home.staging())) folders.push_back(entry.path());
    for (const auto& folder : folders) {
        const std::string name = folder.filename();
        const auto info = certificate_in(folder, name);
        if (info && registry.find_certificate(info->fingerprint)) {
            put_in_place(home, name, out_of(folder));
            finished.insert(name);
        } else {
            fs::remove_all(folder);
        }
    }
    if (!finished.empty()) sync_folder(home.devices());
    return finished;
}

}  // namespace countersign::lifecycle
