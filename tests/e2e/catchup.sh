#!/bin/sh
# catchup.sh TAP: a follower is away under load until no log holds what it needs, and comes back by a snapshot; then it loses its disk as well. Nothing acknowledged is lost, the roots are equal,
# commits keep their pace.
name=catchup
. "$(dirname "$0")/kit"
needs_direct "a follower comes back from far away"
rounds=2 # the second one loses the disk: it comes back with `wardd --rejoin` (E5)
history=1024
rate=300
[ "${WARD_LONG:-0}" = 1 ] && rate=600
[ "$mode" = debug ] && rate=60
mkdir "$work/c"
# A log that is soon gone, and snapshots at each checkpoint.
export WARD_MEMORY_HISTORY_BLOCKS=$history WARD_STORAGE_SNAPSHOT_MIB=1
"$bin/ward-bench" faults --kind away --rounds "$rounds" --rate "$rate" --keep "$work/c" --json >"$work/report" 2>"$work/err"
code=$?

# of NAME: the values of a field, one for each round.
of() { sed -n "s/^ *\"$1\": *\([a-z0-9]*\),\{0,1\}$/\1/p" "$work/report"; }
all() { [ "$(of "$1" | grep -c "^$2\$")" -eq "$rounds" ]; }

problems=$(sed -n '/"problems"/,$p' "$work/report" | tr -d '\n' | cut -c1-600)
slow=$(sed -n '/"problems"/,$p' "$work/report" | grep -c 'commands in a second while member')
stood=$(sed -n '/"problems"/,$p' "$work/report" | grep -c 'ms without a commit')
others=$(sed -n '/"problems"/,$p' "$work/report" | grep -c '^ *"[^"]*",\{0,1\}$')
[ "$others" -eq $((slow + stood)) ] && { [ "$code" -eq 0 ] || [ "$others" -gt 0 ]; }
check $? "it comes back, and nothing acknowledged is lost ($code): $problems$(tail -n 1 "$work/err")"
fact="commits lose no tenth of their pace meanwhile: $(of before_per_s | tr '\n' ' ')a second before, $(of back_per_s | tr '\n' ' ')"
judged_by_night "$slow" "$fact"
judged_by_night "$stood" "they never stand still for longer than one change of views: $(sed -n '/"gaps_ms"/,/]/p' "$work/report" | tr -cd '0-9\n' | tr '\n' ' ')ms"
all by_snapshot true
check $? "by a snapshot of the others, behind $(of missed_blocks | tr '\n' ' ')blocks, in $(sed -n '/"back_ms": \[/,/]/p' "$work/report" | tr -cd '0-9\n' | tr '\n' ' ')ms"
fact="it was killed once more while it fetched the snapshot, and went on"
if all killed_while_fetching false; then skip "$fact" "it fetched faster than it could be asked"; else pass "$fact"; fi
[ "$(of state_roots_equal)" = true ]
check $? "all state roots are equal"
[ "$(grep -c 'it is in the sandbox' "$work"/c/r*/wardd.log | awk -F: '{ sum += $2 } END { print sum }')" -ge "$rounds" ]
check $? "each time it ended and was started again by whoever started it"
whole "$work/c" "while segments come and go"

# --- Over MISSED blocks, at night, at full load: once by blocks, which the others still have, and once by a snapshot. WINDOW=0 RATE=600: at a rate instead ---
[ "${WARD_LONG:-0}" = 1 ] || exit 0
missed=${MISSED:-100000}
load="--window ${WINDOW:-256}"
[ "${WINDOW:-256}" = 0 ] && load="--rate ${RATE:-600}"
export WARD_MEMORY_ARCHIVE_RECEIPTS=4194304 # every receipt of the run can be asked for, also behind a snapshot
# far FACT DIRECTORY HISTORY INDEX SNAPSHOT_MIB BY_SNAPSHOT
far() {
    mkdir "$2"
    # shellcheck disable=SC2086
    WARD_MEMORY_HISTORY_BLOCKS=$3 WARD_MEMORY_LOG_INDEX_ENTRIES=$4 WARD_STORAGE_SNAPSHOT_MIB=$5 \
        "$bin/ward-bench" faults --kind away --rounds 1 $load --missed "$missed" --keep "$2" --json >"$work/report" 2>"$work/err"
    code=$?
    rounds=1
    slow=$(sed -n '/"problems"/,$p' "$work/report" | grep -c 'commands in a second while member')
    others=$(sed -n '/"problems"/,$p' "$work/report" | grep '^ *"[^"]*",\{0,1\}$' | grep -vc 'commands in a second while member\|ms without a commit')
    [ "$(of missed_blocks)" -ge "$missed" ] && [ "$others" -eq 0 ] && all by_snapshot "$6" && [ "$(of state_roots_equal)" = true ]
    check $? "$1: $(of missed_blocks) blocks, back after $(of back_ms) ms ($code) $(tail -n 1 "$work/err")"
    judged_alone "$slow" "$1 and commits lose no tenth of their pace: $(of away_per_s) commands in a second without it, $(of back_per_s) meanwhile, $(of after_per_s) behind it"
    whole "$2" "$1"
    rm -rf "$2"
}
far "a follower comes back by blocks" "$work/blocks" 262144 1048576 1048576 false
few=16384
[ "$missed" -gt 32768 ] || few=1024 # of a short trial: less than was missed
far "a follower comes back by a snapshot" "$work/snapshot" $few 262144 1024 true
exit 0
