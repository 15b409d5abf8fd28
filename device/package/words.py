#!/usr/bin/env python3
"""words.py CATALOGUE FAULTS: the words of the board's errors, a line each, out of the project's one
catalogue.

FAULTS is the package's faults.py, which says which codes a board has.
"""

import pathlib
import re
import sys

_ENTRY = re.compile(r'^ENTRY\(\w+, "([^"]+)", "([^"]+)", "([^"]+)"\)$', re.M)


def main(catalogue, faults):
    entries = {code: (what, cure) for code, what, cure in _ENTRY.findall(pathlib.Path(catalogue).read_text())}
    codes = re.findall(r'\("(E-[A-Z0-9-]+)", (?:True|False), ', pathlib.Path(faults).read_text())
    for code in ["E-INTERNAL"] + codes:
        print("%s\t%s\t%s" % ((code,) + entries[code]))


main(*sys.argv[1:])
