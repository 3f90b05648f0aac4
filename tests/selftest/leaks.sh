#!/bin/sh
# leaks.sh TAP: a leak in ward or in wardd itself fails, although both keep other processes, and so the leak checker, from looking into them, and wardd filters its
# own system calls. The same objects are linked with and without one that loses a block; what differs is how they end. For MODE=debug, from selftest.sh.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=leaks
. "$(dirname "$0")/../e2e/kit"
planted=$bin/selftest/planted
report='LeakSanitizer: detected memory leaks'

"$bin/ward" --version >"$work/out" 2>&1
check $? "ward ends with 0: $(tail -n 1 "$work/out")"
"$planted/ward" --version >"$work/out" 2>&1
code=$?
[ "$code" -ne 0 ] && grep -q "$report" "$work/out"
check $? "ward with a leak does not ($code): $(grep -m 1 ERROR "$work/out")"

# One of four: it serves, commits nothing and ends in order.
cluster_make "$work/c" 4 || { fail "a cluster is laid out"; exit 1; }
daemon() { # daemon PROGRAM: started, ended with SIGTERM when it says that it serves; its exit code in $code
    : >"$work/daemon" # else the one before may be the one that says so, and the signal is lost before this one is a program
    "$1" --config "$work/c/r0/wardd.yaml" --unsafe-dev >"$work/daemon" 2>&1 &
    pid=$!
    pids="$pids $pid"
    tries=0
    until grep -q 'event=daemon.serving' "$work/daemon" || [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        sleep 0.05
    done
    kill -TERM "$pid" 2>/dev/null
    wait "$pid"
    code=$?
}
"$bin/wardd" --config "$work/c/r0/wardd.yaml" --unsafe-dev --init >"$work/out" 2>&1
check $? "a store is made: $(tail -n 1 "$work/out")"
daemon "$bin/wardd"
[ "$code" -eq 0 ] && grep -q 'event=daemon.stopped.*clean=1' "$work/daemon"
check $? "wardd ends with 0 and a clean log ($code): $(tail -n 1 "$work/daemon")"
daemon "$planted/wardd"
[ "$code" -ne 0 ] && grep -q 'event=daemon.stopped.*clean=1' "$work/daemon" && grep -q "$report" "$work/daemon"
check $? "wardd with a leak does not, after the same drain ($code): $(grep -m 1 ERROR "$work/daemon")"
! grep -q '^not ok' "$tap"
