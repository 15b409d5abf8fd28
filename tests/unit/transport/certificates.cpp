#include "tests/unit/transport/certificates.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include "host/base/files.h"
#include "host/base/subprocess.h"

namespace countersign::test {
namespace {

using Arguments = std::vector<std::string>;

constexpr const char* kClient = "extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n";

void openssl(Arguments arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto result = run_command(arguments, std::chrono::seconds(30));
    if (result.exit_code != 0) throw std::runtime_error(result.output);
}

// What `openssl ca` cannot do without: it alone of the openssl 3.0 programs sets both dates.
std::string ca_configuration(const std::filesystem::path& folder) {
    return "[ca]\ndefault_ca=d\n[d]\ndir=" + folder.string() +
           "\ndatabase=$dir/index\nserial=$dir/"
           "serial\nnew_certs_dir=$dir\ndefault_md=sha256\ndefault_crl_days=30\n"
           "policy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";
}

void make_authority(const std::filesystem::path& folder, const std::string& name) {
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=" + name, "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout",
             folder / (name + ".key"), "-out", folder / (name + ".crt")});
}

}  // namespace

Certificates::Certificates() {
    make_authority(folder_.path(), "ca");
    make_authority(folder_.path(), "stranger");
    write_file(folder_ / "ca.cnf", ca_configuration(folder_.path()), kPublicFile);
    write_file(folder_ / "index", std::string_view{}, kPublicFile);
    write_file(folder_ / "serial", std::string_view("1000\n"), kPublicFile);
}

Pair Certificates::signed_by(const std::string& authority, const std::string& name,
                             const std::string& extensions, const std::string& dates) const {
    static std::atomic<int> count{0};
    const std::string base = "leaf" + std::to_string(++count);
    Pair pair{folder_ / (base + ".crt"), folder_ / (base + ".key")};
    write_file(folder_ / (base + ".ext"), extensions, kPublicFile);
    openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=" + name, "-keyout", pair.key, "-out", folder_ / (base + ".csr")});
    Arguments sign{"ca",
                   "-batch",
                   "-notext",
                   "-config",
                   folder_ / "ca.cnf",
                   "-cert",
                   folder_ / (authority + ".crt"),
                   "-keyfile",
                   folder_ / (authority + ".key"),
                   "-in",
                   folder_ / (base + ".csr"),
                   "-out",
                   pair.certificate,
                   "-extfile",
                   folder_ / (base + ".ext")};
    if (dates.empty()) {
        sign.insert(sign.end(), {"-days", "20"});
    } else {
        sign.insert(sign.end(), {"-startdate", "20200101000000Z", "-enddate", dates});
    }
    openssl(std::move(sign));
    return pair;
}

Pair Certificates::client(const std::string& name) const {
    return signed_by("ca", name, kClient, "");
}

Pair Certificates::stranger_client() const {
    return signed_by("stranger", "user1", kClient, "");
}

Pair Certificates::server(const std::string& alternative_names) const {
    return signed_by("ca", "broker",
                     "extendedKeyUsage=serverAuth\nsubjectAltName=" + alternative_names + "\n", "");
}

Pair Certificates::expired(const std::string& name, const std::string& extensions) const {
    return signed_by("ca", name, extensions, "20200201000000Z");
}

Pair Certificates::server_of_an_expired_authority() const {
    const Pair old = expired("old-ca", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    Pair leaf = signed_by(old.certificate.stem(), "broker",
                          "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1\n", "");
    write_file(leaf.certificate, read_text(leaf.certificate) + read_text(old.certificate), kPublicFile);
    return leaf;
}

std::filesystem::path Certificates::revoke(const Pair& pair) const {
    const Arguments common{"ca",       "-config",         folder_ / "ca.cnf", "-cert", folder_ / "ca.crt",
                           "-keyfile", folder_ / "ca.key"};
    Arguments revoking = common;
    revoking.insert(revoking.end(), {"-revoke", pair.certificate});
    openssl(std::move(revoking));
    Arguments listing = common;
    listing.insert(listing.end(), {"-gencrl", "-out", folder_ / "crl.pem"});
    openssl(std::move(listing));
    return folder_ / "crl.pem";
}

}  // namespace countersign::test
