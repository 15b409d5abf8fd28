"""The kinds of CountersignError, the words for each, and which of them a TLS handshake or a broker's code
means."""

import errno

from micropython import const

from . import errors

# name: (code, permanent, own)
KINDS = {
    # what is on the board
    "ConfigInvalid": ("E-WIFI-CONF", True, False),
    "IdentityMissing": ("E-IDENTITY-MISSING", True, True),
    "IdentityDamaged": ("E-IDENTITY-DAMAGED", True, True),
    "BoardFull": ("E-FLASH-WRITE", True, False),
    "NoMemory": ("E-BOARD-MEMORY", False, False),
    # Wi-Fi
    "WifiPassword": ("E-WIFI-PASSWORD", True, False),
    "WifiSecurity": ("E-WIFI-SECURITY", True, False),
    "WifiNotFound": ("E-WIFI-NOT-FOUND", False, False),
    "WifiTimeout": ("E-WIFI-TIMEOUT", False, False),
    # TLS: who the other side is
    "BrokerUntrusted": ("E-BROKER-UNTRUSTED", True, False),
    "BrokerName": ("E-BROKER-NAME", True, False),
    "CertExpired": ("E-CERT-EXPIRED", True, False),
    "CertNotYet": ("E-CERT-NOT-YET", True, False),
    "BrokerRefused": ("E-BROKER-REFUSED", True, True),
    "TlsFailed": ("E-TLS-FAILED", False, False),
    # the connection
    "BrokerUnreachable": ("E-BROKER-UNREACHABLE", False, False),
    "BrokerSilent": ("E-BROKER-SILENT", False, False),
    "ConnectionLost": ("E-BROKER-CLOSED", False, False),
    # MQTT
    "ProtocolError": ("E-BROKER-PROTOCOL", False, False),
    "TopicInvalid": ("E-TOPIC-INVALID", True, False),
    "PayloadTooLarge": ("E-MESSAGE-TOO-LARGE", True, False),
    "SubscriptionRefused": ("E-SUBSCRIPTION-REFUSED", True, False),
    "MessageRefused": ("E-MESSAGE-REFUSED", True, False),
}

# Beside this module: a line for each code, "E-…<tab>what happened<tab>what cures it". Made from the
# catalogue.
_WORDS = "/words.txt"


def sentence(code, detail):
    """What a fault says of itself, in one line."""
    what, cure = words(code)
    said = [code + ":", what, "(%s)" % detail if detail else "", "To cure it: %s." % cure if cure else ""]
    return " ".join([part for part in said if part])


def words(code):
    """(what happened, what cures it)"""
    try:
        with open(__file__.rsplit("/", 1)[0] + _WORDS) as f:
            for line in f:
                if line.startswith(code + "\t"):
                    return line[:-1].split("\t")[1:]
    except OSError:
        pass
    return "", ""


# The firmware hands over mbedTLS's verdict as text in a ValueError; more than one line may be there. The
# order is the order of blame: a stranger's certificate stays a stranger's whatever its dates, and dates come
# before the name because a wrong clock is cured on the board.
_VERDICTS = (
    ("not correctly signed by the trusted CA", "BrokerUntrusted"),
    ("validity starts in the future", "CertNotYet"),
    ("validity has expired", "CertExpired"),
    ("does not match with the expected CN", "BrokerName"),
    ("Common Name", "BrokerName"),
    ("unacceptable", "BrokerUntrusted"),
)

# mbedTLS: the other side sent a fatal alert. Stock firmware does not say which.
_FATAL_ALERT = const(-0x7780)
# mbedTLS: certificate verification failed, on firmware that does not give the verdict as text.
_VERIFY_FAILED = const(-0x2700)
# No memory: of the socket (ENOMEM), MBEDTLS_ERR_SSL_ALLOC_FAILED, …_X509_…, …_MPI_…, …_PK_…, …_ECP_….
_NO_MEMORY = (errno.ENOMEM, -0x7F00, -0x2880, -0x0010, -0x3F80, -0x4D80)

# What a handshake shows when the broker has closed it: the firmware writes its last flight in pieces, so the
# alert is usually overtaken by EPIPE or a reset. 32, 104, 128: Linux and newlib numbers of EPIPE, ECONNRESET,
# ENOTCONN.
_CLOSED = (_FATAL_ALERT, -0x7280, -0x7880, -1, 32, 104, 107, 128, errno.ECONNRESET, errno.ENOTCONN)


def from_handshake(fault):
    """The typed error for what the TLS handshake raised (ValueError, OSError or MemoryError)."""
    text = " ".join(str(fault).split())
    if isinstance(fault, ValueError):
        for said, kind in _VERDICTS:
            if said in text:
                return getattr(errors, kind)("the broker's: " + text)
        return errors.TlsFailed(text)
    number = fault.args[0] if fault.args else None
    if isinstance(fault, MemoryError) or number in _NO_MEMORY:
        return errors.NoMemory("TLS: " + text)
    if number == _VERIFY_FAILED:
        return errors.BrokerUntrusted(text)
    if number in _CLOSED:
        return errors.BrokerRefused("it ended the handshake: " + text)
    return errors.TlsFailed(text)


# CONNACK return codes, MQTT 3.1.1 table 3.1, and their equals among MQTT 5's reason codes, which _countersign
# gives.
_CONNACK = {
    1: "it does not accept MQTT 3.1.1",
    2: "it does not accept the client id",
    4: "it does not accept the user name",
    5: "not authorised",
    0x84: "it does not accept MQTT 3.1.1",
    0x85: "it does not accept the client id",
    0x86: "it does not accept the user name",
    0x87: "not authorised",
}
_UNAVAILABLE = (3, 0x88)


def from_connack(code):
    """The typed error for a CONNACK return code other than 0."""
    if code in _UNAVAILABLE:
        return errors.BrokerUnreachable("the broker says that its service is unavailable")
    return errors.BrokerRefused(_CONNACK.get(code, "CONNACK code %d" % code))


# DISCONNECT reason codes of MQTT 5, section 3.14.2.1, after which the same client would be sent away again.
_SENT_AWAY = {0x87: "not authorised", 0x98: "an administrator ended it"}


def from_disconnect(code):
    """The typed error for a broker's DISCONNECT (MQTT 5)."""
    if code in _SENT_AWAY:
        return errors.BrokerRefused("it said goodbye: " + _SENT_AWAY[code])
    return errors.ConnectionLost("the broker said goodbye: reason code 0x%02x" % code)
