"""From power-on to a running client: the steps, main.py at the REPL, programs on top, publish_once."""

import asyncio
import builtins
import os
import sys

said = []
_print = print


def _say(*words, **options):
    said.append(" ".join(str(word) for word in words))
    _print(*words, **options)


builtins.print = _say  # before anything takes it for a default

import broker  # noqa: E402
import check  # noqa: E402
import countersign  # noqa: E402
from countersign import board  # noqa: E402
from countersign import errors  # noqa: E402
from countersign import program as programs  # noqa: E402
from countersign.backend import backend  # noqa: E402

WIFI = 'wifi_ssid="home"\nwifi_psw="secret123"\nserver_ip="127.0.0.1"\nserver_port="%d"\n'


def new_board(conf=None, certificate="user1", anchors=("ours",)):
    """A board with this wifi.conf, in use from here on."""
    root = broker.fresh("flash")
    if certificate:
        broker.board(certificate, anchors, root)
    else:
        os.mkdir(root)
    with open(root + "/wifi.conf", "w") as f:
        f.write(WIFI % broker.GOOD if conf is None else conf)
    board.ROOT = root
    said.clear()
    for module in ("main", "app"):
        sys.modules.pop(module, None)
    return root


def with_app(root, source):
    with open(root + "/app.py", "w") as f:
        f.write(source)
    sys.path.insert(0, root)


def import_main():
    import main
    return main


def steps(word):
    return [line for line in said if word in line]


def test_import_main_prints_each_step_and_start_client_sends():
    new_board()
    heard = broker.listen("-q 1", "-t devices/user1/state")
    main = import_main()
    for step in ("Configuration OK (Wi-Fi home, broker 127.0.0.1:", "Wi-Fi OK (127.0.0.1)", "Clock OK (20",
                 "Identity OK (user1, slot a)", "Certificate OK (until 20", "Ready: main.start_client()"):
        check.equal(len(steps(step)), 1)
    main.start_client(3)
    check.equal(steps("Sending"), ["Sending ON", "Sending OFF", "Sending ON"])
    asyncio.run(broker.until(lambda: len(broker.heard(heard)) == 3, "ON, OFF, ON"))
    check.equal(broker.heard(heard), ["ON", "OFF", "ON"])
    said.clear()
    main.start_client(1)  # once more, as often as one likes
    check.equal(steps("Sending"), ["Sending ON"])


def test_no_step_shows_the_password():
    new_board()
    import_main()
    check.equal(steps("secret123"), [])


def test_import_main_says_what_is_missing_and_stays_usable():
    root = new_board('wifi_ssid="home"\n')
    main = import_main()
    check.equal(len(steps("E-WIFI-CONF")), 1)
    check.equal(len(steps("wifi_psw, server_ip, server_port")), 1)
    with open(root + "/wifi.conf", "w") as f:
        f.write(WIFI % broker.GOOD)
    main.start_client(1)
    check.equal(steps("Sending"), ["Sending ON"])


def test_no_identity():
    new_board(certificate=None)
    import_main()
    check.equal(len(steps("E-IDENTITY-MISSING")), 1)
    said.clear()
    board.boot(None)  # nobody but a person can help: back to the REPL
    check.equal(len(steps("E-IDENTITY-MISSING")), 1)


def test_wifi_conf_comes_before_the_brokers_of_the_identity():
    new_board(WIFI % broker.STRANGER)
    import_main().start_client(1)
    check.equal(len(steps("E-BROKER-UNTRUSTED")), 1)  # said, and then
    check.equal(len(steps("Connected to 127.0.0.1:%d" % broker.GOOD)), 1)


def test_commands_are_shown_and_handed_to_the_app():
    root = new_board()
    with_app(root, "came = []\n\n\ndef on_command(command, payload):\n    came.append((command, payload))\n")
    import_main()

    async def program(client):
        await programs._on_off(client, 1)
        broker.command("pub -q 1 -t devices/user1/cmd/led -m on")
        await broker.until(lambda: sys.modules["app"].came, "the command")

    board.start(program)
    sys.path.remove(root)
    check.equal(sys.modules["app"].came, [("led", b"on")])
    check.equal(steps("Received"), ["Received led b'on'"])


def test_an_app_of_ones_own_instead_of_on_and_off():
    root = new_board()
    with_app(root, 'async def main(client):\n    await client.publish("temperature", "21.5")\n')
    heard = broker.listen("-q 1", "-t devices/user1/temperature")
    import_main().start()
    sys.path.remove(root)
    asyncio.run(broker.until(lambda: broker.heard(heard), "what mosquitto_sub heard"))
    check.equal(broker.heard(heard), ["21.5"])
    check.equal(steps("Sending"), [])


def test_a_mistake_in_the_app_is_not_taken_for_its_absence():
    root = new_board()
    with_app(root, "import nonsense\n")
    import_main()
    check.raises(ImportError, programs._app)
    sys.path.remove(root)


def test_ctrl_c_leaves_everything_usable():
    new_board()
    main = import_main()

    async def interrupted(client):
        await client.wait_connected()
        raise KeyboardInterrupt

    check.raises(KeyboardInterrupt, board.start, interrupted)
    main.start_client(1)
    check.equal(steps("Sending"), ["Sending ON"])
    board.boot(interrupted)
    check.equal(said[-1], "Stopped.")


def test_a_program_that_fails_is_started_again_at_boot():
    new_board()
    starts = []

    async def fragile(client):
        await client.wait_connected()
        starts.append(1)
        if len(starts) == 1:
            raise KeyError("a fault of the program on top, printed on purpose")

    board.boot(fragile)
    check.equal(len(starts), 2)


class NoWait:
    @staticmethod
    def sleep_ms(ms):
        pass


class Starving:
    """The module esp32 when others have taken the memory of Wi-Fi and TLS: mbedTLS then says of a good
    certificate that it is badly signed."""
    HEAP_DATA = 4

    @staticmethod
    def idf_heap_info(kind):
        return [(40000, 20000, 9000, 4)]


def test_a_board_without_memory_for_tls_restarts():
    """Memory does not come back by waiting, and the line is worth more than the program's state."""
    class Reset(Exception):
        pass

    def reset():
        raise Reset

    if backend.__name__.endswith("native"):
        raise check.Skipped("the TLS of our own firmware tells the two apart")
    import machine
    from countersign import restarting
    new_board(anchors=("theirs",))
    real, machine.reset = machine.reset, reset
    clock, restarting.time = restarting.time, NoWait
    sys.modules["esp32"] = Starving
    try:
        check.raises(Reset, board.boot, lambda client: client.wait_connected())
    finally:
        del sys.modules["esp32"]
        machine.reset, restarting.time = real, clock
    check.true([line for line in said if line.startswith("E-BOARD-MEMORY") and "20000 bytes" in line])
    check.contains(said[-1], "restarts")


def test_start_raises_what_the_program_raises():
    new_board()

    async def broken(client):
        await client.wait_connected()
        raise KeyError

    check.raises(KeyError, board.start, broken)


def test_the_examples():
    new_board()
    sys.path.insert(0, errors.__file__.replace("countersign/errors.py", "examples"))
    import button
    import led_and_temperature
    heard = broker.listen("-v", "-q 1", "-R", "-t devices/user1/temperature", "-t devices/user1/button")
    led_and_temperature.on_command("led", b"on")
    check.equal(led_and_temperature.led.value(), 1)
    led_and_temperature.on_command("led", b"off")
    check.equal(led_and_temperature.led.value(), 0)

    async def both(client):
        button.button.value(1)
        tasks = [asyncio.create_task(example.main(client)) for example in (led_and_temperature, button)]
        await broker.until(lambda: len(broker.heard(heard)) == 1, "the temperature")
        button.button.value(0)
        await broker.until(lambda: len(broker.heard(heard)) == 2, "the button")
        for task in tasks:
            task.cancel()

    board.start(both)
    sys.path.pop(0)
    # 53 °C is what the virtual board's chip has.
    check.equal(broker.heard(heard), ["devices/user1/temperature 53.0", "devices/user1/button pressed"])


def test_publish_once():
    new_board()
    heard = broker.listen("-v", "-q 1", "-R", "-t 'devices/user1/#'")
    said.clear()
    countersign.publish_once("temperature", "21.5")
    countersign.publish_once("devices/user1/humidity", b"40", retain=True)
    asyncio.run(broker.until(lambda: len(broker.heard(heard)) == 2, "both"))
    # No "online", no "offline": a board that sleeps is neither.
    check.equal(broker.heard(heard), ["devices/user1/temperature 21.5", "devices/user1/humidity 40"])
    check.equal(said, [])
    broker.command("pub -q 1 -r -n -t devices/user1/humidity")


def test_publish_once_raises_why_it_could_not():
    nobody = broker.PORT + 5
    for port, kind in ((broker.STRANGER, errors.BrokerUntrusted), (nobody, errors.BrokerUnreachable)):
        root = new_board(WIFI % port)
        path = root + "/slots/a/identity.json"
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:  # this port only
            f.write(text.replace(": %d" % broker.GOOD, ": %d" % port))
        check.raises(kind, countersign.publish_once, "temperature", "21.5")


def test_load_identity():
    root = new_board()
    identity = countersign.load_identity(root)
    check.equal((identity.name, identity.slot, len(identity.anchors())), ("user1", "a", 1))
    check.raises(errors.IdentityMissing, countersign.load_identity, "/nowhere")


check.run(globals())
