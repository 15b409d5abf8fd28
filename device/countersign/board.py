"""From power-on to a running client, as main.py does it. What happens on the way up is preparing.py's."""

import asyncio

# Where wifi.conf and slots/ are. '/' on a board; a test points it at a folder of its own.
ROOT = "/"


def run(work):
    """asyncio.run() that leaves nothing behind, so that the REPL can start again after Ctrl-C."""
    try:
        return asyncio.run(work)
    finally:
        asyncio.new_event_loop()


async def prepare(say=print, patience=3, **options):
    """Does every step up to the connection and returns a Client; `options` are passed on to it, `patience` is
    that of lifecycle.Lifecycle."""
    client = await _prepared(say, patience, options)
    await client._lifecycle.first_turn()
    return client


async def _prepared(say, patience, options):
    from .preparing import prepare
    return await prepare(ROOT, say, patience, options)


def start(program, client=None, **options):
    """Prepares, connects and runs `async def program(client)` until it returns; then says "offline" and
    disconnects. Ctrl-C ends it and leaves the REPL usable."""
    made = [client]

    async def connected_program():
        if made[0] is None:
            made[0] = await prepare(**options)
        # The program first: what it imports finds more room now than beside a connection.
        await asyncio.gather(_then_close(program, made[0]), made[0].run())

    try:
        run(connected_program())
    finally:
        if made[0]:
            made[0].abort()


async def _then_close(program, client):
    try:
        await program(client)
    finally:
        await client.close()


def boot(program):
    """start() for a board nobody looks at: what may pass is tried again, for ever and ever slower. Returns
    when only a person at the board can help, or on Ctrl-C."""
    backoff = None
    while True:
        try:
            start(program)
            return
        except KeyboardInterrupt:
            print("Stopped.")
            return
        except Exception as e:
            from .restarting import pause
            backoff = pause(e, backoff)
            if not backoff:
                return
