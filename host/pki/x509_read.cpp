#include "host/pki/x509_read.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <ctime>

namespace countersign::pki {

X509Ptr decode_x509(ByteView der) {
    const unsigned char* at = der.data();
    X509Ptr x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (x509 == nullptr || at != der.data() + der.size()) return nullptr;
    unsigned char* again = nullptr;
    const int length = i2d_X509(x509.get(), &again);
    const bool same = length > 0 && std::equal(der.begin(), der.end(), again, again + length);
    OPENSSL_free(again);
    return same ? std::move(x509) : nullptr;
}

X509Ptr to_x509(ByteView der) {
    X509Ptr x509 = decode_x509(der);
    require(x509 != nullptr, "d2i_X509");
    return x509;
}

ByteView asn1_bytes(const ASN1_STRING* string) {
    return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string printable(ByteView text) {
    std::string out(text.begin(), text.end());
    std::ranges::replace_if(
        out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return out;
}

std::string common_name(const X509_NAME* name) {
    const int first = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (first < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, first) >= 0) return {};
    unsigned char* utf8 = nullptr;
    const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, first)));
    if (length < 0) return {};
    std::string text = printable(ByteView(utf8, static_cast<std::size_t>(length)));
    OPENSSL_free(utf8);
    return text;
}

std::optional<Seconds> to_seconds(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{parts.tm_year + 1900},
                                           std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                           std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    if (!date.ok()) return std::nullopt;
    return Seconds{std::chrono::sys_days{date} + std::chrono::hours{parts.tm_hour} +
                   std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec}};
}

Bytes spki_of(const X509* x509) {
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
    require(length > 0, "i2d_X509_PUBKEY");
    Bytes spki(der, der + length);
    OPENSSL_free(der);
    return spki;
}

Bytes name_of(const X509_NAME* name) {
    unsigned char* der = nullptr;
    const int length = i2d_X509_NAME(name, &der);
    require(length > 0, "i2d_X509_NAME");
    Bytes bytes(der, der + length);
    OPENSSL_free(der);
    return bytes;
}

}  // namespace countersign::pki
