#include "host/pki/succession.h"

#include "host/base/error.h"
#include "host/pki/ca.h"
#include "host/pki/extensions.h"
#include "host/pki/signature.h"
#include "host/pki/tbs.h"
#include "host/pki/verify.h"
#include "host/pki/x509_read.h"

namespace countersign::pki {
namespace {

Bytes subject_of(const Certificate& certificate) {
    return name_of(X509_get_subject_name(to_x509(certificate.der).get()));
}

}  // namespace

NewCa create_successor(const Certificate& old_root, Seconds now, Random& random) {
    if (!old_root.info.key_type) throw Error(Code::KeyTypeUnsupported, "The root's key is no kind of ours.");
    const KeyType type = *old_root.info.key_type;
    const ByteView algorithm = signature_scheme(type).algorithm;
    PrivateKey key = PrivateKey::generate(type);
    KeySigner signer(key);
    const Bytes name = encode_name(root_name(random));
    const Bytes id = authority_key_identifier(key_identifier(key.public_key()));
    const Bytes tbs = root_tbs(
        key.public_key(), {algorithm, name, id, old_root.info.not_before, old_root.info.not_after}, random);
    Certificate root = parse_certificate(sign_tbs(tbs, signer));
    verify_strictly(root, {}, {&root, 1}, {Purpose::any, now, {}});
    return {std::move(key), std::move(root)};
}

Certificate make_bridge(const Certificate& new_root, const Certificate& old_root, Signer& old_signer,
                        Seconds now, Random& random) {
    const CaConstants old = constants_of(old_root, old_signer);
    if (subject_of(new_root) == old.name || new_root.info.spki_sha256 == old_root.info.spki_sha256) {
        throw Error(Code::AuthorityBroken, "The new root is not the old root's successor.");
    }
    // -1: no limit.
    if (const long limit = X509_get_pathlen(to_x509(old_root.der).get()); limit >= 0 && limit < 2) {
        throw Error(Code::CertInvalid,
                    "The root allows one CA below it, so boards would refuse the broker during a rollover.",
                    "countersign --home DIR init HOST, then load each device");
    }
    const Bytes tbs = root_tbs(public_key_of(new_root),
                               {old.algorithm, subject_of(new_root), old.authority_id,
                                new_root.info.not_before, new_root.info.not_after, old.name},
                               random);
    Certificate bridge = parse_certificate(sign_tbs(tbs, old_signer));
    verify_strictly(bridge, {}, {&old_root, 1}, {Purpose::any, now, {}});
    return bridge;
}

}  // namespace countersign::pki
