"""What _countersign tells of a TLS handshake that failed, as the typed errors of errors.py: stock firmware
only gives text (faults.from_handshake), the module gives mbedTLS's verdict and the broker's alert in numbers.
"""

from . import errors
from .faults import from_handshake

# MBEDTLS_X509_BADCERT_…, in the order of blame (faults.py).
_VERDICTS = (
    (0x0008, errors.BrokerUntrusted, "not signed by an anchor of this board"),
    (0x0200, errors.CertNotYet, "it begins in the future"),
    (0x0001, errors.CertExpired, "it has expired"),
    (0x0004, errors.BrokerName, "it names something else"),
)

# RFC 5246, 7.2.2, and certificate_required of RFC 8446, 6.2: about this board's certificate.
_ALERTS = {
    40: "handshake_failure: it got no certificate it could use",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    48: "unknown_ca: this board's authority is not the broker's",
    49: "access_denied",
    51: "decrypt_error: key and certificate do not belong together",
    116: "certificate_required",
}
_EXPIRED = 45


def from_tls(fault, alert, verdict):
    """The error for an OSError of TLS.handshake(), with what TLS.alert() and TLS.verdict() then say."""
    for bit, kind, words in _VERDICTS:
        if verdict & bit:
            return kind("the broker's: " + words)
    if verdict:
        return errors.BrokerUntrusted("the broker's: mbedTLS finds 0x%x in it" % verdict)
    if alert in _ALERTS:
        words = "its alert: " + _ALERTS[alert]
        if alert != _EXPIRED:
            return errors.BrokerRefused(words)
        expired = errors.CertExpired("this board's own; " + words)
        expired.own = True
        return expired
    if alert is not None:
        return errors.TlsFailed("the broker's alert: %d" % alert)
    return from_handshake(fault)
