#!/bin/sh
# pace.sh TAP: what it costs the others that a member comes back while they commit as fast as they can. Each replica is held to a share of a processor of its own (QUOTA percent), as on
# machines of their own, and all of them come before whatever else this machine does. Each run has its own comparison: the pace without the member, while it comes back, and once it is back;
# the median over RUNS counts. At night (WARD_LONG=1), as root, with the cpu controller of control groups. DIR: where the replicas lie, a file system in memory at best.
name=pace
. "$(dirname "$0")/kit"
fact="others lose no tenth of their pace while a member comes back"
[ "${WARD_LONG:-0}" = 1 ] || { skip "$fact" "at night"; exit 0; }
needs_direct "$fact"
group=/sys/fs/cgroup/cpu/ward-pace-$$
place=$(mktemp -d "${DIR:-$work}/pace.XXXXXX")
leave() {
    cleanup
    rm -rf "$place"
    sleep 1
    for i in 0 1 2 3; do rmdir "$group/r$i"; done 2>/dev/null
    rmdir "$group/load" "$group" 2>/dev/null
}
trap leave EXIT
if [ "$(id -u)" -ne 0 ] || ! mkdir "$group" 2>"$work/err" || ! echo 262144 >"$group/cpu.shares" || ! mkdir "$group/load"; then
    skip "$fact" "no root or no cpu controller here: $(tail -n 1 "$work/err" | tr '#' ' ')"
    exit 0
fi
for i in 0 1 2 3; do
    mkdir "$group/r$i"
    echo $((${QUOTA:-30} * 1000)) >"$group/r$i/cpu.cfs_quota_us"
done

# hold PID: puts each replica of a run into its group, again when it was started again, until the run ends.
hold() {
    while kill -0 "$1" 2>/dev/null; do
        for pid in $(pgrep -P "$1" -x wardd); do
            i=$(tr '\0' ' ' <"/proc/$pid/cmdline" | sed -n 's#.*/r\([0-9]\)/.*#\1#p')
            [ -z "$i" ] || grep -qx "$pid" "$group/r$i/cgroup.procs" || echo "$pid" >"$group/r$i/cgroup.procs"
        done 2>/dev/null
        sleep 0.1
    done
}
of() { sed -n "s/^ *\"$1\": *\([a-z0-9]*\),\{0,1\}$/\1/p" "$work/report" | head -n 1; }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

export WARD_MEMORY_HISTORY_BLOCKS=65536 WARD_STORAGE_SNAPSHOT_MIB=65536 WARD_MEMORY_ARCHIVE_RECEIPTS=1048576
: >"$work/ratios"
run=0
while [ "$run" -lt "${RUNS:-5}" ]; do
    run=$((run + 1))
    mkdir "$place/c"
    sh -c 'echo $$ >"$1/load/cgroup.procs"; shift; exec "$@"' sh "$group" \
        "$bin/ward-bench" faults --kind away --rounds 1 --window 256 --missed "${MISSED:-6000}" --keep "$place/c" --json >"$work/report" 2>"$work/err" &
    bench=$!
    pids="$pids $bench"
    hold "$bench"
    wait "$bench"
    rm -rf "$place/c"
    if [ -z "$(of back_per_s)" ] || [ "$(of state_roots_equal)" != true ]; then
        fail "run $run: it comes back, and all roots are equal: $(tail -n 1 "$work/err")"
        exit 1
    fi
    if grep -q 'the load was over' "$work/report" || [ "$(of after_per_s)" -eq 0 ]; then
        fail "run $run: commands last to its end"
        exit 1
    fi
    echo "$(of back_per_s) $(of away_per_s) $(of after_per_s)" | awk '{ printf "%.3f %.3f\n", $1 / $2, $1 / $3 }' >>"$work/ratios"
    pass "run $run: $(of missed_blocks) blocks in $(of back_ms) ms; $(of away_per_s) commands in a second without it, $(of back_per_s) meanwhile, $(of after_per_s) behind it"
done
ratio=$(cut -d' ' -f1 "$work/ratios" | median)
echo "$ratio" | awk '{ exit !($1 >= 0.9) }'
judged_alone $? "$fact: $ratio in the median of $run runs ($(cut -d' ' -f1 "$work/ratios" | tr '\n' ' ')); $(cut -d' ' -f2 "$work/ratios" | median) of the pace behind it"
