#include "host/pki/issuer.h"

#include "host/base/error.h"
#include "host/pki/leaf.h"
#include "host/pki/lint.h"
#include "host/pki/openssl.h"
#include "host/pki/signature.h"
#include "host/pki/tbs.h"
#include "host/pki/verify.h"

namespace countersign::pki {
namespace {

Error bad_product(std::string_view why) {
    return Error(Code::CertInvalid, "A certificate was made and thrown away: " + std::string(why));
}

void verify_product(const Certificate& product, const Profile& profile, const LeafRequest& request,
                    const Authority& authority, Seconds now) {
    const CertificateInfo& info = product.info;
    if (info.name != request.name || info.role != profile.role() ||
        info.spki_sha256 != sha256(request.public_key.spki)) {
        throw bad_product("it does not say what was asked for.");
    }
    Question question{profile.is_server() ? Purpose::server : Purpose::client, now, {}};
    const auto verify = [&] {
        verify_strictly(product, {&authority.issuing(), 1}, {&authority.root(), 1}, question);
    };
    try {
        verify();
        for (const HostName& host : request.hosts) {
            question.host = host;
            verify();
        }
    } catch (const Error& error) {
        throw bad_product(error.detail());
    }
}

}  // namespace

Issuer::Issuer(const Authority& authority, Signer& signer, const Clock& clock, Random& random)
    : authority_(authority), signer_(signer), clock_(clock), random_(random) {
    (void)constants_of(authority.issuing(), signer);  // the key must be the CA's
}

Certificate Issuer::issue(const Profile& profile, const LeafRequest& request) {
    const Seconds now = clock_.now();
    const LeafTemplate leaf(profile, authority_.issuing(), signer_);
    const Bytes tbs = leaf.fill(request, random_serial(random_), now);
    lint_leaf(tbs, profile, authority_.issuing(), now);
    Certificate product = parse_certificate(sign_tbs(tbs, signer_, request.proof));
    verify_product(product, profile, request, authority_, now);
    return product;
}

class BulkIssuer::Work {
  public:
    Work(Issuer& issuer, const Profile& profile, KeyType key)
        : issuer_(issuer),
          leaf_(profile, issuer.authority_.issuing(), issuer.signer_),
          keys_(key),
          verifier_(issuer.signer_.public_key()) {}

    Identity issue(const std::string& name) {
        const Seconds now = issuer_.clock_.now();
        const PrivateKey key = keys_.next();
        const LeafRequest request{name, key.public_key(), {}};
        const Bytes serial = random_serial(issuer_.random_);
        const Bytes tbs = leaf_.fill(request, serial, now);
        const bool strict = issued_ % kStrictEvery == 0;
        if (strict) lint_leaf(tbs, leaf_.profile(), issuer_.authority_.issuing(), now);
        Identity made{key.to_der(), describe(request, serial, now, sign_tbs(tbs, issuer_.signer_))};
        if (!verifier_.verify_signed(made.certificate.der)) throw bad_product("its signature is wrong.");
        if (strict) check_strictly(made, request, now);
        ++issued_;
        return made;
    }

  private:
    // What parse_certificate would say, without the cost of parsing what was just written.
    [[nodiscard]] Certificate describe(const LeafRequest& request, ByteView serial, Seconds now,
                                       Bytes der) const {
        CertificateInfo info;
        info.name = request.name;
        info.role = leaf_.profile().role();
        info.issuer = issuer_.authority_.issuing().info.name;
        info.serial = to_hex(serial);
        info.fingerprint = sha256(der);
        info.spki_sha256 = sha256(request.public_key.spki);
        info.not_before = leaf_.not_before(now);
        info.not_after = leaf_.not_after(now);
        info.key_type = request.public_key.type;
        return {std::move(der), std::move(info)};
    }

    void check_strictly(const Identity& made, const LeafRequest& request, Seconds now) const {
        if (parse_certificate(made.certificate.der).info != made.certificate.info) {
            throw bad_product("it does not say what is recorded of it.");
        }
        if (!belongs(PrivateKey::from_der(made.key_der.bytes()), made.certificate)) {
            throw bad_product("its key file holds another key.");
        }
        verify_product(made.certificate, leaf_.profile(), request, issuer_.authority_, now);
    }

    Issuer& issuer_;
    LeafTemplate leaf_;
    KeyGenerator keys_;
    SignatureVerifier verifier_;
    std::size_t issued_ = 0;
};

BulkIssuer::BulkIssuer(Issuer& issuer, const Profile& profile, KeyType key) {
    if (profile.is_server()) throw Error(Code::Usage, "Broker certificates are issued one by one.");
    profile.require(key);
    work_ = std::make_unique<Work>(issuer, profile, key);
}

BulkIssuer::~BulkIssuer() = default;

BulkIssuer::Identity BulkIssuer::issue(const std::string& name) {
    return work_->issue(name);
}

}  // namespace countersign::pki
