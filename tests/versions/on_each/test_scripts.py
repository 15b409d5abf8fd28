"""The Python that `load` runs on a board (host/loader/board_scripts.cpp), on this version."""

import binascii
import hashlib
import os

import check

SOURCE = "/host/loader/board_scripts.cpp"


def scripts():
    """Those that stand there as a whole."""
    with open(SOURCE) as f:
        parts = f.read().split('R"(')[1:]
    return [part[:part.index(')"')] for part in parts]


board = {}
for _script in scripts():
    exec(_script, board)


def test_all_scripts_have_run():
    for name in ("_cs_done", "_cs_facts", "_cs_clear", "_cs_try", "_cs_in_place", "_cs_wifi"):
        check.true(name in board, name)


def sha(content):
    return binascii.hexlify(hashlib.sha256(content).digest()).decode()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def test_a_file_is_written_and_one_that_arrived_damaged_is_not():
    for content, told, ends in ((b"x" * 1000, sha(b"x" * 1000), True), (b"y" * 1000, sha(b"z"), False)):
        board["_cs_open"]("/new/folder/file")
        board["_cs_add"](binascii.b2a_base64(content))
        if ends:
            board["_cs_done"](told)
        else:
            check.contains(str(check.raises(ValueError, board["_cs_done"], told)), "CS-READBACK")
        check.equal(read("/new/folder/file"), b"x" * 1000)


def test_files_are_exchanged():
    for name in ("one", "two"):
        board["_cs_open"]("/ours/%s.mpy" % name)
        board["_cs_staged"](sha(b""))
    board["_cs_in_place"]("/ours/one.py", b"1")
    board["_cs_exchange"](["/ours/one.mpy", "/ours/two.mpy"], ["/ours/one.py", "/ours/none.py"])
    check.equal(sorted(os.listdir("/ours")), ["one.mpy", "two.mpy"])


def test_a_slot_is_emptied():
    for name in ("key.der", "identity.json"):
        board["_cs_open"]("/slots/b/" + name)
        board["_cs_done"](sha(b""))
    board["_cs_clear"]("/slots/b")
    check.equal(os.listdir("/slots/b"), [])


def test_wifi_conf_keeps_what_is_not_ours():
    board["_cs_in_place"]("/wifi.conf", b'# mine\r\nwifi_ssid="old"\r\nled="2"\r\n')
    board["_cs_wifi"]({"wifi_ssid": 'wifi_ssid="home"', "server_port": 'server_port="8883"'})
    check.equal(read("/wifi.conf"),
                b'# mine\nwifi_ssid="home"\nled="2"\nwifi_psw=""\nserver_ip=""\nserver_port="8883"\n')


def test_the_firmware_takes_an_identity():
    for name in ("cert.der", "key.der", "anchor0.der"):
        board["_cs_open"]("/slots/a/" + name)
        board["_cs_add"](binascii.b2a_base64(b"\x30\x00"))
        board["_cs_done"](sha(b"\x30\x00"))
    board["_cs_try"]("/slots/a", 1)


check.run(globals())
