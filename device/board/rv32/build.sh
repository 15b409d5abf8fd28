#!/usr/bin/env bash
# Builds the firmware of the RISC-V board, both kinds of it: build/libexec/micropython-rv32, and micropython-rv32-native with
# _countersign built in. Needs gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and libstdc++-arm-none-eabi-dev.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCES=(device/board/rv32 device/board/virtual/modules device/native core/mqtt)
# shellcheck source=device/board/firmware.sh
. "$here/../firmware.sh"

build() {
    local lwip
    fetch micropython mbedtls lwip
    lwip=$(source_of lwip 2.)
    unpack_micropython
    mkdir -p "$tree/lib/lwip"
    tar -xf "$lwip" -C "$tree/lib/lwip" --strip-components=1
    cp -r "$here" "$tree/ports/rv32"
    cp -r "$here/../virtual" "$tree/ports/virtual" # for its doubles of ESP32's modules

    settings+=("CC=${ccache}riscv64-unknown-elf-gcc" "CXX=${ccache}riscv64-unknown-elf-g++")
    make -C "$tree/ports/rv32" -j"$JOBS" "${settings[@]}"
    make -C "$tree/ports/rv32" -j"$JOBS" BUILD=build-native USER_C_MODULES="$root/device" "${settings[@]}"
    cp "$tree/ports/rv32/build/firmware.elf" "$work/out/micropython-rv32"
    cp "$tree/ports/rv32/build-native/firmware.elf" "$work/out/micropython-rv32-native"
}

build_firmware rv32 "the RISC-V board, both kinds" micropython-rv32 micropython-rv32-native
