#include "host/pki/pem.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <algorithm>
#include <limits>

#include "host/pki/openssl.h"

namespace countersign::pki {
namespace {

constexpr std::size_t kOctetsPerLine = 48;  // 64 characters, RFC 7468 section 2

// Reserved beforehand, so that no reallocation leaves a copy of a key behind.
std::string encode(std::string_view label, ByteView der) {
    const std::size_t lines = (der.size() + kOctetsPerLine - 1) / kOctetsPerLine;
    std::string out;
    out.reserve(2 * label.size() + 40 + lines * 65);
    out.append("-----BEGIN ").append(label).append("-----\n");
    for (std::size_t at = 0; at < der.size(); at += kOctetsPerLine) {
        const ByteView line = der.subspan(at, std::min(kOctetsPerLine, der.size() - at));
        const std::size_t characters = (line.size() + 2) / 3 * 4;
        const std::size_t begin = out.size();
        out.resize(begin + characters + 1);  // EVP_EncodeBlock ends with a NUL, where the newline goes
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + begin), line.data(),
                        static_cast<int>(line.size()));
        out.back() = '\n';
    }
    out.append("-----END ").append(label).append("-----\n");
    return out;
}

// With an empty der when it has headers. Nothing: no more, or what follows is damaged.
std::optional<PemBlock> next_block(BIO* bio) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    if (PEM_read_bio(bio, &label, &header, &data, &length) != 1) return std::nullopt;
    const bool plain = header[0] == '\0';
    PemBlock block{label, plain ? Secret(ByteView(data, static_cast<std::size_t>(length))) : Secret()};
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(length));
    return block;
}

}  // namespace

std::string pem_encode(std::string_view label, ByteView der) {
    return encode(label, der);
}

Secret pem_encode_secret(std::string_view label, ByteView der) {
    std::string text = encode(label, der);
    Secret secret{std::string_view(text)};
    OPENSSL_cleanse(text.data(), text.size());
    return secret;
}

std::vector<PemBlock> pem_blocks(std::string_view text) {
    std::vector<PemBlock> blocks;
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return blocks;
    const QuietErrors quiet;
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    require(bio != nullptr, "BIO_new_mem_buf");
    while (auto block = next_block(bio.get())) blocks.push_back(std::move(*block));
    return blocks;
}

std::optional<PemBlock> pem_decode(std::string_view text) {
    // OpenSSL makes no reader of nothing.
    if (text.empty() || text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return std::nullopt;
    const QuietErrors quiet;
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    require(bio != nullptr, "BIO_new_mem_buf");
    auto block = next_block(bio.get());
    if (block && block->der.empty()) return std::nullopt;
    return block;
}

}  // namespace countersign::pki
