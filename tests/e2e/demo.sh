#!/bin/sh
# demo.sh TAP: `ward demo` from the first registration to a refused release, its object, and that nothing is left behind, also by a signal.
name=demo
. "$(dirname "$0")/kit"
needs_direct "the demonstration holds"
cd "$work" || exit 1

# number NAME: the first number of that name in the object; word NAME likewise true or false.
number() { sed -n "s/^ *\"$1\": *\([0-9.]*\),*$/\1/p" demo.json | head -n 1; }
word() { sed -n "s/^ *\"$1\": *\([a-z]*\),*$/\1/p" demo.json | head -n 1; }
at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

rate=200
[ "$mode" = debug ] && rate=60 # what the sanitizers leave of it
begin=$(now_ms)
timeout 120 "$bin/ward" demo --json --for "${DEMO_FOR:-10s}" --rate "$rate" >demo.json 2>demo.err
code=$?
took=$(($(now_ms) - begin))
check "$code" "the demonstration ends with 0: $(tr -d '\n' <demo.json | sed 's/.*"problems": *\[\(.*\)\].*/\1/' | cut -c1-200)"
[ "$(head -n 1 demo.json)" = "{" ] && [ "$(tail -n 1 demo.json)" = "}" ] && [ "$(sed -n 2p demo.json)" = '  "schema": "ward.demo/1",' ]
check $? "it prints one object and nothing else"
[ ! -s demo.err ]
check $? "and no progress where no terminal is"
missing=""
for field in ok committed rejected tx_per_second latency_ms p50 p99 max cpu_us_per_tx libsodium_check_us signature_checks_per_tx blocks flushes_per_block \
    messages_per_block idle seconds wakeups messages writes failover_ms rejoined state_roots_equal access permitted denied revoked_denied audit_complete memory_mib_max; do
    grep -q "^ *\"$field\": " demo.json || missing="$missing $field"
done
[ -z "$missing" ]
check $? "every name of the object is there:$missing"
for field in ok rejoined state_roots_equal permitted denied revoked_denied audit_complete; do
    [ "$(word "$field")" = true ]
    check $? "$field is true"
done
for field in wakeups messages writes; do
    [ "$(number "$field")" = 0 ]
    check $? "the idle cluster makes no $field"
done
# The sanitizers cost time and memory.
if [ "$mode" = release ]; then
    if [ -z "${DEMO_FOR:-}" ]; then # of the 60 s that the default demonstration may take, 20 s more of load are its difference
        [ "$took" -le 40000 ]
        judged_alone $? "with 10 s of load it takes at most 40 s from beginning to end: $took ms"
    fi
    at_most "$(number failover_ms)" 500
    judged_alone $? "commits went on within 500 ms of the leader's end: $(number failover_ms)"
    at_most "$(number failover_ms)" 1500
    check $? "and within 1.5 s whatever else the machine does"
    at_most "$(number memory_mib_max)" 128
    check $? "no replica took more than 128 MiB"
fi
at_most "$(number messages_per_block)" 15
check $? "a block takes at most 5 (n - 1) messages"
at_most "$(number flushes_per_block)" 2.1
check $? "and two flushes, a checkpoint's among them: $(number flushes_per_block)"
at_most 4 "$(number signature_checks_per_tx)"
check $? "a command and the votes of its small block cost four checks at least: $(number signature_checks_per_tx)"
[ "$(sed -n '/^ *"resources":/,/}/s/^ *"taken": *\([0-9]*\),*$/\1/p' demo.json)" = 18 ]
check $? "the 18 clinical resources of the bundle were taken"
[ "$(number committed)" -ge $((10 * rate)) ]
check $? "all of the load was committed"
[ -z "$(ls -d ward-* 2>/dev/null)" ]
check $? "the cluster's directory is gone"

expect 2 'out of range' "a load too short for the story is refused" "$bin/ward" demo --for 1s
expect 3 'nowhere' "a bundle that is not there is refused" "$bin/ward" demo --bundle nowhere.json
mkdir full && : >full/file
expect 5 'full' "a directory that is not empty is refused" "$bin/ward" demo --keep full
expect 3 'No such file' "a directory in one that is not there is refused" "$bin/ward" demo --keep nowhere/deeper
printf '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p"}}]}' >none.json
expect 3 'none.json: no clinical resource' "a bundle without a clinical resource is refused before anything starts" "$bin/ward" demo --bundle none.json
printf '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p"}},{"resource":{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/other"}}}]}' >other.json
expect 3 'other.json: no clinical resource' "and so is one about somebody else" "$bin/ward" demo --bundle other.json
[ "$mode" = debug ] || # it builds and starts the release programs
    expect 3 'none.json: no clinical resource' "setup.sh demo reads paths as its caller means them" ../../../setup.sh demo --bundle none.json
if [ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ] && shm=$(mktemp -d /dev/shm/ward.XXXXXX 2>/dev/null); then
    expect 7 'lies on tmpfs' "a directory that forgets is refused, with the daemon's own words" "$bin/ward" demo --keep "$shm"
    rm -rf "$shm"
else
    skip "a directory that forgets is refused" "no tmpfs at /dev/shm"
fi

# Without --json it tells what it does while it does it, a line for each step, behind the seconds since it began.
story='replicas with throw-away keys in
commands per second for 60 s
the bundle is published by its hospitals'
told() { [ "$(grep -o "$story" progress)" = "$story" ] && ! grep -vq '^ *[0-9]*\.[0-9] s  ' progress; }
"$bin/ward" demo --for 60s >progress.out 2>progress &
pid=$!
pids="$pids $pid"
tries=0
until told || [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.1
done
told && kill -0 "$pid" && [ ! -s progress.out ]
check $? "it tells each step while it goes on: $(tail -n 1 progress)"
members=$(pgrep -P "$pid" -x wardd | wc -l)
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$members" -eq 4 ] && [ "$code" -eq 130 ] && [ -z "$(ls -d ward-* 2>/dev/null)" ]
check $? "a signal ends it with 130 and leaves nothing behind ($members replicas, $code)"

# The directory is there long before the cluster runs.
"$bin/ward" demo --for 60s >early.out 2>early.err &
pid=$!
pids="$pids $pid"
tries=0
until [ -n "$(ls -d ward-*/genesis 2>/dev/null)" ] || [ "$tries" -gt 1000 ] || ! kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.01
done
early=$(ls -d ward-*/genesis 2>/dev/null)
kill -TERM "$pid"
wait "$pid"
code=$?
[ -n "$early" ] && [ "$code" -eq 130 ] && [ -z "$(ls -d ward-* 2>/dev/null)" ]
check $? "so does one that comes while the cluster is laid out ($code)"
rm -rf ward-*

[ "${WARD_LONG:-0}" = 1 ] || exit 0
if [ "$mode" = release ]; then
    begin=$(now_ms)
    timeout 180 "$bin/ward" demo --json >demo.json 2>demo.err
    check $? "the demonstration as it comes (30 s of load) holds: $(tr -d '\n' <demo.json | sed 's/.*"problems": *\[\(.*\)\].*/\1/' | cut -c1-200)"
    took=$(($(now_ms) - begin))
    [ "$took" -le 60000 ]
    judged_alone $? "and takes at most 60 s from beginning to end: $took ms"
fi
for count in 7 10; do
    timeout 180 "$bin/ward" demo --json --replicas "$count" --for 10s --rate 200 >demo.json 2>demo.err
    check $? "the demonstration holds with $count replicas: $(tr -d '\n' <demo.json | sed 's/.*"problems": *\[\(.*\)\].*/\1/' | cut -c1-200)"
done
exit 0
