#include "host/transport/fault.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <string_view>

namespace countersign::transport {
namespace {

std::string address(const Address& peer) {
    const bool is_ipv6 = peer.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", peer.host, peer.port)
                   : fmt::format("{}:{}", peer.host, peer.port);
}

Failure passing(Code code, std::string_view detail) {
    return {Error(code, detail), false};
}

Failure permanent(Code code, std::string_view detail) {
    return {Error(code, detail), true};
}

// The CA's dates: another certificate for the broker would not help.
Failure authority_dates(std::string_view how, const Address& peer) {
    return {
        Error(
            Code::BrokerCertDates,
            fmt::format("A CA above the certificate of the broker at {} {}.", address(peer), how),
            "check this computer's clock; countersign rollover issuing, or countersign rollover root start"),
        true};
}

Failure untrusted(const Verdict& verdict, const Address& peer) {
    const std::string why = X509_verify_cert_error_string(verdict.error);
    const bool above = verdict.depth > 0;
    switch (verdict.error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return {Error(Code::BrokerName,
                          fmt::format("The certificate of the broker at {} does not name {}.", address(peer),
                                      peer.host),
                          fmt::format("countersign hosts add {}", peer.host)),
                    true};
        case X509_V_ERR_CERT_HAS_EXPIRED:
            if (above) return authority_dates("has expired", peer);
            return permanent(Code::BrokerCertDates,
                             fmt::format("The certificate of the broker at {} has expired.", address(peer)));
        case X509_V_ERR_CERT_NOT_YET_VALID:
            if (above) return authority_dates("is not valid yet", peer);
            return permanent(
                Code::BrokerCertDates,
                fmt::format("The certificate of the broker at {} is not valid yet.", address(peer)));
        case X509_V_ERR_INVALID_PURPOSE:
        case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
            return permanent(Code::BrokerUntrusted,
                             fmt::format("The certificate that {} shows is not one of a broker ({}).",
                                         address(peer), why));
        default:
            return permanent(
                Code::BrokerUntrusted,
                fmt::format("The certificate of the broker at {} is not from this authority ({}).",
                            address(peer), why));
    }
}

Failure own_certificate_refused(OwnDates own, std::string_view why, const Address& peer) {
    if (own == OwnDates::expired) {
        return permanent(
            Code::CertExpired,
            fmt::format("The broker at {} refused our certificate: it has expired.", address(peer)));
    }
    if (own == OwnDates::not_yet) {
        return permanent(
            Code::CertNotYet,
            fmt::format("The broker at {} refused our certificate: it is not valid yet.", address(peer)));
    }
    return permanent(Code::BrokerRefused,
                     fmt::format("The broker at {} refused our certificate ({}).", address(peer), why));
}

Failure tls_failure(int reason, std::string_view text, const Verdict& verdict, OwnDates own,
                    const Address& peer) {
    switch (reason) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return untrusted(verdict, peer);
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
            return own_certificate_refused(OwnDates::expired, text, peer);
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return own_certificate_refused(own, text, peer);
        // A bit was spoilt on the way, or somebody on it tries things.
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        case SSL_R_SSLV3_ALERT_BAD_RECORD_MAC:
            return passing(
                Code::BrokerClosed,
                fmt::format("The handshake with {} was spoilt on its way ({}).", address(peer), text));
        // It speaks TLS, but nothing that we speak.
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_WRONG_CIPHER_RETURNED:
        case SSL_R_UNKNOWN_CIPHER_RETURNED:
        case SSL_R_DH_KEY_TOO_SMALL:
            return {Error(Code::BrokerProtocol,
                          fmt::format("{} speaks TLS, but no version or cipher that we do ({}).",
                                      address(peer), text),
                          "let the broker offer TLS 1.2 or 1.3 with ECDHE and AES-GCM"),
                    true};
        default:
            return permanent(Code::BrokerProtocol,
                             fmt::format("No TLS connection with {} is possible ({}).", address(peer), text));
    }
}

bool hung_up(const std::error_code& code) {
    return code == asio::error::eof || code == asio::error::connection_reset ||
           code == asio::error::broken_pipe || code == asio::ssl::error::stream_truncated;
}

}  // namespace

OwnDates dates_of(const X509& certificate) {
    if (X509_cmp_current_time(X509_get0_notAfter(&certificate)) < 0) return OwnDates::expired;
    if (X509_cmp_current_time(X509_get0_notBefore(&certificate)) > 0) return OwnDates::not_yet;
    return OwnDates::valid;
}

int weight(const Failure& failure) {
    switch (failure.error.id()) {
        case Code::BrokerRefused:
        case Code::CertExpired:
        case Code::CertNotYet: return 3;
        case Code::BrokerClosed: return 1;
        case Code::BrokerUnreachable: return 0;
        default: return 2;
    }
}

// A certificate of our authority that is over is our broker's all the same.
bool nobody_of_ours(const Failure& failure) {
    return weight(failure) < 3 && failure.error.id() != Code::BrokerCertDates;
}

Failure transport_failure(Stage stage, const std::error_code& code, const Verdict& verdict, OwnDates own,
                          const Address& peer) {
    if (code.category() == asio::error::get_ssl_category()) {
        const auto packed = static_cast<unsigned long>(static_cast<unsigned>(code.value()));
        if (ERR_GET_LIB(packed) == ERR_LIB_SSL && stage != Stage::connected) {
            const char* text = ERR_reason_error_string(packed);
            return tls_failure(ERR_GET_REASON(packed), text == nullptr ? "TLS" : text, verdict, own, peer);
        }
    }
    switch (stage) {
        case Stage::resolving:
            return passing(Code::BrokerUnreachable, fmt::format("No address is known for {}.", peer.host));
        case Stage::dialling:
            return passing(Code::BrokerUnreachable,
                           fmt::format("Nothing answers at {} ({}).", address(peer), code.message()));
        case Stage::handshake:
        case Stage::connack:
            // TLS 1.3 brings the verdict on our certificate after the handshake, and a reset can overtake it.
            if (hung_up(code) && own != OwnDates::valid) return own_certificate_refused(own, "", peer);
            return passing(Code::BrokerClosed, fmt::format("{} hung up before it let us in ({}).",
                                                           address(peer), code.message()));
        // We were let in: whatever ended this connection, the next one may do.
        case Stage::connected: break;
    }
    return {Error(Code::BrokerClosed,
                  fmt::format("The connection to {} was lost ({}).", address(peer), code.message())),
            false, hung_up(code)};
}

Failure refusal(mqtt::ReasonCode reason, const Address& peer) {
    const std::string at = address(peer);
    switch (reason) {
        case mqtt::ReasonCode::server_unavailable:
        case mqtt::ReasonCode::server_busy:
        case mqtt::ReasonCode::quota_exceeded:
        case mqtt::ReasonCode::use_another_server:
        case mqtt::ReasonCode::connection_rate_exceeded:
            return passing(Code::BrokerRefused, fmt::format("The broker at {} is not available now.", at));
        case mqtt::ReasonCode::client_identifier_not_valid:
            return permanent(Code::BrokerRefused,
                             fmt::format("The broker at {} does not allow this client id.", at));
        case mqtt::ReasonCode::unsupported_protocol_version:
            return permanent(Code::BrokerRefused,
                             fmt::format("The broker at {} does not speak this version of MQTT.", at));
        default:
            return permanent(Code::BrokerRefused,
                             fmt::format("The broker at {} does not let this certificate in: it is unknown, "
                                         "revoked, retired or expired.",
                                         at));
    }
}

Failure goodbye(mqtt::ReasonCode reason, const Address& peer) {
    const std::string at = address(peer);
    switch (reason) {
        case mqtt::ReasonCode::not_authorized:
        case mqtt::ReasonCode::administrative_action:
            return permanent(Code::BrokerRefused,
                             fmt::format("The broker at {} has shut this certificate out.", at));
        case mqtt::ReasonCode::malformed_packet:
        case mqtt::ReasonCode::protocol_error:
            return permanent(
                Code::BrokerProtocol,
                fmt::format("The broker at {} does not understand what we say (reason 0x{:02x}).", at,
                            static_cast<unsigned>(reason)));
        case mqtt::ReasonCode::session_taken_over:
            return passing(Code::BrokerClosed,
                           fmt::format("Another client has connected to {} with this client id.", at));
        default:
            return passing(Code::BrokerClosed,
                           fmt::format("The broker at {} has ended the connection (reason 0x{:02x}).", at,
                                       static_cast<unsigned>(reason)));
    }
}

Failure session_failure(mqtt::Fault fault, const Address& peer) {
    switch (fault) {
        case mqtt::Fault::connect_timeout:
            return passing(Code::BrokerUnreachable,
                           fmt::format("{} does not answer CONNECT.", address(peer)));
        case mqtt::Fault::keep_alive_timeout:
            return passing(Code::BrokerClosed, fmt::format("The broker at {} went silent.", address(peer)));
        case mqtt::Fault::limit_too_small:
            return permanent(
                Code::BrokerProtocol,
                fmt::format("{} takes no packet of four bytes: nothing could be answered.", address(peer)));
        default:
            return permanent(Code::BrokerProtocol, fmt::format("{} does not keep to MQTT (fault {}).",
                                                               address(peer), static_cast<int>(fault)));
    }
}

Failure attempt_timeout(Stage stage, std::chrono::milliseconds timeout, const Address& peer) {
    const std::string_view doing = stage == Stage::resolving   ? "looking up its name"
                                   : stage == Stage::dialling  ? "dialling"
                                   : stage == Stage::handshake ? "in the TLS handshake"
                                                               : "waiting for CONNACK";
    return passing(Code::BrokerUnreachable,
                   fmt::format("{} did not answer within {} ms, {}.", address(peer), timeout.count(), doing));
}

}  // namespace countersign::transport
