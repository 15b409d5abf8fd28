#include "host/pki/tbs.h"

#include <algorithm>
#include <array>

#include "host/base/error.h"
#include "host/pki/der.h"
#include "host/pki/signature.h"

namespace countersign::pki {
namespace {

constexpr std::array<std::uint8_t, 3> kCommonName{0x55, 0x04, 0x03};            // 2.5.4.3
constexpr std::array<std::uint8_t, 5> kVersion3{0xa0, 0x03, 0x02, 0x01, 0x02};  // [0] INTEGER 2

}  // namespace

Bytes encode_tbs(const TbsFields& fields, std::initializer_list<ByteView> extensions) {
    return der::element(
        der::kSequence,
        {kVersion3, der::integer(fields.serial), fields.algorithm, fields.issuer,
         der::element(der::kSequence, {der::time(fields.not_before), der::time(fields.not_after)}),
         fields.subject, fields.spki,
         der::element(der::constructed(3), {der::element(der::kSequence, extensions)})});
}

Bytes encode_name(std::string_view common_name) {
    const Bytes attribute = der::element(
        der::kSequence,
        {der::element(der::kOid, {kCommonName}), der::element(der::kUtf8String, {der::text(common_name)})});
    return der::element(der::kSequence, {der::element(der::kSet, {attribute})});
}

Bytes random_serial(Random& random) {
    std::array<std::uint8_t, 16> bits{};
    random.fill(bits);
    const auto* const first =
        std::find_if(bits.cbegin(), bits.cend(), [](std::uint8_t octet) { return octet != 0; });
    if (first == bits.cend()) throw Error(Code::Internal, "the random generator gave 128 zero bits");
    return {first, bits.cend()};
}

Bytes sign_tbs(ByteView tbs, Signer& signer, ByteView proof) {
    return der::join_signed(tbs, signature_scheme(signer.public_key().type).algorithm,
                            signer.sign_with(tbs, proof));
}

}  // namespace countersign::pki
