#!/bin/sh
# kill.sh TAP: kill -9 of a follower, of the leader, of all four, SIGSTOP of the leader, each in rounds under load: every acknowledged command is
# found where its receipt said, with a proof; no replica differs; no gap in commits is too long. ROUNDS=3; 20 with WARD_LONG=1.
name=kill
. "$(dirname "$0")/kit"
needs_direct "replicas are killed under load"
rounds=${ROUNDS:-3}
[ "${WARD_LONG:-0}" = 1 ] && rounds=${ROUNDS:-20}
rate=200
[ "$mode" = debug ] && rate=60

# figure NAME: one number or word of the report.
figure() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$work/report" | head -n 1; }

# play KIND FACT: all rounds of one fault.
play() {
    mkdir -p "$work/$1"
    "$bin/ward-bench" faults --kind "$1" --rounds "$rounds" --rate "$rate" --keep "$work/$1" --json >"$work/report" 2>"$work/err"
    code=$?
    if [ "$code" -ne 0 ] || [ "$(figure ok)" != true ]; then
        fail "$2: exit $code: $(sed -n '/"problems"/,$p' "$work/report" | tr -d '\n' | cut -c1-600)$(tail -n 1 "$work/err")"
        cp "$work/report" "$work/report.$1"
        return
    fi
    [ "$(figure committed)" = "$(figure sent)" ]
    check $? "$2: $(figure committed) of $(figure sent) commands committed"
    [ "$(figure state_roots_equal)" = true ]
    check $? "$2: equal state roots"
    kept=$(sed -n 's/^ *archive_receipts: //p' "$work/$1"/*/wardd.yaml | sort -n | head -n 1)
    [ "${kept:-0}" -ge "$(figure sent)" ] && [ "${kept:-0}" -lt 262144 ]
    check $? "$2: receipts for as many commands as were sent are kept, not a number of their own: ${kept:-none}"
    pass "$2: $rounds rounds, longest gaps in ms: $(sed -n '/"gaps_ms"/,/]/p' "$work/report" | tr -cd '0-9\n' | tr '\n' ' ')"
    whole "$work/$1" "$2"
    rm -rf "${work:?}/$1"
}

play follower "kill -9 of a follower"
play leader "kill -9 of the leader"
play all "kill -9 of all four"
play stop "SIGSTOP of the leader"
# R1: half a minute of load, so at night alone.
[ "${WARD_LONG:-0}" = 1 ] && [ "$mode" = release ] && rounds=${ROUNDS:-4} && play forge "10,000 bad signatures in a second from one party"
exit 0
