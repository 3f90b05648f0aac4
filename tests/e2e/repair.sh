#!/bin/sh
# repair.sh TAP: a replica whose files were damaged between stop and start, at random places: bits flipped, runs zeroed, files cut short. It comes back repaired
# with the state of the others, or refuses with the exit code that `ward inspect damage` foretold; it never crashes and never shows another state. Then a
# replica that is started on an old copy of its directory refuses to sign, and so does one whose key runs on a second machine at the same time. 200 places with WARD_LONG=1; PLACES=N and SEED=N choose; PLACE=N plays
# that one alone. What a replica had before a place that went wrong is kept beside what it has now.
name=repair
. "$(dirname "$0")/kit"
needs_direct "a damaged replica comes back or refuses"
places=${PLACES:-6}
[ "${WARD_LONG:-0}" = 1 ] && places=${PLACES:-200}
[ "$mode" = debug ] && [ "${WARD_LONG:-0}" != 1 ] && places=${PLACES:-2}
seed=${SEED:-$(date +%s)}
first=${PLACE:-1}
[ -n "${PLACE:-}" ] && places=1
c=$work/c
ward() { "$bin/ward" "$@"; }

# --- A cluster with a past: several sealed segments and, above all, snapshots ---
mkdir -p "$c"
export WARD_MEMORY_HISTORY_BLOCKS=1024 # the least; a snapshot is due after 256 blocks, at a checkpoint block
rate=300
[ "$mode" = debug ] && rate=100
past=13s
[ "${WARD_LONG:-0}" = 1 ] && past=30s # a busy machine makes its snapshots later; at night they must be there
"$bin/ward-bench" cluster --replicas 4 --rate "$rate" --for "$past" --segment-mib 1 --snapshot-mib 1 --keep "$c" --json >"$work/bench" 2>"$work/err"
code=$?
if [ "$code" -ne 0 ] && [ "$code" -ne 23 ]; then # 23: no run to measure by, on a machine that does other work; a past all the same
    fail "a cluster with a past: $(tail -n 1 "$work/err") $(tr -d '\n' <"$work/bench" | cut -c1-300)"
    exit 1
fi
set -- "$c"/*/wardd.yaml
[ $# -eq 4 ] || { fail "four replicas are laid out"; exit 1; }
for yaml in "$@"; do sed -i 's/segment_mib: 1$/segment_mib: 1\n    ballast_mib: 0/' "$yaml"; done
figure() { ward status --socket "$c/r$1/sock" --json 2>/dev/null | sed -n "s/.*\"$2\": \"\{0,1\}\([0-9a-z]*\)\"\{0,1\}.*/\1/p" | head -n 1; }
same_state() { [ "$(figure 3 executed_height)" = "$(figure 0 executed_height)" ] && [ "$(figure 3 state_root)" = "$(figure 0 state_root)" ]; }
settled() { same_state && [ "$(figure 3 damage_waiting)" = 0 ] && [ "$(figure 3 may_sign)" = 1 ]; }

for i in 0 1 2 3; do start "$c" "$i"; done
for i in 0 1 2 3; do ready "$c" "$i" || { fail "member $i serves"; exit 1; }; done
tries=0
until settled || [ "$tries" -ge 200 ]; do sleep 0.1; tries=$((tries + 1)); done
settled || { fail "all are equal before anything is damaged"; exit 1; }
height=$(figure 0 executed_height) root=$(figure 0 state_root)
stop 3 || { fail "the replica stops in order"; exit 1; }
data=$c/r3/data
segments=$(find "$data/log" -name '*.seg' | wc -l) snapshots=$(find "$data/snap" -name '*.snp' | wc -l)
[ "$segments" -ge 3 ]
check $? "its directory has closed segments: $segments"
fact="and snapshots: $snapshots files"
if [ "$snapshots" -gt 0 ] || [ "${WARD_LONG:-0}" = 1 ]; then [ "$snapshots" -gt 0 ]; check $? "$fact"; else skip "$fact" "none was done before the end: load $(cut -d' ' -f1 /proc/loadavg)"; fi
cp -a "$data" "$work/good"

# restore: as the directory was when the replica last stopped in order, so this is no older than what was signed: who refuses has signed nothing.
restore() {
    rm -rf "$data"
    cp -a "$work/good" "$data"
}

# damage N: changes one place, drawn by seed and number; says which. Half of the places are in segments, the rest in superblock and snapshots.
damage() {
    perl -e '
        my ($dir, $seed, $n) = @ARGV;
        srand($seed * 1000 + $n);
        my @log = sort glob "$dir/log/*.seg"; my @snap = sort glob "$dir/snap/*.snp";
        my $kind = int rand 10;
        my $file = $kind < 6 || !@snap ? $log[rand @log] : $kind < 8 ? $snap[rand @snap] : "$dir/superblock";
        my $size = -s $file; my $what = ("flip", "zero", "cut")[int rand 3]; my $at = int rand $size;
        $at = int rand 12288 if rand() < 0.3 && $size > 12288;  # headers
        if ($file =~ /seg$/ && rand() < 0.5) {                  # what is written, not the zeros behind it
            open my $in, "<", $file or die; binmode $in; local $/; my $bytes = <$in>; my $used = length $bytes; close $in;
            $bytes =~ s/\0+\z//; $used = length $bytes; $at = int rand $used if $used > 0;
        }
        open my $f, "+<", $file or die "$file: $!"; binmode $f;
        if ($what eq "cut") { truncate $f, $at or die; }
        elsif ($what eq "zero") { my $run = 1 << int rand 17; $run = $size - $at if $at + $run > $size; seek $f, $at, 0; print $f "\0" x $run; $what .= " $run"; }
        else { seek $f, $at, 0; read $f, my $byte, 1; seek $f, $at, 0; print $f chr(ord($byte) ^ 1 << int rand 8); }
        close $f or die; $file =~ s/.*\/data\///; print "$what at $at of $file\n";' "$data" "$seed" "$1"
}

# comes_back: waits until it has the state of the others and no damage waits, or it ended; gives its exit code, 0 while it runs, 99 when it does neither.
again=0
patience=300 # twentieths of a second, and what the questions take
[ "${WARD_LONG:-0}" = 1 ] && patience=1200 # among 200 starts one meets a busy disk
comes_back() {
    tries=0
    while [ "$tries" -lt "$patience" ]; do
        if ! kill -0 "$(pid_of 3)" 2>/dev/null; then
            wait "$(pid_of 3)"
            ended=$?
            [ "$ended" -eq 10 ] || return "$ended"
            again=$((again + 1)) # a snapshot of the others is installed, and a service manager starts it again
            start "$c" 3
        fi
        settled && return 0
        sleep 0.05
        tries=$((tries + 1))
    done
    return 99
}

back=0 refused=0 wrong=0 n=$((first - 1))
while [ "$n" -lt $((first - 1 + places)) ]; do
    n=$((n + 1))
    restore
    wrong_before=$wrong
    place=$(damage "$n")
    ward inspect damage "$data" --json >"$work/foretold" 2>"$work/foretold.err"
    foretold=$?
    start "$c" 3
    comes_back
    got=$?
    case $got in
    0)
        back=$((back + 1))
        [ "$(figure 3 state_root)" = "$root" ] && [ "$(figure 3 executed_height)" = "$height" ] || { wrong=$((wrong + 1)); fail "place $n of seed $seed ($place): another state"; }
        stop 3 || { wrong=$((wrong + 1)); fail "place $n of seed $seed ($place): it does not stop in order"; }
        ward inspect damage "$data" --json >"$work/after" 2>/dev/null || { wrong=$((wrong + 1)); fail "place $n of seed $seed ($place): damage is left: $(tr -d '\n' <"$work/after" | cut -c1-400)"; }
        [ "$wrong" -eq "$wrong_before" ] || { cp -a "$work/good" "$work/before-$n"; cp -a "$data" "$work/after-$n"; cp "$c/r3/log" "$work/log-$n"; }
        rm -rf "$work/good" # It may have voted in a change of views: from now on this is what it signed.
        cp -a "$data" "$work/good"
        ;;
    5 | 6)
        refused=$((refused + 1))
        grep -q "exit $got" "$work/foretold" || [ "$foretold" -eq "$got" ] || [ "$foretold" -eq 6 ] ||
            { wrong=$((wrong + 1)); fail "place $n of seed $seed ($place): exit $got was not foretold: $(cat "$work/foretold.err") $(tail -n 1 "$c/r3/log")"; }
        ;;
    *)
        wrong=$((wrong + 1))
        fail "place $n of seed $seed ($place): exit $got: $(tail -n 2 "$c/r3/log" | tr '\n' ' ')"
        cp -a "$work/good" "$work/before-$n"
        kill -KILL "$(pid_of 3)" 2>/dev/null
        wait "$(pid_of 3)" 2>/dev/null
        ;;
    esac
done
[ "$wrong" -eq 0 ] && [ $((back + refused)) -eq "$places" ]
check $? "$places damaged places: $back came back with the state of the others, $refused refused as foretold, $again began again with a snapshot of the others, seed $seed"

for i in 0 1 2; do stop "$i"; done

# --- An old copy of the directory (E4) ---
c=$work/e4
export WARD_NODE_RESERVES=false # so that each member has signed something that the leader holds
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
    start "$c" "$i"
done
for i in 0 1 2 3; do ready "$c" "$i" || { fail "member $i serves"; exit 1; }; done
data=$c/r3/data
commit() { # commit N I: one command through a replica
    ward key init "$work/k$1" --for system >/dev/null
    ward submit actor-set kind=system caps=publish valid_until=+300d --new-key "$work/k$1/system.key" --key "$c/r0/keys/admin.key" --org 1 --socket "$c/r$2/sock" >"$work/out" 2>"$work/err"
}
level() {
    tries=0
    until same_state || [ "$tries" -ge 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    same_state
}
commit 1 3 && commit 2 0 && level
check $? "commands are committed: $(tail -n 1 "$work/err")"
stop 3
cp -a "$data" "$work/old"
start "$c" 3
ready "$c" 3 && commit 3 3 && commit 4 0 && commit 5 1 && level
check $? "and more of them after a restart: $(tail -n 1 "$work/err")"
stop 3
mv "$data" "$work/newer"
cp -a "$work/old" "$data"
start "$c" 3
tries=0
while kill -0 "$(pid_of 3)" 2>/dev/null && [ "$tries" -lt 200 ]; do sleep 0.1; tries=$((tries + 1)); done
if kill -0 "$(pid_of 3)" 2>/dev/null; then
    fail "a replica on an old copy of its directory refuses: it runs, may_sign $(figure 3 may_sign)"
    stop 3
else
    wait "$(pid_of 3)"
    code=$?
    [ "$code" -eq 5 ] && tail -n 5 "$c/r3/log" | grep -q 'older than what this key has signed'
    check $? "a replica on an old copy of its directory refuses with 5 and says why: $code, $(tail -n 1 "$c/r3/log" | cut -c1-300)"
fi
commit 6 0
check $? "the others go on without it: $(tail -n 1 "$work/err")"
rm -rf "$data"
mv "$work/newer" "$data"
start "$c" 3
comes_back
check $? "with the newer directory it signs again"

# --- The same key on two machines, both running (E4, decision 0243) ---
stop 3
cp -a "$c/r3" "$c/r4" # the second machine: a copy of all of it, with a port and a socket of its own
free_ports 1 >"$c/r4/port"
sed -i -e "s#$c/r3/#$c/r4/#g" -e "s#listen: .*#listen: \"127.0.0.1:$(cat "$c/r4/port")\"#" "$c/r4/wardd.yaml"
: >"$c/r4/log"
start "$c" 3
start "$c" 4
both() { kill -0 "$(pid_of 3)" 2>/dev/null && kill -0 "$(pid_of 4)" 2>/dev/null; }
n=20
while both && [ "$n" -lt 60 ]; do
    n=$((n + 1))
    commit "$n" 0
    sleep 0.2
done
told="" left=""
for i in 3 4; do
    if kill -0 "$(pid_of $i)" 2>/dev/null; then
        left="$left $i"
        continue
    fi
    wait "$(pid_of $i)"
    told="$told $?:$(tail -n 5 "$c/r$i/log" | grep -c 'another process signs with the key of this replica\|older than what this key has signed')"
done
[ -n "$told" ] && [ -z "$(echo "$told" | tr ' ' '\n' | grep -v '^5:1$' | tr -d '\n')" ]
check $? "one key on two machines that both run: found out after $((n - 20)) commands, exit code and words:$told"
for i in $left; do stop "$i"; done
commit 70 0
check $? "and the others go on: $(tail -n 1 "$work/err")"

# --- A lost disk (E5): the same key, an empty directory, and what the others say of it ---
stop 3
mv "$data" "$work/lost"
expect 5 'has a store already' "a lost disk is no first start" "$bin/wardd" --config "$c/r3/wardd.yaml" --init
expect 0 '' "wardd --rejoin makes a store for a key whose store is lost" "$bin/wardd" --config "$c/r3/wardd.yaml" --rejoin
ward inspect damage "$data" | grep -q 'a quorum of other members'
check $? "ward inspect damage says what it will wait for"
stop 1
start "$c" 3
ready "$c" 3
sleep 1
[ "$(figure 3 may_sign)" = 0 ] && [ "$(figure 3 rejoining)" = 1 ]
check $? "with one more member away it signs nothing: heard $(figure 3 rejoin_heard) of $(figure 3 rejoin_wanted)"
start "$c" 1
ready "$c" 1
comes_back
check $? "with a quorum of others it comes back: up to view $(figure 3 abstains_to_view) it signs nothing"
commit 7 0 && level
check $? "the leader ends its view: $(figure 3 view)"
stop 1
commit 8 0 && level
check $? "and with one member away its vote makes the quorum: $(tail -n 1 "$work/err")"
start "$c" 1
stop 3
mv "$data" "$work/new"
mv "$work/lost" "$data"
expect 5 'does not sign with another' "the old directory, should it turn up, is refused" "$bin/wardd" --config "$c/r3/wardd.yaml"
exit 0
