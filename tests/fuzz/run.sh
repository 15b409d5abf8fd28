#!/bin/sh
# run.sh sound TARGET SECONDS: the target finds nothing.
# run.sh planted TARGET SECONDS: the target finds the hole made in it. Prints the seed; SEED=N repeats a run.
set -eu
mode=$1 target=$2 seconds=$3
seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "seed $seed"
status=0
"$target" -seed="$seed" -max_total_time="$seconds" -artifact_prefix="$folder/" -print_final_stats=1 \
    >"$folder/log" 2>&1 || status=$?
tail -n 40 "$folder/log"
case $mode in
sound) exit "$status" ;;
planted)
    [ "$status" -ne 0 ] || { echo "the planted bug was not found in $seconds s" && exit 1; }
    # A fuzzer that merely cannot start also fails: the sanitizer's report is what counts.
    grep -q -e 'ERROR: AddressSanitizer' -e 'runtime error' -e 'deadly signal' "$folder/log"
    ;;
esac
