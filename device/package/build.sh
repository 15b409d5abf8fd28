#!/usr/bin/env bash
# build.sh OUT: the package as it goes onto a board, made of device/countersign, into the new folder OUT/countersign; and main.py
# into OUT. What is in OUT is embedded in the program and compiled (compile.sh): whatever joins or shortens modules belongs here.
set -euo pipefail
device=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly device out=$1

rm -rf "$out"
mkdir -p "$out/countersign"
cp "$device"/countersign/*.py "$out/countersign/"
cp "$device/main.py" "$out/"
