#!/usr/bin/env bash
# Builds the firmware of the RISC-V board, both kinds of it: build/libexec/micropython-rv32, and micropython-rv32-native with
# _countersign built in. Does nothing when they are up to date with their sources here. Downloads once, into
# build/micropython. Needs gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and libstdc++-arm-none-eabi-dev.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
readonly here root cache=$root/build/micropython libexec=$root/build/libexec
readonly stamp=$libexec/.rv32-board log=$cache/rv32.build.log
readonly KINDS=(micropython-rv32 micropython-rv32-native)
readonly JOBS=2

inputs_hash() {
    (cd "$root" && find device/board/rv32 device/board/virtual/modules device/native core/mqtt -type f ! -name '*.mpy' \
        ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum | cat - /etc/os-release | sha256sum)
}

is_up_to_date() {
    local kind
    for kind in "${KINDS[@]}"; do
        [ -x "$libexec/$kind" ] || return 1
    done
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]
}

only_file() { # GLOB...: the one file that is there, or nothing
    [ $# -eq 1 ] && [ -f "$1" ] && echo "$1"
}

find_sources() {
    micropython=$(only_file "$cache"/micropython_1.25.*.orig.tar.*) && mbedtls=$(only_file "$cache"/mbedtls_3.6.*.orig.tar.*) &&
        lwip=$(only_file "$cache"/lwip_2.*.orig.tar.*)
}

# What is not there yet; mbedTLS and MicroPython are those of the virtual board.
fetch_sources() {
    local package missing=()
    for package in micropython mbedtls lwip; do
        compgen -G "$cache/${package}_*.orig.tar.*" >/dev/null || missing+=("$package")
    done
    "$here/../fetch_sources.sh" "$cache" "${missing[@]}"
}

build() {
    find_sources || fetch_sources
    find_sources || { echo "apt did not give MicroPython 1.25, mbedTLS 3.6 and lwIP 2"; return 1; }
    local version=${micropython##*/micropython_}
    version=${version%%[+-]*}

    local tree=$work/tree
    mkdir "$tree"
    tar -xf "$micropython" -C "$tree" --strip-components=1
    tar -xf "$mbedtls" -C "$tree/lib/mbedtls" --strip-components=1
    mkdir -p "$tree/lib/lwip"
    tar -xf "$lwip" -C "$tree/lib/lwip" --strip-components=1
    cp -r "$here" "$tree/ports/rv32"
    cp -r "$here/../virtual" "$tree/ports/virtual" # for its doubles of ESP32's modules
    mkdir -p "$work/no-micropython-lib" && : >"$work/no-micropython-lib/README.md"

    local ccache=
    ! command -v ccache >/dev/null || ccache="ccache "
    local common=(PYTHON=/usr/bin/python3 MPY_LIB_DIR="$work/no-micropython-lib" CFLAGS_EXTRA=-Wno-error)
    local cross=("CC=${ccache}riscv64-unknown-elf-gcc" "CXX=${ccache}riscv64-unknown-elf-g++")
    export CCACHE_NOHASHDIR=1 # every build has a folder of its own
    # The tag, lest the version is read from our own repository.
    export MICROPY_GIT_TAG=v$version MICROPY_GIT_HASH=release SOURCE_DATE_EPOCH=1744675200
    make -C "$tree/mpy-cross" -j"$JOBS" "${common[@]}" "CC=${ccache}gcc"
    make -C "$tree/ports/rv32" -j"$JOBS" "${common[@]}" "${cross[@]}"
    make -C "$tree/ports/rv32" -j"$JOBS" BUILD=build-native USER_C_MODULES="$root/device" "${common[@]}" "${cross[@]}"

    mkdir "$work/out"
    cp "$tree/ports/rv32/build/firmware.elf" "$work/out/micropython-rv32"
    cp "$tree/ports/rv32/build-native/firmware.elf" "$work/out/micropython-rv32-native"
}

# Whole or not at all: the stamp goes first and comes back last.
publish() {
    mkdir -p "$libexec"
    rm -f "$stamp"
    mv -f "$work/out"/* "$libexec/"
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
echo "Building MicroPython (the RISC-V board, both kinds); a minute or two, log in ${log#"$root"/}"
# Not as a condition: within one, the first error would not end it.
set +e
(set -e && build) >"$log" 2>&1 {lock}>&-
status=$?
set -e
if [ $status -ne 0 ]; then
    tail -n 20 "$log" >&2
    echo "The RISC-V board was not built; the whole log is $log" >&2
    exit 1
fi
publish
