"""The lines of our small state files: words, then their CRC-32, so that a torn one is told from a whole
one."""

import binascii


def sealed(text):
    """A line of one of our small state files: `text`, which ends in a space, and its CRC-32."""
    return ("%s%08x\n" % (text, binascii.crc32(text.encode()))).encode()


def unsealed(line, magic):
    """The words between `magic 1` and the checksum; None when the line is missing, torn or another's."""
    if not line or len(line) > 128:
        return None
    try:
        text = str(line, "utf-8")
    except UnicodeError:
        return None
    cut = text.rfind(" ") + 1
    words = text.split(" ")
    if words[0] != magic or words[1:2] != ["1"] or sealed(text[:cut]) != line:
        return None
    return words[2:-1]
