"""What can go wrong on a device, in words a person with the board in hand can act on.

Every class carries a stable code of the project's one catalogue (core/errors/catalogue.def). `permanent` says
that waiting alone will not cure it: somebody has to change a clock, a certificate or a configuration. `own`
says that this board's identity is at fault, so that another one of its own may do.
"""

import errno


class CountersignError(Exception):
    code = "E-INTERNAL"
    what = "Countersign met a state it did not expect."
    cure = "report it with these lines"
    permanent = False
    own = False

    def __init__(self, detail=""):
        self.detail = detail
        more = " (%s)" % detail if detail else ""
        # The whole sentence goes to Exception itself: a traceback then reads the same as a log line.
        super().__init__("%s: %s%s To cure it: %s." % (self.code, self.what, more, self.cure))


# --- what is on the board


class ConfigInvalid(CountersignError):
    code = "E-WIFI-CONF"
    what = "wifi.conf on the board cannot be used."
    cure = "countersign load NAME --port PORT --wifi-ssid SSID, or edit wifi.conf on the board"
    permanent = True


class IdentityMissing(CountersignError):
    code = "E-IDENTITY-MISSING"
    what = "There is no whole identity on this board."
    cure = "countersign load NAME --port PORT"
    permanent = True
    own = True


class IdentityDamaged(CountersignError):
    code = "E-IDENTITY-DAMAGED"
    what = "The identity on this board cannot be used."
    cure = "countersign load NAME --port PORT"
    permanent = True
    own = True


class BoardFull(CountersignError):
    code = "E-FLASH-WRITE"
    what = "The board's flash did not keep what was written to it."
    cure = "remove files from the board, then countersign load NAME --port PORT"
    permanent = True


# --- Wi-Fi


class WifiPassword(CountersignError):
    code = "E-WIFI-PASSWORD"
    what = "The access point refused the Wi-Fi password."
    cure = "correct wifi_psw in wifi.conf on the board"
    permanent = True


class WifiNotFound(CountersignError):
    code = "E-WIFI-NOT-FOUND"
    what = "No access point of this name is in reach."
    cure = "correct wifi_ssid in wifi.conf on the board; the ESP32 hears only 2.4 GHz"


class WifiTimeout(CountersignError):
    code = "E-WIFI-TIMEOUT"
    what = "The Wi-Fi did not come up in time."
    cure = "move the board closer to the access point; check that it hands out addresses (DHCP)"


# --- TLS: who the other side is


class BrokerUntrusted(CountersignError):
    code = "E-BROKER-UNTRUSTED"
    what = "The broker's certificate is not from the authority this board trusts."
    cure = "check server_ip in wifi.conf, or countersign load NAME --port PORT from the right home folder"
    permanent = True


class BrokerName(CountersignError):
    code = "E-BROKER-NAME"
    what = "The broker's certificate does not name the address this board dialled."
    cure = "countersign hosts add HOST, or dial the broker by a name it has"
    permanent = True


class CertExpired(CountersignError):
    code = "E-CERT-EXPIRED"
    what = "A certificate has expired."
    cure = (
        "check the board's clock; for the board's own: countersign issue NAME --replace and "
        "countersign load NAME; for the broker's: countersign hosts add HOST"
    )
    permanent = True


class CertNotYet(CountersignError):
    code = "E-CERT-NOT-YET"
    what = "A certificate is not valid yet: most likely this board's clock is behind."
    cure = "countersign load NAME --port PORT sets it, or let the board reach an NTP server"
    permanent = True


class BrokerRefused(CountersignError):
    code = "E-BROKER-REFUSED"
    what = "The broker refused this board."
    cure = "countersign show NAME says whether its certificate may connect"
    permanent = True
    own = True


class TlsFailed(CountersignError):
    code = "E-TLS-FAILED"
    what = "The secure connection could not be set up."
    cure = "check that server_ip and server_port lead to the broker's TLS listener"


# --- the connection


class BrokerUnreachable(CountersignError):
    code = "E-BROKER-UNREACHABLE"
    what = "Nothing answers at the broker's address."
    cure = "countersign broker; check server_ip and server_port in wifi.conf"


class BrokerSilent(CountersignError):
    code = "E-BROKER-SILENT"
    what = "The broker did not answer in time."
    cure = "nothing to do: the board tries again by itself"


class ConnectionLost(CountersignError):
    code = "E-BROKER-CLOSED"
    what = "The connection to the broker ended."
    cure = "nothing to do: the board tries again by itself"


# --- MQTT


class ProtocolError(CountersignError):
    code = "E-BROKER-PROTOCOL"
    what = "The other side does not speak MQTT 3.1.1."
    cure = "check that server_ip and server_port lead to an MQTT broker"


class TopicInvalid(CountersignError):
    code = "E-TOPIC-INVALID"
    what = "This is not a topic that can be used here."
    cure = "publish without + and #; in a subscription + stands for a whole level, # for all the last ones"
    permanent = True


class PayloadTooLarge(CountersignError):
    code = "E-MESSAGE-TOO-LARGE"
    what = "The message is larger than this client takes."
    cure = "send it in parts, or raise send_limit of the Client"
    permanent = True


class SubscriptionRefused(CountersignError):
    code = "E-SUBSCRIPTION-REFUSED"
    what = "The broker refused the subscription."
    cure = "subscribe below devices/NAME/ or countersign/NAME/"
    permanent = True


# The firmware hands over mbedTLS's verdict as text in a ValueError; more than one line may be there. The
# order is the order of blame: a stranger's certificate stays a stranger's whatever its dates, and dates come
# before the name because a wrong clock is cured on the board.
_VERDICTS = (
    ("not correctly signed by the trusted CA", BrokerUntrusted),
    ("validity starts in the future", CertNotYet),
    ("validity has expired", CertExpired),
    ("does not match with the expected CN", BrokerName),
    ("Common Name", BrokerName),
    ("unacceptable", BrokerUntrusted),
)

# mbedTLS: the other side sent a fatal alert. Stock firmware does not say which.
_FATAL_ALERT = -0x7780
# mbedTLS: certificate verification failed, on firmware that does not give the verdict as text.
_VERIFY_FAILED = -0x2700

# What a handshake shows when the broker has closed it: the firmware writes its last flight in pieces, so the
# alert is usually overtaken by EPIPE or a reset. 32, 104, 128: Linux and newlib numbers of EPIPE, ECONNRESET,
# ENOTCONN.
_CLOSED = (_FATAL_ALERT, -0x7280, -0x7880, -1, 32, 104, 107, 128, errno.ECONNRESET, errno.ENOTCONN)


def from_handshake(fault):
    """The typed error for what the TLS handshake raised (ValueError, OSError or MemoryError)."""
    text = " ".join(str(fault).split())
    if isinstance(fault, ValueError):
        for words, kind in _VERDICTS:
            if words in text:
                return kind("the broker's: " + text)
        return TlsFailed(text)
    number = fault.args[0] if fault.args else None
    if number == _VERIFY_FAILED:
        return BrokerUntrusted(text)
    if number in _CLOSED:
        return BrokerRefused("it ended the handshake: " + text)
    return TlsFailed(text)


# CONNACK return codes, MQTT 3.1.1 table 3.1, and their equals among MQTT 5's reason codes, which _countersign gives.
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
        return BrokerUnreachable("the broker says that its service is unavailable")
    return BrokerRefused(_CONNACK.get(code, "CONNACK code %d" % code))
