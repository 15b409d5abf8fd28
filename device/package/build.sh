#!/usr/bin/env bash
# build.sh FIRMWARE_NAMES OUT: the package as it goes onto a board, into the new folder OUT: OUT/source as it is, for who wants to
# read it there; OUT/joined with few modules and short names, which is compiled (compile.sh). main.py is in both.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here device=$here/.. firmware_names=$1 out=$2
if [ ! -f "$firmware_names" ]; then
    echo "$firmware_names, which the package for boards is made with, is missing: ./dev board makes it" >&2
    exit 1
fi

export PYTHONDONTWRITEBYTECODE=1 # the scripts share a module, and their folder is of the sources
rm -rf "$out"
mkdir -p "$out/source/countersign" "$out/joined/countersign" "$out/long"
cp "$device"/countersign/*.py "$device"/countersign/words.txt "$out/source/countersign/"
cp "$device/main.py" "$out/source/"
"$here/join.py" "$device/countersign" "$out/long"
"$here/seldom.py" mark "$here/seldom.txt" "$out/long"
"$here/shorten.py" "$firmware_names" "$here/public_names.txt" "$here/own_names.txt" "$here/common_names.txt" "$out"/long/*.py "$out/joined/countersign"
"$here/seldom.py" move "$here/common_names.txt" "$out/joined/countersign"
"$here/outline.py" "$here/common_names.txt" "$out/joined/countersign" core:ending stock:talking native:meeting
"$here/file_names.py" "$here/public_modules.txt" "$here/common_names.txt" "$out/joined/countersign"
cp "$device"/countersign/words.txt "$out/joined/countersign/"
cp "$device/main.py" "$out/joined/"
