#!/usr/bin/env python3
"""What a device pays: the package on the RISC-V board in QEMU, where instructions are counted and not timed.

device_bench.py [COUNTERSIGN]       the program; else build/bin/countersign

Instructions are those of an ESP32-C3's instruction set, waiting left out (QEMU's -icount).
Heap is MicroPython's, in which TLS has its memory here too: the highest above where it stood,
as a collection at every two kilobytes sees it.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAMES = {
    "key": "a new key",
    "request": "a signed request",
    "signature": "a signature",
    "verification": "a verification",
    "connect": "connect, full handshake",
    "connect_again": "connect again",
    "publish_qos0": "publish, QoS 0",
    "publish_qos1": "publish, QoS 1",
    "renewal": "a renewal",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(stream, text, seconds=90):
    """The lines up to the one with `text`."""
    end, lines = time.monotonic() + seconds, []
    while time.monotonic() < end:
        line = stream.readline()
        if not line:
            break
        lines.append(line)
        if text in line:
            return lines
    raise SystemExit("no %r in:\n%s" % (text, "".join(lines)))


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.running = []

    def command(self, *arguments):
        return [self.program, "--home", self.folder + "/home", *arguments]

    def must(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True)
        if done.returncode:
            raise SystemExit("countersign %s: %s" % (" ".join(arguments), done.stdout + done.stderr))
        return done.stdout

    def start(self, command, text):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.running.append(process)
        wait_for(process.stdout, text)
        return process

    def stop(self, process):
        process.terminate()
        process.stdout.close()
        process.wait()
        self.running.remove(process)

    def figures(self, port, built_in):
        """Of one firmware and backend, from the board at this port."""
        with open(ROOT + "/bench/device/measure.py") as f:
            script = "BUILT_IN = %r\n%s" % (built_in, f.read())
        on_board = subprocess.Popen([ROOT + "/build/libexec/mpremote", "connect", port, "exec", script],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.running.append(on_board)
        wait_for(on_board.stdout, "# ready to renew", 300)
        self.must("renew", "user1", "--wait", "0")
        line = wait_for(on_board.stdout, "FIGURES ", 120)[-1]
        self.stop(on_board)
        return json.loads(line.split(" ", 1)[1])


def rows(figures):
    kinds = list(figures)
    yield ["instructions (million)"] + kinds
    for key, name in NAMES.items():
        yield [name] + ["%.2f" % (figures[kind][key]["instructions"] / 1e6) for kind in kinds]
    yield ["peak heap (bytes)"] + kinds
    for key, name in NAMES.items():
        if "heap" in figures[kinds[0]][key]:
            yield [name] + [str(figures[kind][key]["heap"]) for kind in kinds]
    yield ["held while connected"] + [str(figures[kind]["connect"]["held"]) for kind in kinds]
    stacks = [max(figure.get("stack", 0) for figure in figures[kind].values()) for kind in kinds]
    yield ["deepest stack (bytes)"] + [str(stack) for stack in stacks]


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT + "/build/bin/countersign"
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(program, folder)
        try:
            bench.must("init", "127.0.0.1", "--no-passphrase", "--port", str(free_port()))
            bench.start(bench.command("up", "--address", "127.0.0.1"), "answering devices")
            port = folder + "/port"
            for kind, flags, built_in in (("python", [], False), ("native", ["--native"], True)):
                flash = "%s/%s" % (folder, kind)
                command = bench.command("board", "--riscv", "--counted", "--dir", flash,
                                        "--port", port, *flags)
                board = bench.start(command, "MicroPython")
                bench.must("load", "user1", "--port", port, "--wifi-ssid", "home", "--replace")
                figures[kind] = bench.figures(port, built_in)
                bench.stop(board)
        finally:
            for process in bench.running[::-1]:
                process.terminate()
                process.wait()
    for row in rows(figures):
        print("%-28s" % row[0] + "".join("%14s" % cell for cell in row[1:]))


main()
