#include "tests/unit/broker/support.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "host/base/subprocess.h"

namespace countersign::broker {
namespace {

std::string openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto result = run_command(arguments, std::chrono::seconds(30));
    if (result.exit_code != 0) throw std::runtime_error("openssl: " + result.output);
    return result.output;
}

// From openssl's own "sha256 Fingerprint=AB:CD:…".
Fingerprint fingerprint_of(const std::filesystem::path& certificate) {
    const std::string line =
        openssl({"x509", "-in", certificate.string(), "-noout", "-fingerprint", "-sha256"});
    std::istringstream digits(line.substr(line.find('=') + 1));
    Fingerprint fingerprint{};
    std::string byte;
    for (auto& value : fingerprint) {
        std::getline(digits, byte, ':');
        value = static_cast<std::uint8_t>(std::stoul(byte, nullptr, 16));
    }
    return fingerprint;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = "/tmp/countersign-broker-XXXXXX";
    path = ::mkdtemp(name.data());
    ::chmod(path.c_str(), 0755);
}

TemporaryFolder::~TemporaryFolder() {
    std::filesystem::remove_all(path);
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void spill(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

OpenSslAuthority::OpenSslAuthority(const std::filesystem::path& folder) : folder_(folder) {
    std::filesystem::create_directories(folder_);
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=test authority", "-keyout", (folder_ / "ca.key").string(), "-out",
             certificate().string()});
}

Identity OpenSslAuthority::issue(const std::string& file, const std::string& common_name,
                                 const std::string& extensions) {
    Identity identity{folder_ / (file + ".crt"), folder_ / (file + ".key"), {}};
    const std::string request = (folder_ / (file + ".csr")).string();
    const std::string config = (folder_ / (file + ".ext")).string();
    spill(config, extensions);
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=" + common_name, "-keyout", identity.key.string(), "-out", request});
    openssl({"x509", "-req", "-in", request, "-CA", certificate().string(), "-CAkey",
             (folder_ / "ca.key").string(), "-CAcreateserial", "-days", "20", "-extfile", config, "-out",
             identity.certificate.string()});
    identity.fingerprint = fingerprint_of(identity.certificate);
    return identity;
}

const Identity& OpenSslAuthority::client(const std::string& common_name) {
    const auto known = clients_.find(common_name);
    if (known != clients_.end()) return known->second;
    const std::string file = fmt::format("client{}", clients_.size());
    return clients_.emplace(common_name, issue(file, common_name, "extendedKeyUsage=clientAuth\n"))
        .first->second;
}

Identity OpenSslAuthority::another(const std::string& common_name) {
    return issue(fmt::format("other{}", others_++), common_name, "extendedKeyUsage=clientAuth\n");
}

// By the library instead of the program, which takes 20 ms for each.
std::vector<Identity> OpenSslAuthority::fleet(const std::string& name, std::size_t count) {
    const auto pem = [](const std::filesystem::path& path, auto read) {
        BIO* file = BIO_new_file(path.c_str(), "r");
        auto* object = read(file, nullptr, nullptr, nullptr);
        BIO_free(file);
        if (object == nullptr) throw std::runtime_error(path.string());
        return object;
    };
    const Identity first = issue(name, name, "extendedKeyUsage=clientAuth\n");
    EVP_PKEY* ca_key = pem(folder_ / "ca.key", PEM_read_bio_PrivateKey);
    X509* certificate = pem(first.certificate, PEM_read_bio_X509);
    std::vector<Identity> made;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string own = fmt::format("{}-{}", name, i);
        X509_NAME* subject = X509_NAME_new();
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(own.c_str()), -1, -1, 0);
        X509_set_subject_name(certificate, subject);
        X509_NAME_free(subject);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1000 + static_cast<long>(i));
        X509_sign(certificate, ca_key, EVP_sha256());
        Identity identity{folder_ / (own + ".crt"), first.key, {}};
        X509_digest(certificate, EVP_sha256(), identity.fingerprint.data(), nullptr);
        BIO* file = BIO_new_file(identity.certificate.c_str(), "w");
        PEM_write_bio_X509(file, certificate);
        BIO_free(file);
        made.push_back(std::move(identity));
    }
    X509_free(certificate);
    EVP_PKEY_free(ca_key);
    return made;
}

Identity OpenSslAuthority::server() {
    return issue("server", "test broker", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
}

Standing standing(const Fingerprint& fingerprint, CertificateState state, Role role, std::int64_t not_after) {
    return {fingerprint, not_after, role, state};
}

}  // namespace countersign::broker
