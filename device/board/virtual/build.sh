#!/usr/bin/env bash
# Builds the virtual board, both kinds of it: build/libexec/micropython (MicroPython with mbedTLS and this folder's parts)
# and micropython-native (the same with _countersign built in); and build/libexec/mpremote and what the package for boards
# is made with: mpy-cross, which compiles it, and firmware-names.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCES=(device/board/virtual device/native core/mqtt)
# shellcheck source=device/board/firmware.sh
. "$here/../firmware.sh"

build() {
    unpack_micropython
    cp -r "$here" "$tree/ports/unix/variants/virtual"
    settings+=(VARIANT=virtual "CC=${ccache}gcc" "CXX=${ccache}g++")
    make -C "$tree/ports/unix" -j"$JOBS" "${settings[@]}"
    make -C "$tree/ports/unix" -j"$JOBS" BUILD=build-native USER_C_MODULES="$root/device" "${settings[@]}"

    local out=$work/out
    cp "$tree/ports/unix/build-virtual/micropython" "$out/micropython"
    cp "$tree/ports/unix/build-native/micropython" "$out/micropython-native"
    cp "$tree/mpy-cross/build/mpy-cross" "$out/mpy-cross"
    firmware_names >"$out/firmware-names"
    make_mpremote
    [ "$("$out/micropython" -c 'import asyncio, tls, machine, _board; print("ok")')" = ok ]
    [ "$("$out/micropython-native" -c 'import asyncio, tls, machine, _board, _countersign; print("ok")')" = ok ]
    "$out/mpremote" version
    "$out/mpy-cross" --version
}

# The names that a firmware for ESP32 has itself, one a line: those in its C sources, and all words of its frozen modules
# (ntptime is not in the tree). device/package/shorten.py leaves them alone.
firmware_names() {
    (
        cd "$tree"
        grep -rhoE 'MP_QSTR_[A-Za-z0-9_]+' py extmod shared ports/esp32 ports/unix | sed 's/^MP_QSTR_//'
        cat extmod/asyncio/*.py ports/esp32/modules/*.py | grep -oE '[A-Za-z_][A-Za-z0-9_]*'
        printf '%s\n' host timeout settime
    ) | sort -u
}

make_mpremote() {
    local lib=$out/mpremote.lib
    mkdir "$lib"
    cp -r "$tree/tools/mpremote/mpremote" "$lib/"
    mkdir "$lib/mpremote-$version.dist-info" # where it looks for its version
    printf 'Metadata-Version: 2.1\nName: mpremote\nVersion: %s\n' "$version" >"$lib/mpremote-$version.dist-info/METADATA"
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
    /usr/bin/python3 -m compileall -q "$lib"
}

build_firmware virtual "the virtual board, both kinds" micropython micropython-native mpremote mpremote.lib mpy-cross \
    firmware-names
