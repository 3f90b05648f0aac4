#!/bin/sh
# bench.sh TAP: `ward-bench cluster` measures a real cluster, prints every field, and says when a run is not valid.
name=bench
. "$(dirname "$0")/kit"
needs_direct "the benchmark runs"
cd "$work" || exit 1

number() { sed -n "s/^ *\"$1\": *\([0-9.]*\),*$/\1/p" bench.json | head -n 1; }

measure() { timeout 60 "$bin/ward-bench" cluster --json --rate 200 --for 2s --warm-up 1s >bench.json 2>bench.err; }
problems() { tr -d '\n' <bench.json | sed -n 's/.*"problems": *\[ *\([^]]*[^] ]\) *\].*/\1/p' | cut -c1-300; }
# A run is valid, or is not and says why. A machine that is busy with other things may spoil one run; two in a row are counted as valid only when
# they are, and as skipped when nothing but the machine was too slow.
measure || measure
code=$?
fact="it ends with 0 and a run that is valid"
if [ "$code" -eq 23 ] && grep -q '"valid": false' bench.json && [ "$(problems)" = '"the load generator fell behind its own schedule"' ]; then
    skip "$fact" "the load generator fell behind its own schedule, twice"
else
    [ "$code" -eq 0 ] && grep -q '"valid": true' bench.json
    check $? "$fact ($code): $(problems)"
fi
[ "$(sed -n 2p bench.json)" = '  "schema": "ward.bench.cluster/1",' ] && [ ! -s bench.err ]
check $? "it prints one object and nothing else"
missing=""
for field in command offered committed tx_per_second latency_ms p50 p95 p99 p999 cpu_us_per_tx total by_replica client_cpu_us_per_tx signature_checks_per_tx \
    flushes_per_block messages_per_block messages_per_block_by tx_per_block bytes_logged_per_tx bytes_sent_per_tx valid; do
    grep -q "^ *\"$field\": " bench.json || missing="$missing $field"
done
[ -z "$missing" ]
check $? "every name of the object is there:$missing"
grep -q '"command": "POINTER_ADD of 1 item, 339 bytes"' bench.json
check $? "the measured command is a POINTER_ADD of 339 bytes"
[ "$(number committed)" -ge 390 ] && [ "$(number committed)" -le 400 ]
check $? "what was offered is committed: $(number committed)"
[ -z "$(ls -d ward-* 2>/dev/null)" ]
check $? "the cluster's directory is gone"
# --- One command at a time ---
# The links and flushes on the way of a command are counted in virtual time (tests/sim/world_test.c), what it sends and writes here. The 2 ms beside them are the clock's, on a
# machine and a disk that are the cluster's alone: they are judged by night, three runs may try, and told by day. What earlier steps wrote goes to the disk before.
isolated() { sync && timeout 60 "$bin/ward-bench" isolated --json --commands 40 --pause 20ms >bench.json 2>bench.err; }
# waits gives what nobody asks, answers or gives up in a run that nothing held up: where the machine stood still for a moment, such messages come atop of a block's own.
waits() { awk -F: '/^ *"(timeout|tc|abdicate|query|answer)":/ { sum += $2 } END { print sum + 0 }' bench.json; }
judged_calm() { if [ "$(waits)" = 0 ]; then check "$1" "$2"; else judged_alone "$1" "$2, of which waits cost $(waits)"; fi; }
enough() { [ "$(waits)" = 0 ] && { [ "$within" -eq 0 ] || { [ "$within" -eq 1 ] && [ "${WARD_LONG:-0}" != 1 ]; }; }; } # by day a valid run will do
for _ in 1 2 3; do
    isolated
    within=$?
    enough && break
done
grep -q '"valid": true' bench.json
judged_alone $? "isolated commands are measured ($within): $(problems)"
judged_by_night "$within" "an isolated command is committed within four links, two flushes and 2 ms: $(number latency_ms_mean) of $(number bound_ms) ms, \
$(number flush_ms_mean) ms for a flush"
# Four replicas send 5 (n-1) messages for a block and flush twice each. A member in reserve (protocol.md P1) sends no vote while the others answer,
# and writes only the body: a message and a flush of four replicas less, or less than that where a run holds it for a part of the time.
between() { awk -v f="$(number "$1")" -v low="$2" -v high="$3" 'BEGIN { exit !(f >= low && f <= high) }'; }
between messages_per_block 14.0 15.0
judged_calm $? "messages of an isolated block with a member in reserve: $(number messages_per_block)"
between flushes_per_block 1.7 2.1
check $? "flushes of an isolated block with a member in reserve, a checkpoint's among them: $(number flushes_per_block)"
for _ in 1 2 3; do
    WARD_NODE_RESERVES=false isolated
    [ "$(waits)" = 0 ] && break
done
[ "$(number messages_per_block)" = "15.0" ]
judged_calm $? "messages of an isolated block when all vote: $(number messages_per_block) = 5 (n-1)"
# Two for each, and a checkpoint's now and then: that is a bound from above. On a busy machine two appends of a replica may find themselves in one write,
# which is no fault; one replica that leaves one of its two out would be 1.75.
between flushes_per_block 1.9 2.1
check $? "flushes of an isolated block when all vote: $(number flushes_per_block)"
# --- As many commands as the machine takes ---
# What a command costs is judged where blocks are full; at lower rates the signatures of votes, the flushes and the wake-ups of a block are shared by few.
timeout 120 "$bin/ward-bench" cluster --json --rate max --for 3s --warm-up 1s >bench.json 2>bench.err
code=$?
awk -v cpu="$(sed -n '/"cpu_us_per_tx"/,/}/s/^ *"total": *\([0-9.]*\),*$/\1/p' bench.json)" -v check="$(number libsodium_check_us)" \
    'BEGIN { exit !(cpu > 0 && check > 0 && cpu <= 1.35 * 4 * check) }'
judged_alone $? "a command costs all replicas at most 1.35 of four libsodium checks ($code)"
awk -v of="$(sed -n '/"checks_per_tx_by"/,/}/p' bench.json | tr -d ' ,"' | awk -F: '$1 == "clients" || $1 == "proposals" { sum += $2 } END { print sum }')" 'BEGIN { exit !(of >= 2.95 && of <= 4.05) }'
check $? "each command's own signature is checked by a quorum at least, and by nobody twice: $(sed -n '/"checks_per_tx_by"/,/}/p' bench.json | tr -d ' \n')"
between flushes_per_block 0.7 1.1
judged_alone $? "a chained block costs each replica one flush at most: $(number flushes_per_block)"
# Of all blocks of the run the first and the last may stand alone, with 3 (n-1) more, and one for which a reserve was called costs as much at most;
# 2 (n-1) is what the others may cost.
awk -v m="$(number messages_per_block)" -v c="$(number committed)" -v t="$(number tx_per_block)" -v hedges="$(number hedges)" \
    'BEGIN { blocks = c / t; exit !(blocks > 20 && m * blocks >= 4 * blocks && m * blocks <= 6 * blocks + 9 * (2 + hedges)) }'
judged_alone $? "a chained block costs 2 (n-1) messages at most: $(number messages_per_block) on average, $(number hedges) calls of a reserve"
"$bin/ward-bench" replica --commands 400 --warm-up 100 --json > replica.json && grep -q '"cpu_us_per_tx_and_replica": [0-9]' replica.json
check $? "four replicas in one process execute what they are given"
"$bin/ward-bench" replay --commands 2000 --items 4 --located --json >bench.json 2>bench.err
code=$?
[ "$code" -eq 0 ] && [ "$(number command_bytes)" = 2597 ] && [ "$(number commands)" -gt 1200 ] && [ "$(number commands)" -le 2000 ]
check $? "a start goes through a log of such replicas and has its commands again: exit $code, $(number commands) of 2000 $(cat bench.err)"
"$bin/ward-bench" log --quick --segment 16 --json >log.json && [ "$(sed -n 2p log.json)" = '  "schema": "ward.bench.log/1",' ]
check $? "the segment log is measured beside raw writes and reads: $(sed -n 's/^ *"ratio": \([0-9.]*\).*/\1/p' log.json | cut -c1-5 | tr '\n' ' ')of raw"
grep -q '"one_flush_and_5_percent_more": true' log.json
check $? "one flush for each batch, and hardly more written than was given: $(sed -n 's/^ *"written_per_payload": *\([0-9.]*\).*/\1/p' log.json)"
[ -z "$(ls -d ward-* 2>/dev/null)" ]
check $? "nothing of it stays"
expect 7 'tmpfs' "a directory without durable writes is refused" "$bin/ward-bench" log --dir /dev/shm
expect 3 'No such file' "a directory that is not there is refused as everywhere" "$bin/ward-bench" log --dir /nowhere
expect 3 'No such file' "for a cluster too" "$bin/ward-bench" cluster --keep /proc/nowhere
expect 2 'rate' "a rate that is none is refused" "$bin/ward-bench" cluster --rate fast
expect 2 'payload' "a payload that no command has is refused" "$bin/ward-bench" cluster --payload 100
"$bin/ward-bench" --version | grep -q '^ward-bench [0-9]'
check $? "it says its version"
exit 0
