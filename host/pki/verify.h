// The strictest question OpenSSL can be asked about a certificate, as the other side will ask it.
#pragma once

#include <optional>
#include <span>

#include "host/base/clock.h"
#include "host/pki/certificate.h"
#include "host/pki/host_name.h"

namespace countersign::pki {

enum class Purpose : std::uint8_t { client, server, any };

struct Question {
    Purpose purpose = Purpose::any;
    Seconds at{};
    std::optional<HostName> host;  // the exact name that will be dialled
};

// Path to one of `anchors` (complete, up to a self-signed one) with X509_V_FLAG_X509_STRICT. Throws Error:
// CertExpired, CertNotYet, BrokerName, else CertInvalid with OpenSSL's own words.
void verify_strictly(const Certificate& leaf, std::span<const Certificate> intermediates,
                     std::span<const Certificate> anchors, const Question& question);

}  // namespace countersign::pki
