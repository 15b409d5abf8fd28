#!/usr/bin/env bash
# on_board.sh SCRIPT VERSION ARGUMENTS...: node.sh SCRIPT with the package as it goes onto a board, joined and compiled
# (device/package); as source where SCRIPT is preceded by --source.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root compiler=$root/build/libexec/mpy-cross
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$root/device/package/build.sh" "$made/source"
if [ "$1" = --source ]; then
    shift
    PACKAGE=$made/source/countersign "$here/node.sh" "$@"
    exit
fi
if [ ! -x "$compiler" ]; then
    echo "skipped: there is no $compiler; ./dev board makes it"
    exit 77
fi
"$root/device/package/compile.sh" "$compiler" "$made/source/countersign" "$made/compiled"
PACKAGE=$made/compiled "$here/node.sh" "$@"
