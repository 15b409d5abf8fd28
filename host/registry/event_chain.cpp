#include "host/registry/event_chain.h"

#include <openssl/evp.h>

#include <span>
#include <string_view>

#include "host/base/error.h"

namespace countersign::registry {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put_integer(Bytes& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

void put_field(Bytes& out, std::span<const std::uint8_t> field) {
    put_integer(out, field.size(), 4);
    out.insert(out.end(), field.begin(), field.end());
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Fetched once: looking the algorithm up costs as much as hashing an event.
const EVP_MD* sha256() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

}  // namespace

Fingerprint event_hash(const Fingerprint& previous, const Event& event) {
    Bytes bytes;
    bytes.reserve(256);
    bytes.insert(bytes.end(), previous.begin(), previous.end());
    put_integer(bytes, static_cast<std::uint64_t>(event.seq), 8);
    put_integer(bytes, static_cast<std::uint64_t>(event.time.time_since_epoch().count()), 8);
    put_field(bytes, bytes_of(event.kind));
    put_field(bytes, bytes_of(event.name));
    put_field(bytes, event.fingerprint ? std::span<const std::uint8_t>(*event.fingerprint)
                                       : std::span<const std::uint8_t>());
    put_field(bytes, bytes_of(event.detail));
    Fingerprint hash{};
    if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, sha256(), nullptr) != 1) {
        throw Error(Code::Internal, "SHA-256 is not available.");
    }
    return hash;
}

}  // namespace countersign::registry
