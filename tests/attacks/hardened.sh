#!/bin/sh
# What people run has been compiled and linked so that a fault in it is harder to use. --check: the program and the plugin
# of the release tree (the tests' own tree has sanitizers instead); --planted: programs without it are found.
set -eu
cd "$(dirname "$0")/../.."

say() { echo "$1: $2"; }

is_program() { readelf -lW "$1" | grep -q INTERP; }

# linking FILE: what the loader and the kernel are told.
linking() {
    headers=$(readelf -lW "$1")
    dynamic=$(readelf -dW "$1")
    printf '%s\n' "$headers" | grep -q GNU_RELRO || say "$1" "no RELRO"
    printf '%s\n' "$headers" | grep GNU_STACK | grep -q 'RWE\|R E' && say "$1" "an executable stack"
    printf '%s\n' "$dynamic" | grep -q 'FLAGS.*NOW' || say "$1" "symbols are bound late (no -z now)"
    readelf -hW "$1" | grep -q 'Type: *DYN' || say "$1" "not position-independent"
    # A shared object is loaded anywhere; of a program it must be said.
    is_program "$1" && { printf '%s\n' "$dynamic" | grep -q 'FLAGS_1.*PIE' || say "$1" "no PIE"; }
    return 0
}

# compiling FILE: the calls that the checks leave behind, and what each unit was compiled with. The mark for
# -fcf-protection is no use: the linker drops it, since Debian's start files have none.
compiling() {
    symbols=$(readelf --dyn-syms -W "$1")
    wanted='__stack_chk_fail _ZSt21__glibcxx_assert_fail'
    is_program "$1" && wanted="$wanted __[a-z]*_chk@"
    for call in $wanted; do
        printf '%s\n' "$symbols" | grep -q "UND $call" || say "$1" "never calls $call"
    done
    flags=-fstack-clash-protection
    [ "$(uname -m)" != x86_64 ] || flags="$flags -fcf-protection=full"
    units=$(readelf --debug-dump=info --dwarf-depth=1 "$1" 2>/dev/null | grep 'DW_AT_producer.*GNU C++')
    for flag in $flags; do
        printf '%s\n' "$units" | grep -q -v -e "$flag" && say "$1" "a unit without $flag"
    done
    return 0
}

# No symbol tells the third level of FORTIFY_SOURCE from the second: the commands do. commands FILE
commands() {
    grep '"command"' "$1" | grep -v -- '-D_FORTIFY_SOURCE=3.*-D_GLIBCXX_ASSERTIONS' | sed "s|^|$1: |" | cut -c 1-200
}

case ${1:-} in
--check)
    found=$(for file in build/bin/countersign build/lib/countersign_plugin.so; do
        linking "$file"
        compiling "$file"
    done && commands build/release/compile_commands.json)
    [ -z "$found" ] || {
        printf '%s\n' "$found" >&2
        exit 1
    }
    ;;
--planted)
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    printf 'int main() {}\n' >"$folder/bare.cpp"
    echo '"command": "g++ -D_FORTIFY_SOURCE=2"' >"$folder/commands"
    g++ -g -no-pie -Wl,-z,norelro,-z,lazy,-z,execstack -o "$folder/bare" "$folder/bare.cpp"
    found=$(linking "$folder/bare" && compiling "$folder/bare" && commands "$folder/commands")
    printf '%s\n' "$found"
    for fault in RELRO 'executable stack' 'bound late' 'not position' 'no PIE' __stack_chk_fail '_chk' assert_fail clash FORTIFY_SOURCE=2; do
        printf '%s\n' "$found" | grep -q -e "$fault" || {
            echo "not found: $fault" >&2
            exit 1
        }
    done
    ;;
*)
    echo "usage: hardened.sh --check | --planted" >&2
    exit 2
    ;;
esac
