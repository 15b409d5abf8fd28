#!/usr/bin/python3
"""That too_new.py finds what it is for, and nothing else."""

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
import unittest
import warnings

sys.dont_write_bytecode = True

import too_new  # noqa: E402
from constructs import CONSTRUCTS  # noqa: E402

# What every MicroPython from 1.22 on has, and what only looks like something else.
FINE = """
try:
    import tls
except ImportError:
    import ssl as tls
def removeprefix(text):
    return text
absolute = "a/"
text = "abc".startswith("a") or "abc".startswith(absolute) or "abc".startswith("b", 1)
if (n := 10) and (1).to_bytes(2, "big") and int.from_bytes(b"a", "little"):
    print(f"{n!r:>5}" "x", f'{["f"]}', end="", sep=" ")
first, *rest = [1, 2, 3]
x = {1: 1} | {2: 2}
y = [1, 2, 3][0:2] + list(enumerate([1], start=1)) + sorted([1], key=lambda v: v)
def f(*arguments, only, **more):
    return removeprefix(*[1], **{})
async def g():
    return [v for v in await h()]
"""


def found(source):
    program = too_new.Program(source, too_new.Program(source).defined())
    return [(line, what) for line, what, _ in too_new.found_in(program)]


class TooNew(unittest.TestCase):
    def test_every_construct_is_found_in_its_example(self):
        for what, since, _, example in CONSTRUCTS:
            with self.subTest(what):
                self.assertIn(what, [found_what for _, found_what in found(example)])

    def test_the_examples_are_python(self):
        only_there = re.compile("micropython|import (tls|vfs)|implementation._build|'a'.*== '_000'")
        warnings.simplefilter("ignore")  # files left open, coroutines never awaited
        folder = tempfile.mkdtemp()
        for what, since, _, example in CONSTRUCTS:
            if not only_there.search(example):
                with self.subTest(what):
                    exec(re.sub("'/([xy])'", r"'%s/\1'" % folder, example), {})
        shutil.rmtree(folder)

    def test_what_all_versions_have_is_left_alone(self):
        self.assertEqual(found(FINE), [])

    def test_one_planted_in_the_package_is_told_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "client.py")
            shutil.copy(os.path.join(too_new.DEVICE, "countersign/client.py"), path)
            with open(path, "a") as f:
                f.write('\n_START = ("a", "b")\n\n\ndef planted(text):\n    return text.startswith(_START)\n')
            with open(path) as f:
                line = len(f.readlines())
            told = io.StringIO()
            with contextlib.redirect_stdout(told):
                self.assertEqual(too_new.main([path]), 1)
            self.assertIn("client.py:%d: MicroPython has this from 1.25 on: startswith()" % line,
                          told.getvalue())

    def test_the_whole_package_is_looked_at(self):
        paths = [os.path.relpath(path, too_new.DEVICE) for path in too_new.programs()]
        there = os.listdir(os.path.join(too_new.DEVICE, "countersign"))
        for name in ["main.py"] + ["countersign/" + name for name in there if name.endswith(".py")]:
            self.assertIn(name, paths)


if __name__ == "__main__":
    unittest.main()
