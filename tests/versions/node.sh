#!/usr/bin/env bash
# node.sh SCRIPT ARGUMENTS...: with Node, where the builds are installed; skipped (77) with the reason otherwise.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ ! -f "$here/../../build/versions/.stamp" ]; then
    echo "skipped: MicroPython's builds for Node are not installed; ./dev test does that"
    exit 77
fi
exec node "$here/$1" "${@:2}"
