#include "host/pki/leaf.h"

#include "core/identity/name.h"
#include "host/base/error.h"
#include "host/pki/extensions.h"
#include "host/pki/tbs.h"

namespace countersign::pki {
namespace {

// 32 names of 253 characters still fit a TLS record of a board (16 KiB) with the whole chain.
constexpr std::size_t kMaxHosts = 32;

Bytes join(std::initializer_list<ByteView> parts) {
    Bytes out;
    for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

}  // namespace

LeafTemplate::LeafTemplate(const Profile& profile, const Certificate& issuing, const Signer& signer)
    : profile_(profile),
      ca_(constants_of(issuing, signer)),
      ca_from_(issuing.info.not_before),
      ca_to_(issuing.info.not_after),
      constant_extensions_(join({basic_constraints(KeyUse::end_entity), key_usage(KeyUse::end_entity),
                                 extended_key_usage(profile.role()), ca_.authority_id})) {}

void LeafTemplate::check(const LeafRequest& request) const {
    if (!is_valid_name(request.name)) throw Error(Code::NameInvalid);
    profile_.require(request.public_key.type);
    if (!profile_.is_server() && !request.hosts.empty()) {
        throw Error(Code::HostInvalid, "Only a broker's certificate names hosts.");
    }
    if (profile_.is_server() && (request.hosts.empty() || request.hosts.size() > kMaxHosts)) {
        throw Error(Code::HostInvalid, "A broker's certificate names 1 to 32 hosts.");
    }
}

Bytes LeafTemplate::fill(const LeafRequest& request, ByteView serial, Seconds now) const {
    check(request);
    if (now < ca_from_) {
        throw Error(Code::CertNotYet,
                    "This computer's clock says " + format_time(now) + ", before the authority was made.",
                    "set this computer's clock and run the command again");
    }
    const Bytes names = profile_.is_server()
                            ? server_names(request.hosts, profile_.role(), request.old_boards)
                            : client_names(request.name, profile_.role());
    return encode_tbs(
        {serial, ca_.algorithm, ca_.name, not_before(now), not_after(now), encode_name(request.name),
         request.public_key.spki},
        {constant_extensions_, subject_key_identifier(key_identifier(request.public_key)), names});
}

}  // namespace countersign::pki
