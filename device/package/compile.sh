#!/usr/bin/env bash
# compile.sh MPY_CROSS FIRMWARE_NAMES PACKAGE OUT: every module of the folder PACKAGE, compiled, into the new folder OUT; and the
# module `names` (interned.py).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here mpy_cross=$1 firmware_names=$2 package=$3 out=$4
if [ ! -x "$mpy_cross" ]; then
    echo "$mpy_cross, which compiles the program for boards, is missing: ./dev board makes it" >&2
    exit 1
fi

# -O3: no line numbers, since they would lie in the board's memory (4 of 64 kB of files; `load --source` brings the source,
# which has them). The name in a traceback is the module's, which is there anyway.
# 31 bits are what a small integer has on a 32-bit chip, which refuses a file that was made for more.
rm -rf "$out"
mkdir -p "$out"
compile() { "$mpy_cross" -O3 -msmall-int-bits=31 -s "$1" -o "$out/$1.mpy" "$2"; }
for source in "$package"/*.py; do
    compile "$(basename "$source" .py)" "$source"
done
"$here/interned.py" "$out" "$firmware_names" >"$package/names.py"
compile names "$package/names.py"
