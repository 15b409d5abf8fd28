#include "host/pki/key_forms.h"

#include <array>

namespace countersign::pki {
namespace {

// RFC 5480: SubjectPublicKeyInfo { { id-ecPublicKey, namedCurve }, BIT STRING point }
constexpr std::array<std::uint8_t, 26> kP256Spki{
    0x30, 0x59,                                                  // SEQUENCE, 89 octets
    0x30, 0x13,                                                  //   SEQUENCE: AlgorithmIdentifier
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,        //     1.2.840.10045.2.1 id-ecPublicKey
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,  //     1.2.840.10045.3.1.7 P-256
    0x03, 0x42, 0x00};                                           //   BIT STRING, 65 octets follow
constexpr std::array<std::uint8_t, 23> kP384Spki{
    0x30, 0x76,                                            // SEQUENCE, 118 octets
    0x30, 0x10,                                            //   SEQUENCE: AlgorithmIdentifier
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,  //     1.2.840.10045.2.1 id-ecPublicKey
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,              //     1.3.132.0.34 P-384
    0x03, 0x62, 0x00};                                     //   BIT STRING, 97 octets follow

// RFC 5958 around RFC 5915: PrivateKeyInfo { 0, algorithm, OCTET STRING { ECPrivateKey { 1, scalar, [1] point
// } } }
constexpr std::array<std::uint8_t, 36> kP256Pkcs8{
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00,                          // SEQUENCE, 135 octets; version 0
    0x30, 0x13,                                                  //   SEQUENCE: AlgorithmIdentifier
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,        //     id-ecPublicKey
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,  //     P-256
    0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};       //   OCTET STRING, SEQUENCE, 1, scalar
constexpr std::array<std::uint8_t, 5> kP256Middle{0xa1, 0x44, 0x03, 0x42, 0x00};  // [1] BIT STRING
constexpr std::array<std::uint8_t, 35> kP384Pkcs8{
    0x30, 0x81, 0xb6, 0x02, 0x01, 0x00,                                 // SEQUENCE, 182 octets; version 0
    0x30, 0x10,                                                         //   SEQUENCE: AlgorithmIdentifier
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,               //     id-ecPublicKey
    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,                           //     P-384
    0x04, 0x81, 0x9e, 0x30, 0x81, 0x9b, 0x02, 0x01, 0x01, 0x04, 0x30};  //   OCTET STRING, SEQUENCE, 1, scalar
constexpr std::array<std::uint8_t, 5> kP384Middle{0xa1, 0x64, 0x03, 0x62, 0x00};

constexpr EcForm kP256{32, kP256Spki, kP256Pkcs8, kP256Middle};
constexpr EcForm kP384{48, kP384Spki, kP384Pkcs8, kP384Middle};

}  // namespace

const EcForm* ec_form(KeyType type) noexcept {
    switch (type) {
        case KeyType::p256: return &kP256;
        case KeyType::p384: return &kP384;
        case KeyType::rsa2048:
        case KeyType::rsa3072:
        case KeyType::rsa4096:
        case KeyType::ed25519: break;
    }
    return nullptr;
}

}  // namespace countersign::pki
