#!/usr/bin/env bash
# bytecode.sh VERSION: the package as bytecode of the virtual board's compiler, on that MicroPython.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root compiler=$root/build/libexec/mpy-cross
if [ ! -x "$compiler" ]; then
    echo "skipped: there is no $compiler"
    exit 77
fi
COMPILED=$(mktemp -d)
export COMPILED
trap 'rm -rf "$COMPILED"' EXIT
for file in "$root"/device/countersign/*.py; do
    name=$(basename "$file" .py)
    "$compiler" -s "$name.py" -o "$COMPILED/$name.mpy" "$file"
done
"$here/node.sh" run.mjs "$1" test_bytecode.py
