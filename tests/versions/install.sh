#!/usr/bin/env bash
# MicroPython's own builds for Node, one a version (package.json), into build/versions, and the asyncio for those that have none
# or a browser's. Does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
readonly here root out=$root/build/versions sources=$root/build/micropython
readonly described=("$here/package.json" "$here/package-lock.json" "$here/.npmrc" "${BASH_SOURCE[0]}")

# Of the sources that the virtual board is built of.
unpack_asyncio() {
    compgen -G "$sources/micropython_1.25.*.orig.tar.*" >/dev/null || "$root/device/board/fetch_sources.sh" "$sources" micropython
    local archive=("$sources"/micropython_1.25.*.orig.tar.*)
    rm -rf "$out/asyncio"
    mkdir "$out/asyncio"
    tar -xf "${archive[0]}" -C "$out/asyncio" --strip-components=3 --wildcards '*/extmod/asyncio/*.py'
}

wanted=$(cat "${described[@]}" | sha256sum)
[ "$wanted" != "$(cat "$out/.stamp" 2>/dev/null)" ] || exit 0
mkdir -p "$out"
rm -f "$out/.stamp"
cp "${described[@]:0:3}" "$out"
(cd "$out" && npm ci --no-progress)
unpack_asyncio
echo "$wanted" >"$out/.stamp"
