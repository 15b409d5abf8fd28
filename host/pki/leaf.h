// Leaf certificates of one profile under one CA: the constant parts made once. For the sources of host/pki
// only.
#pragma once

#include "host/pki/ca.h"
#include "host/pki/issuer.h"
#include "host/pki/profile.h"

namespace countersign::pki {

class LeafTemplate {
  public:
    // Throws Error{AuthorityBroken} when `signer` does not hold the key of `issuing`.
    LeafTemplate(const Profile& profile, const Certificate& issuing, const Signer& signer);

    // A TBSCertificate. Throws Error: NameInvalid, HostInvalid, KeyTypeUnsupported, ValidityInvalid.
    [[nodiscard]] Bytes fill(const LeafRequest& request, ByteView serial, Seconds now) const;

    [[nodiscard]] const Profile& profile() const noexcept { return profile_; }
    [[nodiscard]] Seconds not_before(Seconds now) const noexcept {
        return profile_.not_before(now, ca_from_);
    }
    [[nodiscard]] Seconds not_after(Seconds now) const { return profile_.not_after(now, ca_to_); }

  private:
    void check(const LeafRequest& request) const;

    Profile profile_;
    CaConstants ca_;
    Seconds ca_from_;
    Seconds ca_to_;
    Bytes constant_extensions_;
};

}  // namespace countersign::pki
