#!/bin/sh
# swarm.sh TAP: a campaign of the simulator: clusters of 4 to 31 replicas, both kinds of crypto, every seed twice with equal hashes, the rare paths reached.
# WARD_LONG=1: seeds of this day, for SIM_BUDGET (30min).
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=swarm
. "$(dirname "$0")/kit"
jobs=$(getconf _NPROCESSORS_ONLN)
field() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\).*/\1/p" "$work/out" | head -n 1; }

# campaign FACT ARGUMENT...: no seed fails, all that ran twice are equal. A failure is said with the lines to paste.
campaign() {
    fact=$1
    shift
    "$bin/ward-sim" swarm --jobs "$jobs" --json "$@" >"$work/out" 2>"$work/err"
    code=$?
    [ "$code" -eq 0 ] || cat "$work/err" >&2
    check "$code" "$fact ($(field seeds) seeds, $(field commits) blocks, hash $(field hash))"
    [ "$(field determinism_checked)" -gt 0 ]
    check $? "$fact: seeds ran twice"
}

campaign "4 to 31 replicas" --seeds 1..24 --acts 1 --replicas 4,5,6,7,10,31 --junit "$work/junit.xml" # One of 31 costs what forty of 4 cost.
for mark in proposed opened voted certified asked_commit commitvoted committed queried timed_out entered abdicated fetched served checkpointed hedged quiet; do
    [ "$(field "$mark")" -gt 0 ]
    check $? "some seed $mark"
done
[ "$(field crashes)" -gt 0 ] && [ "$(field partitions)" -gt 0 ]
check $? "servers crashed and the network was cut"
[ "$(field hash_real)" != 0000000000000000 ] && [ "$(field hash_fast)" != 0000000000000000 ]
check $? "both kinds of crypto ran"
campaign "real crypto alone" --seeds 101..106 --acts 1 --crypto real
campaign "stories of a minute and more" --seeds 201..206
for seed in 70 76 130 131 351 442 475 548 576 1962 2069 2400 2491 2787 4429 4442 30827 3001087 4000482 8400076 8400874 8401395 8410189 9501733 9502530 9503134 9531413 9531933 9536235 9600919 9604128 9606824 9706575 9720756 9724505 9812173 9814384; do # seeds that once failed, each for a reason of its own
    "$bin/ward-sim" run --seed "$seed" --acts 1 >/dev/null 2>"$work/err" || { cat "$work/err" >&2; false; }
    check $? "seed $seed, which once failed"
done
for seed in 11 9783346 9786899; do
    "$bin/ward-sim" run --seed "$seed" >/dev/null 2>"$work/err" || { cat "$work/err" >&2; false; }
    check $? "seed $seed with its second act, which once failed"
done
if [ "${WARD_LONG:-0}" = 1 ]; then
    campaign "seeds of this day" --seeds "$(date +%Y%m%d)000000..$(date +%Y%m%d)999999" --budget "${SIM_BUDGET:-30min}"
fi
