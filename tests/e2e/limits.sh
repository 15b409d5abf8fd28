#!/bin/sh
# The rules of docs/operations.md that limit the connections of one address, tried as they stand there in a
# network of their own. 77: takes root and nft.
# shellcheck disable=SC2016 # what stands in single quotes is not for this shell
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] && command -v nft ip unshare >/dev/null || exit 77
unshare -n true 2>/dev/null || exit 77
rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
sed -n '/^```nft$/,/^```$/p' docs/operations.md | sed '1d;$d' >"$rules"
[ -s "$rules" ]
unshare -n sh -euc '
    ip link set lo up
    nft -f "$1"
    python3 - <<END
import socket

def connections(family, address, count):
    listener = socket.socket(family)
    listener.bind((address, 8883))
    listener.listen(count)
    made = []
    for _ in range(count):
        try:
            made.append(socket.create_connection((address, 8883), timeout=5))
        except ConnectionRefusedError:
            pass
    return len(made)

assert connections(socket.AF_INET, "127.0.0.1", 80) == 50
assert connections(socket.AF_INET6, "::1", 80) == 50
END
' sh "$rules"
