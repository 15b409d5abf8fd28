#!/usr/bin/env bash
# fetch_sources.sh FOLDER PACKAGE...: the original source archives of Debian 13 packages, into FOLDER.
# fetch_sources.sh --packages FOLDER PACKAGE...: the packages themselves (*.deb), for sources that are packed as one.
#
# MicroPython and the mbedTLS that boards use are not in Debian 12, but their sources are in Debian 13's archive. apt
# downloads and verifies them with a configuration of its own: this machine's own archive addresses and keys, only with
# the other suite. Nothing is installed and nothing of the system's apt is touched; no special rights are needed.
set -euo pipefail

readonly SUITE=trixie
kind=deb-src
if [ "$1" = --packages ]; then
    kind=deb
    shift
fi
readonly FOLDER=$1 kind
shift

# The suites under which a machine may know Debian's main archive. Others (security, updates, other vendors) stay out.
own_suites() {
    # shellcheck source=/dev/null
    . /etc/os-release
    echo "${VERSION_CODENAME:-} $SUITE oldstable stable testing sid unstable"
}

# Deb822 (*.sources): the stanzas of the main archive, with Types, Suites and Components replaced. Everything else is kept:
# URIs, Signed-By (which may be a key over many lines).
rewrite_stanzas() {
    awk -v suite="$SUITE" -v kind="$kind" -v own="$(own_suites)" '
        BEGIN { n = split(own, list, " "); for (i = 1; i <= n; i++) is_own[list[i]] = 1 }
        function finish(   i) {
            if (wanted && main && !off) {
                print "Types: " kind; print "Suites: " suite; print "Components: main"
                for (i = 0; i < kept; i++) print line[i]
                print ""
            }
            kept = wanted = main = off = 0; field = ""
        }
        /^[ \t]*$/ { finish(); next }
        /^#/ { next }
        /^[^ \t]/ { field = tolower($1); sub(/:.*/, "", field) }
        field == "suites" { for (i = 1; i <= NF; i++) if ($i in is_own) wanted = 1; next }
        field == "components" { for (i = 1; i <= NF; i++) if ($i == "main") main = 1; next }
        field == "enabled" { if (tolower($2) ~ /^(no|false|off|0)$/) off = 1; next }
        field == "types" || field == "architectures" { next }
        { line[kept++] = $0 }
        END { finish() }' "$@"
}

# One-line (sources.list): "deb [options] URI suite component..."
rewrite_lines() {
    awk -v suite="$SUITE" -v kind="$kind" -v own="$(own_suites)" '
        BEGIN { n = split(own, list, " "); for (i = 1; i <= n; i++) is_own[list[i]] = 1 }
        $1 == "deb" || $1 == "deb-src" {
            options = ""; at = 2
            if ($2 ~ /^\[/) do options = options $at " "; while ($(at++) !~ /\]$/ && at <= NF)
            main = 0
            for (i = at + 2; i <= NF; i++) if ($i == "main") main = 1
            if (main && ($(at + 1) in is_own) && !seen[$at]++) print kind " " options $at " " suite " main"
        }' "$@"
}

write_private_configuration() {
    local list parts
    eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
    mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial"
    shopt -s nullglob
    local stanzas=("$parts"*.sources) lines=("$parts"*.list)
    [ ! -f "$list" ] || lines+=("$list")
    [ ${#stanzas[@]} -eq 0 ] || for file in "${stanzas[@]}"; do rewrite_stanzas "$file"; done >"$apt/sources/all.sources"
    [ ${#lines[@]} -eq 0 ] || rewrite_lines "${lines[@]}" >"$apt/sources/all.list"
    cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

mkdir -p "$FOLDER"
apt=$(mktemp -d "$(cd "$FOLDER" && pwd)/apt.XXXXXX")
trap 'rm -rf "$apt"' EXIT
trap 'exit 1' HUP INT TERM
write_private_configuration
if [ ! -s "$apt/sources/all.sources" ] && [ ! -s "$apt/sources/all.list" ]; then
    echo "apt on this machine names no Debian archive; add one to /etc/apt/sources.list.d" >&2
    exit 1
fi
export APT_CONFIG=$apt/apt.conf
# One source that cannot be reached is no reason to stop: what counts is whether the packages arrive, verified.
apt-get -q update || true
mkdir "$apt/download"
if [ $kind = deb ]; then
    (cd "$apt/download" && apt-get -q download "$@")
    mv "$apt/download"/*.deb "$FOLDER"/
else
    (cd "$apt/download" && apt-get -q source --download-only "$@")
    mv "$apt/download"/*.orig.tar.* "$FOLDER"/
fi
