#!/bin/sh
# Each row of a table of docs/threat-model.md whose last column is called "test" names tests that exist, and each test below
# tests/attacks is named there. --check: the page as it is; --planted: the check itself finds a row without a test.
#
# A test is `Suite.Name` of GoogleTest, `device.NAME` for tests/device/test_NAME.py, or another name given to add_test.
set -eu
cd "$(dirname "$0")/../.."
page=docs/threat-model.md

# rows FILE: the cells of the last column, where that is "test"
rows() {
    awk -F '|' '
        /^\|/ && !inside { inside = 1; wanted = ($(NF - 1) ~ /^ *test *$/); next }
        /^\|[ :-]*-/ { next }
        /^\|/ && wanted { print NR "|" $(NF - 1) }
        !/^\|/ { inside = 0 }' "$1"
}

# exists TEST
exists() {
    case $1 in
    device.*) [ -f "tests/device/test_${1#device.}.py" ] ;;
    *[A-Z]*.*) grep -rqE --include='*.cpp' "TEST(_F|_P)?\(${1%%.*}, ${1#*.}\)" tests ;;
    *) grep -rqF --include=CMakeLists.txt "NAME $1" tests ;;
    esac
}

missing() {
    rows "$1" | while IFS='|' read -r line cell; do
        # shellcheck disable=SC2016 # the quotes are Markdown's
        tests=$(printf '%s\n' "$cell" | grep -o '`[^`]*`' | tr -d '`') || true
        [ -n "$tests" ] || echo "$page:$line: no test"
        for test in $tests; do
            exists "$test" || echo "$page:$line: $test does not exist"
        done
    done
    grep -rhoE --include='*.cpp' 'TEST(_F|_P)?\([A-Za-z0-9]+, [A-Za-z0-9_]+' tests/attacks |
        sed -E 's/^[^(]*\(//; s/, /./' | while read -r test; do
        grep -qF "\`$test\`" "$1" || echo "$page: $test is in no row"
    done
}

case ${1:-} in
--check)
    found=$(missing "$page")
    [ -z "$found" ] || {
        printf '%s\n' "$found" >&2
        exit 1
    }
    ;;
--planted)
    spoilt=$(mktemp)
    trap 'rm -f "$spoilt"' EXIT
    # shellcheck disable=SC2016
    printf '| attack | test |\n|---|---|\n| one | `No.Such` |\n| two | |\n' >"$spoilt"
    [ "$(missing "$spoilt" | grep -cE 'No.Such does not exist|no test$')" = 2 ]
    ;;
*)
    echo "usage: table.sh --check | --planted" >&2
    exit 2
    ;;
esac
