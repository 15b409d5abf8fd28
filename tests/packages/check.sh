#!/usr/bin/env bash
# check.sh [FOLDER]: every package that the sources in FOLDER tell somebody to install, and every one that ./dev installs, is in
# packages.txt, and where not both Debian releases have it the line says so ("Debian 13").
# check.sh --apt: what packages.txt says of the Debian release we are on is what apt says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here list=$here/packages.txt
faults=0

fault() {
    echo "$*" >&2
    faults=1
}

# is_in NAME WHERE: a release, or pipx.
is_in() { awk -v name="$1" -v where="$2" '$1 == name { for (i = 2; i <= NF; i++) if ($i == where) found = 1 } END { exit !found }' "$list"; }

# The words after "COMMAND install" in each line, as "FILE:LINE<tab>NAME<tab>the whole line".
told() {
    grep -rnE "$1 install [a-z0-9]" --include='*.cpp' --include='*.h' --include='*.def' --include='*.md' --include='*.sh' \
        --include='*.py' --exclude-dir=build --exclude-dir=packages . | awk -v command="$1 install " '{
        place = $0; sub(/:[^:]*$/, "", place); match($0, /^[^:]*:[0-9]*/); place = substr($0, 1, RLENGTH)
        text = $0
        while ((at = index(text, command)) > 0) {
            text = substr(text, at + length(command))
            rest = text
            while (match(rest, /^[a-z0-9][a-z0-9+.-]*/)) {
                name = substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
                sub(/[.]$/, "", name)
                print place "\t" name "\t" $0
                if (!match(rest, /^ [a-z0-9]/)) break
                rest = substr(rest, 2)
                if (rest ~ /^(and|or|then) /) break
            }
        }
    }'
}

check_sources() {
    local place name line
    while IFS=$'\t' read -r place name line; do
        if is_in "$name" 13 && is_in "$name" 12; then continue; fi
        if ! is_in "$name" 13; then
            fault "$place: no Debian we know has $name"
        elif [[ $line != *"Debian 13"* ]]; then
            fault "$place: Debian 12 does not have $name; the line does not say so"
        fi
    done < <(told apt)
    while IFS=$'\t' read -r place name line; do
        is_in "$name" pipx || fault "$place: $name is not known to be at pipx"
    done < <(told pipx)
}

# ./dev's own lists.
check_dev() {
    local name
    for name in $(sed -n '/_PACKAGES=(/,/)/p' dev | sed 's/.*(//; s/).*//' | tr ' ' '\n' | grep '^[a-z0-9]'); do
        if ! is_in "$name" 12 || ! is_in "$name" 13; then fault "dev: $name is not in packages.txt for both releases"; fi
    done
}

check_apt() {
    local release name rest policy
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "$VERSION_ID")
    if [ -z "$(apt-cache madison coreutils)" ]; then
        echo "apt has no lists on this machine: nothing was compared" >&2
        return
    fi
    while read -r name rest; do
        case " $rest " in
        *" $release "*)
            policy=$(apt-cache policy "$name")
            [[ $policy == *"Candidate: "[^\(]* ]] || fault "apt has no $name on Debian $release"
            ;;
        esac
    done < <(grep -v '^#' "$list")
}

case "${1:-}" in
--apt) check_apt ;;
"") cd "$here/../.." && check_sources && check_dev ;;
*) cd "$1" && check_sources ;;
esac
exit $faults
