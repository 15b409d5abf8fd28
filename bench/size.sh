#!/bin/sh
# The code size of core/mqtt, MQTT 3.1.1 and 5 with full validation, on the chips it is for; compared with the bounds in
# docs/mqtt-size.md: exit 1 when one is exceeded or a compiler is missing (gcc-riscv64-unknown-elf,
# picolibc-riscv64-unknown-elf, gcc-arm-none-eabi, libstdc++-arm-none-eabi-newlib).
set -eu
cd "$(dirname "$0")/.."
table=docs/mqtt-size.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian has no C++ headers for bare RISC-V. libstdc++'s header-only parts (span, string_view, array) are the same for
# every newlib target, and picolibc is one: those of arm-none-eabi serve, and nothing of its library is linked.
newlib=$(find /usr/include/newlib/c++ -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort | tail -n 1)
rv32_headers="-nostdinc++ -isystem $newlib -isystem $newlib/arm-none-eabi"

# name|prefix|flags
targets="RV32IMAC|riscv64-unknown-elf|--specs=picolibc.specs -march=rv32imac -mabi=ilp32 $rv32_headers
Cortex-M0+|arm-none-eabi|-mcpu=cortex-m0plus -mthumb
Cortex-M4|arm-none-eabi|-mcpu=cortex-m4 -mthumb"
flags='-std=c++20 -Os -ffunction-sections -fdata-sections -fno-exceptions -fno-rtti -I.'

# Compiles every source for one target. $1 prefix, $2 folder; the rest: its flags.
compile() {
    prefix=$1 folder=$2
    shift 2
    mkdir -p "$folder"
    for source in core/mqtt/*.cpp bench/size_program.cpp; do
        # shellcheck disable=SC2086 # the flags are words
        "$prefix-g++" $flags "$@" -c "$source" -o "$folder/$(basename "$source" .cpp).o"
    done
    # A program that uses all of the session, without a C library: what is missing is what the platform gives
    # (memcpy and its kin), and is not ours to count.
    "$prefix-ld" -m "$(emulation "$prefix")" --gc-sections -e size_program -u size_construct \
        --unresolved-symbols=ignore-all -o "$folder/linked" "$folder"/*.o
}

emulation() {
    case $1 in
    riscv64-*) echo elf32lriscv ;;
    *) echo armelf ;;
    esac
}

# "text data bss" of a file.
sizes() { "$1-size" "$2" | awk 'NR == 2 { print $1, $2, $3 }'; }

bound_of() { awk -F ' *[|] *' -v name="$1" '$2 == name { print $6 }' "$table"; }

failed=0
while IFS='|' read -r name prefix target_flags; do
    command -v "$prefix-g++" >/dev/null || {
        echo "$name: $prefix-g++ is not installed" >&2
        failed=1
        continue
    }
    # shellcheck disable=SC2086
    compile "$prefix" "$work/$prefix$name" $target_flags
    echo "$name"
    for object in "$work/$prefix$name"/*.o; do
        # shellcheck disable=SC2046,SC2183 # three words
        printf '  %-18s %6d text %4d data %4d bss\n' "$(basename "$object" .o)" $(sizes "$prefix" "$object")
    done
    linked=$(sizes "$prefix" "$work/$prefix$name/linked")
    # shellcheck disable=SC2086,SC2183
    printf '  %-18s %6d text %4d data %4d bss\n' linked $linked
    bound=$(bound_of "$name")
    total=$(echo "$linked" | awk '{ print $1 + $2 }')
    if [ "$total" -gt "${bound:-0}" ]; then
        echo "$name: $total bytes of code and constants, more than the ${bound:-0} of $table" >&2
        failed=1
    fi
done <<END
$targets
END
exit "$failed"
