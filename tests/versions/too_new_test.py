#!/usr/bin/python3
"""That too_new.py finds what it is for, and nothing else."""

import contextlib
import io
import json
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

    def test_one_planted_in_a_program_is_told_with_its_place(self):
        for path, plant in (("device/main.py", '\n_PLANT = ("a", "b")\n"a".startswith(_PLANT)\n'),
                            ("host/loader/board_scripts.cpp",
                             '\nauto plant = R"(import os\n"a".startswith(("a", "b"))\n)";\n')):
            with self.subTest(path), tempfile.TemporaryDirectory() as folder:
                copy = os.path.join(folder, os.path.basename(path))
                shutil.copy(os.path.join(too_new.ROOT, path), copy)
                with open(copy, "a") as f:
                    f.write(plant)
                with open(copy) as f:
                    line = [i for i, text in enumerate(f, 1) if text.startswith('"a".startswith')][0]
                told = io.StringIO()
                with contextlib.redirect_stdout(told):
                    self.assertEqual(too_new.main([copy]), 1)
                self.assertIn(":%d: MicroPython has this from 1.25 on: startswith() with a tuple" % line,
                              told.getvalue())

    def test_all_programs_are_looked_at(self):
        paths = [os.path.relpath(path, too_new.ROOT) for path in too_new.programs()]
        there = os.listdir(os.path.join(too_new.ROOT, "device/countersign"))
        for path in ["device/main.py", "host/loader/board_scripts.cpp"] + [
                "device/countersign/" + name for name in there if name.endswith(".py")]:
            self.assertIn(path, paths)
        scripts = too_new.parts_of(os.path.join(too_new.ROOT, "host/loader/board_scripts.cpp"))
        self.assertGreater(len(scripts), 5)

    def test_the_oldest_version_is_the_same_everywhere(self):
        oldest = "%d.%d" % too_new.OLDEST
        with open(os.path.join(too_new.HERE, "package.json")) as f:
            self.assertTrue(min(json.load(f)["dependencies"]).startswith("micropython-%s." % oldest))
        for path, said in (("host/loader/load.h", 'kOldestFirmware = "%s"'),
                           ("core/errors/catalogue.def", "MicroPython %s or newer"),
                           ("README.md", "MicroPython %s"), ("docs/guide.md", "MicroPython %s")):
            with open(os.path.join(too_new.ROOT, path)) as f:
                self.assertIn(said % oldest, f.read(), path)


if __name__ == "__main__":
    unittest.main()
