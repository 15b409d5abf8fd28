#!/usr/bin/env bash
# What an operator's commands cost as the number of devices grows: wall time and CPU (user and kernel) of each, in
# milliseconds. What concerns one device must not grow with them.
#
# operator.sh [DEVICES...]: one home for each number, 1000 and 20000 unless told. TMPDIR says on which file system.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly PROGRAM=$PWD/build/bin/countersign

[ $# -gt 0 ] || set -- 1000 20000
[ -x "$PROGRAM" ] || { echo "build/bin/countersign is missing: ./dev build" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

countersign() { "$PROGRAM" --home "$folder/$count" "$@" >"$folder/output" 2>&1; }

make_home() {
    countersign init 127.0.0.1 --no-passphrase
    { echo name; seq -f 'device-%06.0f' "$count"; } >"$folder/list.csv"
    measure "issue --csv" countersign issue --csv "$folder/list.csv"
}

# "WALL CPU" in ms, the best of three; what can be done once is done once.
measure() { # ROW COMMAND...
    local row=$1 TIMEFORMAT='%R %U %S' best='' run times=3 took
    shift
    case "$row" in issue* | revoke* | reinstate* | hold*) times=1 ;; esac
    for ((run = 0; run < times; run++)); do
        took=$( { time "$@" || true; } 2>&1 | awk '{ printf "%d %d", $1 * 1000, ($2 + $3) * 1000 }')
        [ -n "$best" ] && [ "${best% *}" -le "${took% *}" ] || best=$took
    done
    [ -n "${figures[$row]:-}" ] || rows+=("$row")
    figures[$row]+=" $best"
}

declare -A figures=()
rows=()
for count in "$@"; do
    make_home
    middle=$(printf 'device-%06d' "$((count / 2))")
    measure "list" countersign list
    measure "list GLOB" countersign list "$middle"
    measure "list --expiring 400d" countersign list --expiring 400d
    measure "doctor --files" countersign doctor --files
    measure "doctor" countersign doctor
    measure "show NAME" countersign show "$middle"
    measure "renewals" countersign renewals
    measure "issue NAME" countersign issue "extra-1"
    measure "hold NAME" countersign hold "$middle"
    measure "reinstate NAME" countersign reinstate "$middle"
    measure "revoke NAME" countersign revoke "$middle"
    measure "crl" countersign crl
done

printf '%-22s' "ms: wall (CPU)"
printf '%18s' "$@"
printf '%12s\n' "growth"
for row in "${rows[@]}"; do
    read -ra numbers <<<"${figures[$row]}"
    printf '%-22s' "$row"
    for ((i = 0; i < ${#numbers[@]}; i += 2)); do printf '%18s' "${numbers[i]} (${numbers[i + 1]})"; done
    awk -v first="${numbers[1]}" -v last="${numbers[-1]}" 'BEGIN { printf "%11.1fx\n", last / (first ? first : 1) }'
done
