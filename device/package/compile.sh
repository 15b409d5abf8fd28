#!/usr/bin/env bash
# compile.sh MPY_CROSS PACKAGE OUT: every module of the folder PACKAGE, compiled, into the new folder OUT.
set -euo pipefail
readonly mpy_cross=$1 package=$2 out=$3
if [ ! -x "$mpy_cross" ]; then
    echo "$mpy_cross, which compiles the program for boards, is missing: ./dev board makes it" >&2
    exit 1
fi

# -O3: no line numbers, since they would lie in the board's memory (4 of 64 kB of files; `load --source` brings the source,
# which has them). The name in a traceback is the module's, which is there anyway.
# 31 bits are what a small integer has on a 32-bit chip, which refuses a file that was made for more.
rm -rf "$out"
mkdir -p "$out"
for source in "$package"/*.py; do
    module=$(basename "$source" .py)
    "$mpy_cross" -O3 -msmall-int-bits=31 -s "$module" -o "$out/$module.mpy" "$source"
done
