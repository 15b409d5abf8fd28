"""What the firmware says, in our words; and every code in the project's one catalogue."""

import check
from countersign import errors, faults


def kind_of(fault):
    return faults.from_handshake(fault).code


def test_verdicts_of_mbedtls_3_6():
    # Texts as MicroPython 1.25 raises them.
    for text, code in (
        ("The certificate is not correctly signed by the trusted CA\n", "E-BROKER-UNTRUSTED"),
        ("The certificate Common Name (CN) does not match with the expected CN\n", "E-BROKER-NAME"),
        ("The certificate validity starts in the future\n", "E-CERT-NOT-YET"),
        ("The certificate validity has expired\n", "E-CERT-EXPIRED"),
    ):
        fault = faults.from_handshake(ValueError(text))
        check.equal(fault.code, code)
        check.true(fault.permanent)


def test_the_worst_of_several_verdicts():
    text = "The certificate validity has expired\nThe certificate is not correctly signed by the trusted CA\n"
    check.equal(kind_of(ValueError(text)), "E-BROKER-UNTRUSTED")
    check.equal(
        kind_of(ValueError("The certificate Common Name (CN) does not match with the expected CN\n"
                           "The certificate validity starts in the future\n")), "E-CERT-NOT-YET")


def test_a_broker_that_ends_the_handshake():
    alert = OSError(-30592, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE")
    for fault in (OSError(32), OSError(104), OSError(-1), alert):
        check.equal(kind_of(fault), "E-BROKER-REFUSED")


def test_anything_else_of_tls():
    check.equal(kind_of(ValueError("bad")), "E-TLS-FAILED")
    check.equal(kind_of(OSError(-0x7200, "MBEDTLS_ERR_SSL_INVALID_RECORD")), "E-TLS-FAILED")
    check.equal(kind_of(OSError(-0x2700, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED")), "E-BROKER-UNTRUSTED")


def test_no_memory_is_not_told_as_a_wrong_address():
    for fault in (OSError(12), OSError(-0x7F00, "MBEDTLS_ERR_SSL_ALLOC_FAILED"), OSError(-0x10),
                  MemoryError("memory allocation failed, allocating 16384 bytes")):
        check.equal(kind_of(fault), "E-BOARD-MEMORY")


def test_connack_codes_table_3_1():
    for number, code, word in (
        (1, "E-BROKER-REFUSED", "3.1.1"), (2, "E-BROKER-REFUSED", "client id"),
        (3, "E-BROKER-UNREACHABLE", "unavailable"), (4, "E-BROKER-REFUSED", "user name"),
        (5, "E-BROKER-REFUSED", "not authorised"), (77, "E-BROKER-REFUSED", "77"),
    ):
        fault = faults.from_connack(number)
        check.equal(fault.code, code)
        check.contains(str(fault), word)


def kinds():
    return [getattr(errors, name) for name in faults.KINDS]


def test_every_code_is_in_the_catalogue_once():
    # errors.py is device/countersign/errors.py
    path = errors.__file__.replace("device/countersign/errors.py", "core/errors/catalogue.def")
    with open(path) as f:
        catalogue = f.read()
    check.true(len(kinds()) > 15, "the kinds were not found")
    for kind in kinds():
        check.equal(catalogue.count('"%s"' % kind.code), 1)
    check.equal(len(set(kind.code for kind in kinds())), len(kinds()))


def test_every_error_says_what_and_what_to_do():
    for kind in kinds():
        what, cure = faults.words(kind.code)
        fault = kind("the detail")
        check.true(what and cure, kind.code)
        check.equal(str(fault), "%s: %s (the detail) To cure it: %s." % (kind.code, what, cure))


def test_a_kind_is_made_once():
    check.true(errors.BrokerRefused is errors.BrokerRefused)
    check.true(issubclass(errors.BrokerRefused, errors.CountersignError))
    check.equal((errors.BrokerRefused.permanent, errors.BrokerRefused.own), (True, True))
    check.raises(AttributeError, getattr, errors, "NoSuchKind")


def test_without_the_words_a_fault_still_has_its_code():
    real, faults._WORDS = faults._WORDS, "/nowhere.txt"
    try:
        check.equal(str(errors.BrokerSilent("no PINGRESP")), "E-BROKER-SILENT: (no PINGRESP)")
    finally:
        faults._WORDS = real


check.run(globals())
