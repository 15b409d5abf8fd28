# shellcheck shell=bash
# What every board's build.sh shares. Sourced by it, with SOURCES set to what its firmware is made of; it defines build() and
# ends with `build_firmware`. Downloads once, into build/micropython.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root cache=$root/build/micropython libexec=$root/build/libexec boards=$root/device/board
readonly JOBS=2

inputs_hash() {
    (cd "$root" && find device/board/*.sh "${SOURCES[@]}" -type f ! -name '*.mpy' ! -path '*/__pycache__/*' -print0 | sort -z |
        xargs -0 sha256sum | cat - /etc/os-release | sha256sum)
}

# fetch PACKAGE...: the original archives that are not there yet. apt verifies them.
fetch() {
    local package missing=()
    for package in "$@"; do
        compgen -G "$cache/${package}_*.orig.tar.*" >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || "$boards/fetch_sources.sh" "$cache" "${missing[@]}"
}

# source_of PACKAGE VERSION: its archive.
source_of() {
    local found=("$cache/$1_$2"*.orig.tar.*)
    if [ ${#found[@]} -ne 1 ] || [ ! -f "${found[0]}" ]; then
        echo "apt did not give $1 $2" >&2
        return 1
    fi
    echo "${found[0]}"
}

# Into $tree: MicroPython with mbedTLS, as their authors made them, since Debian's patches would link Debian's own mbedTLS;
# and mpy-cross, compiled. Leaves $version, $ccache, and in $settings what every make of it is told.
unpack_micropython() {
    local micropython mbedtls
    fetch micropython mbedtls
    micropython=$(source_of micropython 1.25.)
    mbedtls=$(source_of mbedtls 3.6.)
    version=${micropython##*/micropython_}
    version=${version%%[+-]*}
    tree=$work/tree
    mkdir "$tree" "$work/no-micropython-lib"
    : >"$work/no-micropython-lib/README.md"
    tar -xf "$micropython" -C "$tree" --strip-components=1
    tar -xf "$mbedtls" -C "$tree/lib/mbedtls" --strip-components=1

    ccache=
    ! command -v ccache >/dev/null || ccache="ccache "
    # Warnings in others' code are not ours to stop for.
    settings=(PYTHON=/usr/bin/python3 MPY_LIB_DIR="$work/no-micropython-lib" CFLAGS_EXTRA=-Wno-error)
    export CCACHE_NOHASHDIR=1 # every build has a folder of its own
    # The tag, lest the version is read from our own repository.
    export MICROPY_GIT_TAG=v$version MICROPY_GIT_HASH=release SOURCE_DATE_EPOCH=1744675200
    make -C "$tree/mpy-cross" -j"$JOBS" "${settings[@]}" "CC=${ccache}gcc"
}

is_up_to_date() {
    local product
    for product in "${products[@]}"; do
        [ -e "$libexec/$product" ] || return 1
    done
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]
}

# Whole or not at all: the stamp goes first and comes back last.
publish() {
    mkdir -p "$libexec"
    rm -f "$stamp"
    local product
    for product in "${products[@]}"; do
        [ ! -d "$libexec/$product" ] || rm -rf "${libexec:?}/$product"
        mv -f "$work/out/$product" "$libexec/"
    done
    echo "$wanted" >"$work/stamp"
    mv "$work/stamp" "$stamp"
}

# build_firmware NAME TITLE PRODUCT...: build() leaves the PRODUCTs in $work/out, and they come into build/libexec. Does nothing
# when they are there, made of the same sources.
build_firmware() {
    local -r stamp=$libexec/.$1-board log=$cache/$1.build.log title=$2 products=("${@:3}")
    local wanted lock status
    wanted=$(inputs_hash)
    ! is_up_to_date || return 0
    mkdir -p "$cache"
    exec {lock}>"$cache/.lock"
    flock "$lock"
    ! is_up_to_date || return 0
    rm -rf "$cache"/work.* "$cache"/apt.* || true # of a build that was killed, whose compilers may still end
    work=$(mktemp -d "$cache/work.XXXXXX")
    mkdir "$work/out"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    echo "Building MicroPython ($title); a minute or two, log in ${log#"$root"/}"
    # Not as a condition: within one, the first error would not end it.
    set +e
    (set -e && build) >"$log" 2>&1 {lock}>&-
    status=$?
    set -e
    if [ $status -ne 0 ]; then
        tail -n 20 "$log" >&2
        echo "MicroPython ($title) was not built; the whole log is $log" >&2
        return 1
    fi
    publish
}
