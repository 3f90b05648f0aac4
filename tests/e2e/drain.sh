#!/bin/sh
# drain.sh TAP: SIGTERM ends a replica in order within 2 s, without a gap in commits, and leaves a clean mark; a restart goes on from there.
name=drain
. "$(dirname "$0")/kit"
needs_direct "replicas are drained under load"
rounds=${ROUNDS:-3}
[ "${WARD_LONG:-0}" = 1 ] && rounds=${ROUNDS:-20}
rate=200
[ "$mode" = debug ] && rate=60
c=$work/c
mkdir -p "$c"

# The bench starts a drained replica again 0.6 s later, and the mark goes with that start: it is read from the medium as soon as the log tells of the end. A reading that
# came too late (the log tells of the next start) says nothing.
mark() { "$bin/ward" inspect superblock "$c/r$1/data" --json | sed -n 's/.*"clean": \([a-z]*\).*/\1/p'; }
lines() { grep -c "$2" "$c/r$1/wardd.log"; }
watch_marks() {
    seen=""
    while sleep 0.1; do
        ends=$(grep -c 'event=daemon.stopped' "$c"/r*/wardd.log 2>/dev/null) # one line for each member, its count at the end
        [ "$ends" != "$seen" ] || continue
        for i in 0 1 2 3; do
            ended=$(echo "$ends" | sed -n "s|.*/r$i/wardd.log:||p")
            before=$(echo "$seen" | sed -n "s|.*/r$i/wardd.log:||p")
            [ "${ended:-0}" -gt "${before:-0}" ] || continue
            starts=$(lines "$i" 'event=daemon.recovered')
            found=$(mark "$i")
            [ "$(lines "$i" 'event=daemon.recovered')" != "$starts" ] || [ "$starts" -gt "$ended" ] || echo "$found"
        done
        seen=$ends
    done
}
watch_marks >"$work/marks" &
watcher=$!
pids="$pids $watcher"
"$bin/ward-bench" faults --kind drain --rounds "$rounds" --rate "$rate" --keep "$c" --json >"$work/report" 2>"$work/err"
code=$?
kill "$watcher"
wait "$watcher" 2>/dev/null
problems=$(sed -n '/"problems"/,$p' "$work/report")
gaps=$(echo "$problems" | grep -c 'ms without a commit')
others=$(echo "$problems" | grep '^ *"[^"]*",\{0,1\}$' | grep -vc 'ms without a commit')
[ "$others" -eq 0 ] && { [ "$code" -eq 0 ] || [ "$gaps" -gt 0 ]; }
check $? "SIGTERM under load: each end within 2 s, nothing lost ($code): $(echo "$problems" | tr -d '\n' | cut -c1-600)$(tail -n 1 "$work/err")"
judged_alone "$gaps" "and no gap over 300 ms: $(tr -d '\n ' <"$work/report" | sed 's/.*"gaps_ms":\[\([0-9,]*\)\].*/\1/') ms"

[ "$(cat "$c"/r*/wardd.log | grep -c 'event=daemon.stopped.*clean=1')" = "$rounds" ]
check $? "each drain under load says that it left the log clean"
if [ ! -s "$work/marks" ]; then
    skip "and the mark is on the medium" "beside other work: every reading came after the next start"
else
    [ "$(sort -u "$work/marks")" = true ]
    check $? "and the mark is on the medium, in $(grep -c . "$work/marks") of $rounds drains that were looked at in time"
fi

# The bench ends its replicas with SIGKILL: their logs are not marked.
figure() { "$bin/ward" status --socket "$c/r$1/sock" --json | sed -n "s/.*\"$2\": \"\{0,1\}\([0-9a-f]*\)\"\{0,1\}.*/\1/p" | head -n 1; }
[ "$(mark 0)" = false ]
check $? "a replica that was killed has no clean mark"

for round in 1 2; do
    for i in 0 1 2 3; do start "$c" "$i"; done
    for i in 0 1 2 3; do ready "$c" "$i" || fail "round $round: member $i serves again"; done
    tries=0
    until [ "$(figure 0 state_root)" = "$(figure 1 state_root)" ] && [ "$(figure 1 state_root)" = "$(figure 2 state_root)" ] && [ "$(figure 2 state_root)" = "$(figure 3 state_root)" ]; do
        tries=$((tries + 1))
        [ "$tries" -gt 100 ] && break
        sleep 0.1
    done
    [ "$tries" -le 100 ]
    check $? "round $round: after a restart all state roots are equal at height $(figure 0 state_height)"
    "$bin/ward" status --socket "$c/r0/sock" --json >"$work/status" # One answer, so that height and root belong together.
    height=$(sed -n 's/.*"state_height": \([0-9]*\).*/\1/p' "$work/status")
    root=$(sed -n 's/.*"state_root": "\([0-9a-f]*\)".*/\1/p' "$work/status")
    [ "$round" = 1 ] || [ "$height" -ge "$before" ]
    check $? "round $round: nothing that was committed is gone"
    if [ "$round" = 2 ] && [ "$height" = "$before" ]; then
        least=$(($(now_ms) - told)) # since a moment before the start, behind the newest block
        age=$(figure 0 last_commit_age_ms)
        [ "$age" -ge "$least" ]
        check $? "a start makes no commit younger: the last one is $age ms old, at least $least"
    fi
    before=$height told=$(now_ms)
    begin=$(now_ms)
    for i in 0 1 2 3; do kill -TERM "$(pid_of "$i")"; done
    for i in 0 1 2 3; do
        wait "$(pid_of "$i")"
        check $? "round $round: member $i ends with 0"
    done
    took=$(($(now_ms) - begin))
    [ "$took" -le 2000 ]
    check $? "round $round: all four end within 2 s of SIGTERM ($took ms)"
    for i in 0 1 2 3; do
        [ "$(mark "$i")" = true ]
        check $? "round $round: the log of member $i is marked as cleanly closed"
        "$bin/ward" inspect log "$c/r$i/data" --json >"$work/log" 2>&1
        check $? "round $round: every checksum in the log of member $i is right"
        "$bin/ward" inspect state "$c/r$i/data" --genesis "$c/genesis" --height "$height" --json >"$work/state" 2>&1 && grep -q "\"state_root\": \"$root\"" "$work/state"
        check $? "round $round: executed again offline, the log of member $i gives the same state root"
        "$bin/ward" inspect block "$c/r$i/data" --height 1 --json 2>&1 | grep -q '"type": "pointer-add"'
        check $? "round $round: its first block can be looked at"
    done
done
