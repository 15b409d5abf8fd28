#!/usr/bin/env bash
# Runs a MicroPython test beside a real Mosquitto with certificates made by openssl:
#   with_broker.sh MICROPYTHON TEST.py
# The test finds in its environment: FIXTURE (the folder with everything), PORT (the good listener; the next ones show a
# certificate that is expired, not valid yet, for another name, of another CA), BROKER (this script, for the commands below).
#   with_broker.sh start | stop | kill       the broker; start returns when it listens
#   with_broker.sh pub ARGUMENTS...          mosquitto_pub with the tester's certificate
#   with_broker.sh hold ARGUMENTS...         a session that the broker keeps, with this subscription; its client leaves again
#   with_broker.sh sub FILE ARGUMENTS...     mosquitto_sub in the background, lines to FILE; returns when it is subscribed
set -euo pipefail
self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$(basename "${BASH_SOURCE[0]}")
readonly self
readonly CA_SECTION=authority LEAF_SECTION=leaf

authority() { # NAME: a self-signed CA
    mkdir "$1" && : >"$1/index" && echo 01 >"$1/serial"
    cat >"$1/conf" <<END
[ca]
default_ca=this
[this]
database=$1/index
serial=$1/serial
new_certs_dir=$1
certificate=$1.pem
private_key=$1.key
default_md=sha256
policy=any
unique_subject=no
copy_extensions=copy
[any]
commonName=supplied
[req]
distinguished_name=dn
[dn]
[$CA_SECTION]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[$LEAF_SECTION]
basicConstraints=critical,CA:FALSE
authorityKeyIdentifier=keyid
END
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" -config "$1/conf" -out "$1.csr"
    openssl ca -batch -notext -selfsign -config "$1/conf" -extensions "$CA_SECTION" -keyfile "$1.key" -in "$1.csr" \
        -startdate "$(date -u -d '-30 days' +%Y%m%d%H%M%SZ)" -days 3650 -out "$1.pem" 2>"$1.log"
    openssl x509 -in "$1.pem" -outform DER -out "$1.der"
}

certificate() { # AUTHORITY FILE CN FROM UNTIL SAN
    openssl ecparam -name prime256v1 -genkey -noout -out "$2.key"
    openssl req -new -key "$2.key" -subj "/CN=$3" -addext "subjectAltName=$6" -config "$1/conf" -out "$2.csr"
    openssl ca -batch -notext -config "$1/conf" -extensions "$LEAF_SECTION" -startdate "$4" -enddate "$5" -in "$2.csr" \
        -out "$2.pem" 2>"$2.log" || { cat "$2.log" >&2; return 1; }
    openssl x509 -in "$2.pem" -outform DER -out "$2.der"
    openssl pkcs8 -topk8 -nocrypt -in "$2.key" -outform DER -out "$2.key.der"
}

make_certificates() {
    local from until past_from past_until future
    local san=DNS:localhost,IP:127.0.0.1,DNS:127.0.0.1
    from=$(date -u -d '-2 days' +%Y%m%d%H%M%SZ) until=$(date -u -d '+365 days' +%Y%m%d%H%M%SZ)
    past_from=$(date -u -d '-20 days' +%Y%m%d%H%M%SZ) past_until=$(date -u -d '-10 days' +%Y%m%d%H%M%SZ)
    future=$(date -u -d '+10 days' +%Y%m%d%H%M%SZ)
    authority ours
    authority theirs
    certificate ours good broker "$from" "$until" "$san"
    certificate ours expired broker "$past_from" "$past_until" "$san"
    certificate ours notyet broker "$future" "$until" "$san"
    certificate ours othername broker "$from" "$until" DNS:elsewhere.example,IP:192.0.2.1
    certificate theirs stranger broker "$from" "$until" "$san"
    certificate ours user1 user1 "$from" "$until" URI:urn:countersign:device:user1
    certificate ours tester tester "$from" "$until" DNS:tester
    certificate ours old user1 "$past_from" "$past_until" DNS:user1
    certificate theirs intruder user1 "$from" "$until" DNS:user1
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

configure() { # PORT
    local port=$1 name
    {
        echo "per_listener_settings false"
        echo "max_packet_size 200000"
        echo "user $(id -un)"
        echo "set_tcp_nodelay true"
        echo "persistence true"
        echo "persistence_location $FIXTURE/"
        echo "max_queued_messages 10000"
        echo "log_dest file $FIXTURE/mosquitto.log"
        echo "log_type all"
        for name in good expired notyet othername stranger; do
            printf 'listener %d 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\n' "$port" "$FIXTURE/ours.pem" \
                "$FIXTURE/$name.pem" "$FIXTURE/$name.key"
            printf 'require_certificate true\nuse_identity_as_username true\n'
            port=$((port + 1))
        done
    } >"$FIXTURE/mosquitto.conf"
}

start() {
    mosquitto -c "$FIXTURE/mosquitto.conf" >"$FIXTURE/mosquitto.out" 2>&1 &
    echo $! >"$FIXTURE/mosquitto.pid"
    for _ in $(seq 200); do
        is_open "$((PORT + 4))" && return 0 # the last listener to come up
        kill -0 "$!" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}

halt() { # SIGNAL
    local pid
    pid=$(cat "$FIXTURE/mosquitto.pid" 2>/dev/null) || return 0
    rm "$FIXTURE/mosquitto.pid"
    kill "-$1" "$pid" 2>/dev/null || return 0
    wait "$pid" 2>/dev/null || true # silences the shell where it is our child
    while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
}

credentials() {
    echo -h 127.0.0.1 -p "$PORT" --cafile "$FIXTURE/ours.pem" --cert "$FIXTURE/tester.pem" --key "$FIXTURE/tester.key"
}

# mosquitto_sub comes back when a connection ends, but gives up when that happens in the middle of a handshake.
keep_subscribed() { # ARGUMENTS...
    trap 'kill "$!" 2>/dev/null; exit' TERM
    while true; do
        # shellcheck disable=SC2046 # paths without spaces, made here
        stdbuf -oL mosquitto_sub $(credentials) -d "$@" &
        wait "$!" || true
        sleep 0.1
    done
}

subscribe_in_background() { # FILE ARGUMENTS...
    local file=$1
    shift
    keep_subscribed "$@" >"$file" 2>&1 &
    echo $! >>"$FIXTURE/pids"
    for _ in $(seq 200); do
        grep -qs 'Subscribed' "$file" && return 0
        sleep 0.02
    done
    return 1
}

clean_up() {
    local pid
    halt KILL
    while read -r pid; do kill "$pid" 2>/dev/null || true; done < <(cat "$FIXTURE/pids" 2>/dev/null)
    rm -rf "$FIXTURE"
}

run() { # MICROPYTHON TEST
    FIXTURE=$(mktemp -d) BROKER=$self
    export FIXTURE BROKER PORT
    trap clean_up EXIT
    (cd "$FIXTURE" && make_certificates)
    for _ in 1 2 3 4 5; do # a port may be taken between looking and listening
        PORT=$((20000 + RANDOM % 10000))
        configure "$PORT"
        start && break
        halt KILL
    done
    "$@"
}

case "$1" in
start) start ;;
stop) halt TERM ;;
kill) halt KILL ;;
pub)
    shift
    # shellcheck disable=SC2046
    mosquitto_pub $(credentials) "$@"
    ;;
hold)
    shift
    # shellcheck disable=SC2046
    mosquitto_sub $(credentials) -c -E "$@"
    ;;
sub)
    shift
    subscribe_in_background "$@"
    ;;
*) run "$@" ;;
esac
