#!/bin/sh
# Which statement of MQTT is tested where. table.sh: writes docs/mqtt-conformance.md; table.sh --check: fails when that
# file is not what would be written, or a test names a statement that does not exist or does not apply.
#
# A test stands for a statement when its name has the number (mqtt_3_1_2_23_… for 3.1.1, mqtt5_3_1_2_20_… for 5) or a
# comment in it does ([MQTT-3.1.2-23], [5: MQTT-3.1.2-20]).
set -eu
cd "$(dirname "$0")/../.."
table=docs/mqtt-conformance.md
written=$(mktemp)
trap 'rm -f "$written"' EXIT

awk -f tests/conformance/table.awk tests/conformance/statements.txt tests/unit/core/*_test.cpp \
    tests/unit/transport/*_test.cpp >"$written"
case ${1:-} in
--check)
    cmp -s "$written" "$table" || {
        diff "$table" "$written" | head -n 20
        echo "$table is out of date: run tests/conformance/table.sh" >&2
        exit 1
    }
    ;;
*) cp "$written" "$table" && chmod 644 "$table" ;;
esac
