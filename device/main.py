# countersign: main
"""Starts at boot: Wi-Fi, clock, identity, then the program on top. Ctrl-C stops it and leaves the REPL.

At the REPL:
    import main               prints each step
    main.start_client()       connects and publishes ON and OFF to devices/<name>/state every second
    main.start()              what runs at boot

Your own program goes into app.py beside this file, and neither is touched by an update:
    def on_command(command, payload): ...     a message to devices/<name>/cmd/<command>
    async def main(client): ...               instead of ON and OFF
"""

import asyncio

from countersign import board
from countersign.errors import CountersignError


def start_client(count=None):
    """Publishes ON and OFF in turn, `count` times or for ever."""
    global _client
    client, _client = _client, None
    board.start(lambda client: _on_off(client, count), client)


def start():
    """The program of app.py, or ON and OFF when there is none; as at boot."""
    board.boot(_program)


async def _program(client):
    app = _app()
    if hasattr(app, "main"):
        _listen(client, app)
        await app.main(client)
    else:
        await _on_off(client, None)


async def _on_off(client, count):
    _listen(client, _app())
    await client.wait_connected()
    sent = 0
    while count is None or sent < count:
        message = "OFF" if sent % 2 else "ON"
        print("Sending " + message)
        await client.publish("state", message)
        sent += 1
        await asyncio.sleep(1)


def _listen(client, app):
    """Shows every command and hands it to app.on_command."""
    start = len(client.topic("cmd/"))
    hook = getattr(app, "on_command", None)

    def show(topic, payload):
        print("Received", topic[start:], payload)
        if hook:
            hook(topic[start:], payload)

    client.subscribe("cmd/#", show)


def _app():
    """The module app, or None. A fault inside app.py is not mistaken for its absence."""
    try:
        import app
        return app
    except ImportError as e:
        if "'app'" not in str(e):
            raise
        return None


def _prepare():
    try:
        client = board.run(board.prepare())
        print("Ready: main.start_client() connects, Ctrl-C stops it.")
        return client
    except CountersignError as e:
        print(e)
        return None


# At boot this file runs as __main__; at the REPL `import main` only prepares.
if __name__ == "__main__":
    _client = None
    start()
else:
    _client = _prepare()
