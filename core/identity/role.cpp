#include "core/identity/role.h"

namespace countersign {

std::string_view to_string(Role role) noexcept {
    switch (role) {
        case Role::device: return "device";
        case Role::birth: return "birth";
        case Role::operator_: return "operator";
        case Role::responder: return "responder";
        case Role::broker: return "broker";
    }
    return "unknown";
}

std::string_view to_string(CertificateState state) noexcept {
    switch (state) {
        case CertificateState::pending: return "pending";
        case CertificateState::active: return "active";
        case CertificateState::retired: return "retired";
        case CertificateState::held: return "held";
        case CertificateState::revoked: return "revoked";
    }
    return "unknown";
}

std::optional<Role> parse_role(std::string_view text) noexcept {
    for (const Role role : {Role::device, Role::birth, Role::operator_, Role::responder, Role::broker}) {
        if (to_string(role) == text) return role;
    }
    return std::nullopt;
}

std::string_view username_prefix(Role role) noexcept {
    switch (role) {
        case Role::device: return "";
        case Role::birth: return "birth~";
        case Role::operator_: return "operator~";
        case Role::responder: return "responder~";
        case Role::broker: return "broker~";
    }
    return "unknown~";
}

}  // namespace countersign
