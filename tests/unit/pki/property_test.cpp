// Whatever name, host, date or serial number: the product is right by OpenSSL's reading of it.
#include <gtest/gtest.h>  // before rapidcheck/gtest.h, which needs it and does not include it
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>

#include <array>

#include "host/pki/der.h"
#include "host/pki/tbs.h"
#include "host/pki/verify.h"
#include "host/pki/x509_read.h"
#include "tests/unit/pki/support.h"

namespace countersign::pki {
namespace {

constexpr std::string_view kNameAlphabet = "ABCXYZabcxyz0189._-";
constexpr std::string_view kLabelAlphabet = "abcxyz0189";

rc::Gen<std::string> text_of(std::string_view alphabet, int shortest, int longest) {
    return rc::gen::mapcat(rc::gen::inRange(shortest, longest + 1), [alphabet](int size) {
        return rc::gen::container<std::string>(
            static_cast<std::size_t>(size),
            rc::gen::map(rc::gen::inRange<std::size_t>(0, alphabet.size()),
                         [alphabet](std::size_t at) { return alphabet[at]; }));
    });
}

rc::Gen<std::string> any_name() {
    return rc::gen::suchThat(text_of(kNameAlphabet, 1, 64),
                             [](const std::string& name) { return name.front() != '.'; });
}

rc::Gen<std::string> any_host() {
    const auto octet = rc::gen::inRange(0, 256);
    return rc::gen::oneOf(
        rc::gen::map(rc::gen::tuple(rc::gen::inRange(1, 224), octet, octet, octet),
                     [](const auto& o) {
                         return std::to_string(std::get<0>(o)) + "." + std::to_string(std::get<1>(o)) + "." +
                                std::to_string(std::get<2>(o)) + "." + std::to_string(std::get<3>(o));
                     }),
        rc::gen::map(rc::gen::inRange<std::uint64_t>(1, UINT64_MAX),
                     [](std::uint64_t low) {
                         std::array<char, 40> out{};
                         std::snprintf(out.data(), out.size(), "fd00::%x:%x:%x:%x",
                                       static_cast<unsigned>(low >> 48U),
                                       static_cast<unsigned>(low >> 32U & 0xffffU),
                                       static_cast<unsigned>(low >> 16U & 0xffffU),
                                       static_cast<unsigned>(low & 0xffffU));
                         return std::string(out.data());
                     }),
        rc::gen::map(rc::gen::container<std::vector<std::string>>(3, text_of(kLabelAlphabet, 1, 63)),
                     [](const std::vector<std::string>& labels) {
                         return labels[0] + "." + labels[1] + "." + labels[2] + ".example";
                     }));
}

// Seconds around the change of form at 2050 as well as anywhere from 2026 to 2200
rc::Gen<Seconds> any_now() {
    const auto around = [](std::int64_t from, std::int64_t to) {
        return rc::gen::map(rc::gen::inRange(from, to),
                            [](std::int64_t s) { return Seconds{std::chrono::seconds{s}}; });
    };
    constexpr std::int64_t kDay = 86'400;
    constexpr std::int64_t k2050 = 2524608000;  // date -d 2050-01-01T00:00:00Z +%s
    return rc::gen::oneOf(around(1772323200, 7258118400), around(k2050 - kDay, k2050 + kDay),
                          around(k2050 - 366 * kDay, k2050 - 364 * kDay));
}

// One bench for all: what varies is asked of it.
Bench& bench() {
    static Bench made;
    return made;
}

RC_GTEST_PROP(AnyName, IsIssuedAndReadBack, ()) {
    const std::string name = *any_name();
    const Certificate made = bench().client(name);
    RC_ASSERT(parse_certificate(made.der).info == made.info);
    RC_ASSERT(made.info.name == name);
    const X509Ptr x509 = to_x509(made.der);
    RC_ASSERT(common_name(X509_get_subject_name(x509.get())) == name);
}

RC_GTEST_PROP(AnyHost, IsWhatTheCertificateIsValidFor, ()) {
    std::vector<std::string> hosts =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(any_host()));
    hosts.resize(std::min<std::size_t>(hosts.size(), 6));
    const auto old_boards = *rc::gen::element(OldBoards::served, OldBoards::not_served);
    const Certificate made = bench().broker(hosts, old_boards);
    const X509Ptr x509 = to_x509(made.der);
    for (const std::string& text : hosts) {
        const HostName host = HostName::parse(text);
        const bool as_name =
            !host.is_ip() || (host.kind() == HostName::Kind::ipv4 && old_boards == OldBoards::served);
        RC_ASSERT(X509_check_host(x509.get(), host.text().data(), host.text().size(), 0, nullptr) ==
                  (as_name ? 1 : 0));
        if (host.is_ip()) RC_ASSERT(X509_check_ip_asc(x509.get(), text.c_str(), 0) == 1);
    }
    RC_ASSERT(X509_check_host(x509.get(), "not.named.example", 0, 0, nullptr) == 0);
}

RC_GTEST_PROP(AnyDate, IsWrittenAsTheStandardSays, ()) {
    const Seconds now = *any_now();
    bench().clock.set(now);
    const Certificate made = bench().client("kitchen-1");
    bench().clock.set(kNow);
    RC_ASSERT(made.info.not_before ==
              std::max(now - std::chrono::days{1}, bench().root.certificate.info.not_before));
    RC_ASSERT(made.info.not_after == now + kDefaultLifetime);
    const X509Ptr x509 = to_x509(made.der);
    constexpr Seconds k2050{std::chrono::seconds{2524608000}};
    for (const ASN1_TIME* time : {X509_get0_notBefore(x509.get()), X509_get0_notAfter(x509.get())}) {
        const bool generalized = ASN1_STRING_type(time) == V_ASN1_GENERALIZEDTIME;
        RC_ASSERT(generalized == (*to_seconds(time) >= k2050));
    }
}

class GivenRandom final : public Random {
  public:
    explicit GivenRandom(std::array<std::uint8_t, 16> bits) : bits_(bits) {}
    void fill(std::span<std::uint8_t> bytes) override {
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = bits_.at(i);
    }

  private:
    std::array<std::uint8_t, 16> bits_;
};

RC_GTEST_PROP(AnySerial, IsPositiveAndAtMostTwentyOctets, ()) {
    auto bits = *rc::gen::arbitrary<std::array<std::uint8_t, 16>>();
    const auto zeros = *rc::gen::inRange<std::size_t>(0, 16);  // leading zero octets, each as likely
    std::fill_n(bits.begin(), zeros, std::uint8_t{0});
    RC_PRE(bits != (std::array<std::uint8_t, 16>{}));
    GivenRandom random(bits);
    Issuer issuer(bench().authority, bench().signer, bench().clock, random);
    static const PublicKey key = PrivateKey::generate(KeyType::p256).public_key();
    const Certificate made = issuer.issue(Profile({Role::device}), {"kitchen-1", key, {}});

    const X509Ptr x509 = to_x509(made.der);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(x509.get());
    const NumberPtr number(ASN1_INTEGER_to_BN(serial, nullptr));
    RC_ASSERT(BN_is_negative(number.get()) == 0);
    RC_ASSERT(BN_is_zero(number.get()) == 0);
    RC_ASSERT(i2d_ASN1_INTEGER(serial, nullptr) <= 2 + 20);
    const NumberPtr wanted(BN_bin2bn(bits.data(), static_cast<int>(bits.size()), nullptr));
    RC_ASSERT(BN_cmp(number.get(), wanted.get()) == 0);
}

// Bytes from nowhere: an answer or a refusal, never anything else.
RC_GTEST_PROP(AnyBytes, AreReadOrRefused, (const std::vector<std::uint8_t>& bytes)) {
    try {
        (void)parse_certificate(bytes);
    } catch (const Error& error) {
        RC_ASSERT(error.id() == Code::CertInvalid);
    }
    der::Reader reader(bytes);
    std::size_t walked = 0;
    while (const auto element = reader.next()) walked += element->whole.size();
    RC_ASSERT(walked <= bytes.size());
}

RC_GTEST_PROP(AnyText, IsAHostThatStaysItself, ()) {
    const std::string text = *rc::gen::oneOf(any_host(), rc::gen::arbitrary<std::string>());
    try {
        const HostName host = HostName::parse(text);
        RC_ASSERT(HostName::parse(host.text()) == host);
    } catch (const Error& error) {
        RC_ASSERT(error.id() == Code::HostInvalid);
    }
}

}  // namespace
}  // namespace countersign::pki
