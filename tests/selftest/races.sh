#!/bin/sh
# races.sh TAP: a race in wardd is told and ends it, although wardd filters its own system calls. The same objects are linked with and without one that races once
# the sandbox is entered. For MODE=thread, from selftest.sh.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=races
. "$(dirname "$0")/../e2e/kit"
planted=$bin/selftest/planted

cluster_make "$work/c" 4 || { fail "a cluster is laid out"; exit 1; }
"$bin/wardd" --config "$work/c/r0/wardd.yaml" --unsafe-dev --init >"$work/out" 2>&1
check $? "a store is made: $(tail -n 1 "$work/out")"
serves_once "$bin/wardd" 3
[ "$code" -eq 0 ] && grep -q 'event=daemon.stopped.*clean=1' "$work/daemon"
check $? "wardd ends with 0 and a clean log ($code): $(tail -n 1 "$work/daemon")"
serves_once "$planted/wardd" 3
[ "$code" -ne 0 ] && grep -q 'WARNING: ThreadSanitizer: data race' "$work/daemon" && grep -q 'count_on' "$work/daemon" && ! grep -q 'event=daemon.stopped' "$work/daemon"
check $? "wardd with a race is ended by it ($code): $(grep -m 1 SUMMARY "$work/daemon")"
! grep -q '^not ok' "$tap"
