#!/usr/bin/env bash
# Compiles MicroPython with _countersign for the RP2040 (Cortex-M0+) through micropython.cmake: build/libexec/rp2040.elf. It is
# there to show that the module compiles and links for a small chip with another toolchain; nothing runs it. Does nothing when
# it is up to date. Needs gcc-arm-none-eabi and libstdc++-arm-none-eabi-newlib; downloads once, into build/micropython.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
readonly here root cache=$root/build/micropython libexec=$root/build/libexec
readonly stamp=$libexec/.rp2040
readonly JOBS=2

inputs_hash() {
    (cd "$root" && find device/board/rp2040 device/native core/mqtt -type f -print0 | sort -z | xargs -0 sha256sum |
        cat - /etc/os-release | sha256sum)
}

only_file() { # GLOB...: the one file that is there, or nothing
    [ $# -eq 1 ] && [ -f "$1" ] && echo "$1"
}

find_sources() {
    micropython=$(only_file "$cache"/micropython_1.25.*.orig.tar.*) && mbedtls=$(only_file "$cache"/mbedtls_3.6.*.orig.tar.*)
}

find_packages() {
    sdk=$(only_file "$cache"/pico-sdk-source_*.deb) && tinyusb=$(only_file "$cache"/tinyusb-source_*.deb)
}

unpack() {
    tar -xf "$micropython" -C "$tree" --strip-components=1
    tar -xf "$mbedtls" -C "$tree/lib/mbedtls" --strip-components=1
    dpkg -x "$sdk" "$work/sdk"
    dpkg -x "$tinyusb" "$work/tinyusb"
    rmdir "$tree/lib/pico-sdk" "$tree/lib/tinyusb"
    mv "$work/sdk/usr/src/pico-sdk" "$work/tinyusb/usr/src/tinyusb" "$tree/lib/"
}

build() {
    find_sources || "$here/../fetch_sources.sh" "$cache" micropython mbedtls
    find_packages || "$here/../fetch_sources.sh" --packages "$cache" pico-sdk-source tinyusb-source
    find_sources && find_packages
    local tree=$work/tree
    mkdir "$tree" "$work/no-micropython-lib" && unpack
    : >"$work/no-micropython-lib/README.md"
    export MICROPY_GIT_TAG=v1.25.0 MICROPY_GIT_HASH=release CCACHE_NOHASHDIR=1
    make -C "$tree/mpy-cross" -j"$JOBS" PYTHON=/usr/bin/python3 CFLAGS_EXTRA=-Wno-error
    # The program that turns ELF into the bootloader's format would be downloaded; ELF is all we ask for.
    cmake -S "$tree/ports/rp2" -B "$work/rp2" -G Ninja -DMICROPY_BOARD=RPI_PICO -DPICO_NO_PICOTOOL=1 \
        -DMICROPY_LIB_DIR="$work/no-micropython-lib" -DMICROPY_FROZEN_MANIFEST="$here/manifest.py" \
        -DUSER_C_MODULES="$root/device/native/micropython.cmake"
    cmake --build "$work/rp2" -j"$JOBS" --target firmware
    cp "$work/rp2/firmware.elf" "$work/rp2040.elf"
    arm-none-eabi-nm "$work/rp2040.elf" | grep countersign_module >/dev/null  # -q would end nm by SIGPIPE
    arm-none-eabi-size "$work/rp2040.elf"
}

wanted=$(inputs_hash)
[ ! -f "$libexec/rp2040.elf" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
mkdir -p "$cache" "$libexec"
work=$(mktemp -d "$cache/rp2040.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
set +e
(set -e && build) >"$cache/rp2040.log" 2>&1
status=$?
set -e
if [ $status -ne 0 ]; then
    tail -n 20 "$cache/rp2040.log" >&2
    echo "The RP2040 firmware was not built; the whole log is $cache/rp2040.log" >&2
    exit 1
fi
rm -f "$stamp"
mv "$work/rp2040.elf" "$libexec/"
echo "$wanted" >"$stamp"
tail -n 2 "$cache/rp2040.log"
