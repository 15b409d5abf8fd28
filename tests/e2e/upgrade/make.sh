#!/bin/sh
# A home and a board as a commit makes them, for upgrade_test.cpp: make.sh REV TARGET.tar.xz
#
# The keys are the tests' own and guard nothing. Certificates last until 2109, so that the fixture does not run out.
set -eu
[ $# = 2 ] || {
    echo "usage: make.sh REV TARGET.tar.xz" >&2
    exit 2
}
cd "$(dirname "$0")/../../.."
folder=$(mktemp -d)
target=$(realpath "$2")
trap 'git worktree remove --force "$folder/tree"; rm -rf "$folder"' EXIT
git worktree add --detach "$folder/tree" "$1"
(cd "$folder/tree" && ./dev build)
cd "$folder"
countersign() { "$folder/tree/build/bin/countersign" --home home "$@"; }
countersign init 127.0.0.1 localhost --no-passphrase --days 30000 --port 18831
countersign issue other
countersign issue gone
countersign revoke gone
countersign board --dir flash --port "$folder/port" >board.log &
board=$!
countersign broker --address 127.0.0.1 >broker.log &
broker=$!
until grep -q 'listens on port' broker.log && [ -e port ]; do sleep 0.2; done
countersign load user1 --port "$folder/port" --wifi-ssid home
kill -INT "$board" "$broker"
wait
rm -f home/broker/countersign_plugin.so home/broker/mosquitto.pid
tar --owner=0 --group=0 -cJf "$target" home flash
