"""What main.py runs: the program of app.py, or ON and OFF when there is none."""

import asyncio

from . import board

_client = None  # prepared at the REPL by `import main`


def start_client(count=None):
    """Publishes ON and OFF in turn, `count` times or for ever."""
    global _client
    client, _client = _client, None
    board.start(lambda client: _on_off(client, count), client)


def start():
    """What runs at boot."""
    board.boot(_program)


def prepare():
    """Every step up to the connection, at the REPL."""
    from .errors import CountersignError
    global _client
    try:
        _client = board.run(board.prepare())
        print("Ready: main.start_client() connects, Ctrl-C stops it.")
    except CountersignError as e:
        _client = None
        print(e)


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
