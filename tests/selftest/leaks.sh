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
"$bin/wardd" --config "$work/c/r0/wardd.yaml" --unsafe-dev --init >"$work/out" 2>&1
check $? "a store is made: $(tail -n 1 "$work/out")"
serves_once "$bin/wardd" 0
[ "$code" -eq 0 ] && grep -q 'event=daemon.stopped.*clean=1' "$work/daemon"
check $? "wardd ends with 0 and a clean log ($code): $(tail -n 1 "$work/daemon")"
serves_once "$planted/wardd" 0
[ "$code" -ne 0 ] && grep -q 'event=daemon.stopped.*clean=1' "$work/daemon" && grep -q "$report" "$work/daemon"
check $? "wardd with a leak does not, after the same drain ($code): $(grep -m 1 ERROR "$work/daemon")"
! grep -q '^not ok' "$tap"
