#!/usr/bin/env bash
# package.sh OUT: the package as it goes onto a board (device/package), into the new folder OUT: joined/countersign and compiled.
# PACKAGE=OUT/compiled node.sh run.mjs VERSION FILE... then runs tests with it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root libexec=$root/build/libexec out=$1
"$root/device/package/build.sh" "$libexec/firmware-names" "$out"
"$root/device/package/compile.sh" "$libexec/mpy-cross" "$libexec/firmware-names" "$out/joined/countersign" "$out/compiled"
