#!/usr/bin/env bash
# Builds the virtual board, both kinds of it: build/libexec/micropython (MicroPython with mbedTLS and this folder's parts)
# and micropython-native (the same with _countersign built in); and build/libexec/mpremote. Does nothing when they are up to
# date with their sources here. Downloads once, into build/micropython.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
readonly here root cache=$root/build/micropython libexec=$root/build/libexec
readonly stamp=$libexec/.virtual-board
readonly JOBS=2

inputs_hash() {
    (cd "$root" && find device/board/virtual device/native core/mqtt -type f ! -name '*.mpy' ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum |
        cat - /etc/os-release | sha256sum)
}

is_up_to_date() {
    [ -x "$libexec/micropython" ] && [ -x "$libexec/micropython-native" ] && [ -x "$libexec/mpremote" ] &&
        [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]
}

only_file() { # GLOB...: the one file that is there, or nothing
    [ $# -eq 1 ] && [ -f "$1" ] && echo "$1"
}

find_sources() {
    micropython=$(only_file "$cache"/micropython_1.25.*.orig.tar.*) && mbedtls=$(only_file "$cache"/mbedtls_3.6.*.orig.tar.*)
}

build() {
    find_sources || "$here/../fetch_sources.sh" "$cache" micropython mbedtls
    find_sources || { echo "apt did not give MicroPython 1.25 and mbedTLS 3.6"; return 1; }
    local version=${micropython##*/micropython_}
    version=${version%%[+-]*}

    # The archives as their authors made them: Debian's patches would link Debian's own mbedTLS.
    local tree=$work/tree
    mkdir "$tree"
    tar -xf "$micropython" -C "$tree" --strip-components=1
    tar -xf "$mbedtls" -C "$tree/lib/mbedtls" --strip-components=1
    cp -r "$here" "$tree/ports/unix/variants/virtual"
    mkdir -p "$work/no-micropython-lib" && : >"$work/no-micropython-lib/README.md"

    local ccache=
    ! command -v ccache >/dev/null || ccache="ccache "
    # Warnings in others' code are not ours to stop for. The tag, lest the version is read from our own repository.
    local settings=(PYTHON=/usr/bin/python3 "CC=${ccache}gcc" "CXX=${ccache}g++" CFLAGS_EXTRA=-Wno-error
        MPY_LIB_DIR="$work/no-micropython-lib")
    export CCACHE_NOHASHDIR=1 # every build has a folder of its own
    export MICROPY_GIT_TAG=v$version MICROPY_GIT_HASH=release SOURCE_DATE_EPOCH=1744675200
    make -C "$tree/mpy-cross" -j"$JOBS" "${settings[@]}"
    make -C "$tree/ports/unix" -j"$JOBS" VARIANT=virtual "${settings[@]}"
    make -C "$tree/ports/unix" -j"$JOBS" VARIANT=virtual BUILD=build-native USER_C_MODULES="$root/device" "${settings[@]}"

    local out=$work/out
    mkdir -p "$out/mpremote.lib"
    cp "$tree/ports/unix/build-virtual/micropython" "$out/micropython"
    cp "$tree/ports/unix/build-native/micropython" "$out/micropython-native"
    cp -r "$tree/tools/mpremote/mpremote" "$out/mpremote.lib/"
    mkdir "$out/mpremote.lib/mpremote-$version.dist-info" # where it looks for its version
    printf 'Metadata-Version: 2.1\nName: mpremote\nVersion: %s\n' "$version" \
        >"$out/mpremote.lib/mpremote-$version.dist-info/METADATA"
    cat >"$out/mpremote" <<'END'
#!/usr/bin/python3
# mpremote as its authors wrote it; Debian's own Python, because that one has pyserial.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "mpremote.lib"))
from mpremote.main import main

sys.exit(main())
END
    chmod +x "$out/mpremote"
    /usr/bin/python3 -m compileall -q "$out/mpremote.lib"
    [ "$("$out/micropython" -c 'import asyncio, tls, machine, _board; print("ok")')" = ok ]
    [ "$("$out/micropython-native" -c 'import asyncio, tls, machine, _board, _countersign; print("ok")')" = ok ]
    "$out/mpremote" version
}

# Whole or not at all: the stamp goes first and comes back last.
publish() {
    mkdir -p "$libexec"
    rm -f "$stamp"
    rm -rf "$libexec/mpremote.lib"
    mv "$work/out/mpremote.lib" "$libexec/"
    mv -f "$work/out/mpremote" "$work/out/micropython" "$work/out/micropython-native" "$libexec/"
    echo "$wanted" >"$work/stamp"
    mv "$work/stamp" "$stamp"
}

wanted=$(inputs_hash)
! is_up_to_date || exit 0
mkdir -p "$cache"
exec {lock}>"$cache/.lock"
flock "$lock"
! is_up_to_date || exit 0
rm -rf "$cache"/work.* "$cache"/apt.* || true # of a build that was killed, whose compilers may still end
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
echo "Building MicroPython (the virtual board, both kinds); a minute or two, log in ${cache#"$root"/}/build.log"
# Not as a condition: within one, the first error would not end it.
set +e
(set -e && build) >"$cache/build.log" 2>&1 {lock}>&-
status=$?
set -e
if [ $status -ne 0 ]; then
    tail -n 20 "$cache/build.log" >&2
    echo "MicroPython was not built; the whole log is $cache/build.log" >&2
    exit 1
fi
publish
