#!/usr/bin/env bash
# Compiles MicroPython with _countersign for the RP2040 (Cortex-M0+) through micropython.cmake: build/libexec/rp2040.elf. It is
# there to show that the module compiles and links for a small chip with another toolchain; nothing runs it. Needs
# gcc-arm-none-eabi and libstdc++-arm-none-eabi-newlib.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCES=(device/board/rp2040 device/native core/mqtt)
# shellcheck source=device/board/firmware.sh
. "$here/../firmware.sh"

# The SDK and the USB stack are packed as sources.
unpack_package() { # PACKAGE FOLDER
    compgen -G "$cache/$1_*.deb" >/dev/null || "$boards/fetch_sources.sh" --packages "$cache" "$1"
    dpkg -x "$cache/$1"_*.deb "$work/$1"
    rmdir "$2"
    mv "$work/$1/usr/src/${1%-source}" "$2"
}

build() {
    unpack_micropython
    unpack_package pico-sdk-source "$tree/lib/pico-sdk"
    unpack_package tinyusb-source "$tree/lib/tinyusb"
    # The program that turns ELF into the bootloader's format would be downloaded; ELF is all we ask for.
    cmake -S "$tree/ports/rp2" -B "$work/rp2" -G Ninja -DMICROPY_BOARD=RPI_PICO -DPICO_NO_PICOTOOL=1 \
        -DMICROPY_LIB_DIR="$work/no-micropython-lib" -DMICROPY_FROZEN_MANIFEST="$here/manifest.py" \
        -DUSER_C_MODULES="$root/device/native/micropython.cmake"
    cmake --build "$work/rp2" -j"$JOBS" --target firmware
    cp "$work/rp2/firmware.elf" "$work/out/rp2040.elf"
    arm-none-eabi-nm "$work/out/rp2040.elf" | grep countersign_module >/dev/null # -q would end nm by SIGPIPE
    arm-none-eabi-size "$work/out/rp2040.elf"
}

build_firmware rp2040 "the RP2040, a compile gate" rp2040.elf
