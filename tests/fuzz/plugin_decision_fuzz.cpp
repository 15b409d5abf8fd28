// What the plugin decides about arbitrary certificates, client ids and admission files: nobody comes in whom
// a good row of the file does not let in, and no user name can be another's or reach into the topics.
//
// Input: one byte of flags, one of the name's length, one of the client id's, then these two, then the file
// or (flag 1) a certificate. Flag 2: the file is made good and says what its bytes say about the
// certificate's fingerprint, since a fuzzer guesses neither checksums nor hashes. Flag 4: the client id is
// the right one.
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/broker/admission/format.h"
#include "host/broker/admission/table.h"
#include "host/broker/plugin/certificate.h"
#include "host/broker/plugin/decision.h"

namespace {

using namespace countersign;
using namespace countersign::broker;

constexpr std::int64_t kNow = 1'700'000'000;

void require(bool holds) {
    if (!holds) std::abort();
}

// A certificate with these bytes as its common name.
plugin::CertificatePtr certificate_for(const std::string& name) {
    static EVP_PKEY* const key = EVP_EC_gen("P-256");
    plugin::CertificatePtr certificate(X509_new());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    X509_set_pubkey(certificate.get(), key);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 1);
    X509_sign(certificate.get(), key, EVP_sha256());
    return certificate;
}

admission::Lookup look_up(const std::vector<std::uint8_t>& file, const Fingerprint& fingerprint) {
    const auto table = admission::Table::over(file);
    return table ? table->find(fingerprint) : admission::Lookup{};
}

// One row about this certificate, its fields from the input.
std::vector<std::uint8_t> one_row(const Fingerprint& fingerprint, const std::vector<std::uint8_t>& bytes) {
    const auto at = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : std::uint8_t{0}; };
    const Standing standing{fingerprint, kNow + static_cast<std::int8_t>(at(0)), static_cast<Role>(at(1) % 8),
                            static_cast<CertificateState>(at(2) % 8)};
    const auto header = admission::encode_header({1, 1});
    const auto record = admission::encode_record(standing);
    std::vector<std::uint8_t> file(header.begin(), header.end());
    file.insert(file.end(), record.begin(), record.end());
    return file;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && name[0] != '.' &&
           name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               std::string_view::npos;
}

void check(const plugin::Decision& decision, const admission::Lookup& lookup, const std::string& name,
           const std::string& client_id) {
    if (decision.reason != plugin::Reason::none) return require(decision.username.empty());
    require(lookup.found == admission::Found::yes);
    require(may_connect(lookup.standing.state) && lookup.standing.not_after >= kNow);
    require(is_name(name));
    require(decision.username == std::string(username_prefix(lookup.standing.role)) + name);
    require(client_id.starts_with(decision.username));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const std::uint8_t flags = data[0];
    const std::size_t name_size = std::min<std::size_t>(data[1], size - 3);
    const std::size_t id_size = std::min<std::size_t>(data[2], size - 3 - name_size);
    const std::string name(reinterpret_cast<const char*>(data + 3), name_size);
    std::string client_id(reinterpret_cast<const char*>(data + 3 + name_size), id_size);
    const std::vector<std::uint8_t> rest(data + 3 + name_size + id_size, data + size);

    const unsigned char* der = rest.data();
    const plugin::CertificatePtr certificate =
        (flags & 1) != 0 ? plugin::CertificatePtr(d2i_X509(nullptr, &der, static_cast<long>(rest.size())))
                         : certificate_for(name);
    if (certificate == nullptr) return 0;
    const auto presented = plugin::read_certificate(*certificate);
    if (!presented) return 0;
    const auto lookup =
        look_up((flags & 2) != 0 ? one_row(presented->fingerprint, rest) : rest, presented->fingerprint);
    if ((flags & 4) != 0) client_id = std::string(username_prefix(lookup.standing.role)) + presented->name;
    if ((flags & 8) != 0) client_id += "/1";
    const auto decision = plugin::decide(true, lookup, kNow, presented->name, client_id);
    check(decision, lookup, presented->name, client_id);
    return 0;
}
