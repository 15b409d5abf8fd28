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

from countersign import program

start_client = program.start_client
start = program.start

# At boot this file runs as __main__; at the REPL `import main` only prepares.
if __name__ == "__main__":
    start()
else:
    program.prepare()
