#!/bin/sh
# slow.sh TAP: what the leader writes becomes slow where the others are not: it hands over and follows (T10). Root, a loop device and the block controller of
# control groups hold the writes of one process back; elsewhere everything is skipped.
name=slow
. "$(dirname "$0")/kit"
needs_direct "a leader with a slow disk hands over"
fact="a leader with a slow disk hands over"
c=$work/c
k=$work/k
mount=$work/mount
group=/sys/fs/cgroup/blkio/ward-slow-$$
mkdir -p "$k" "$mount"

unmount() {
    [ ! -d "$group" ] || { echo "$(cat "$work/device") 0" >"$group/blkio.throttle.write_iops_device"; } 2>/dev/null
    for i in 0 1 2 3; do umount "$mount/$i" 2>/dev/null || umount -l "$mount/$i" 2>/dev/null; done
}
trap 'code=$?; unmount; cleanup "$code"; rmdir "$group" 2>/dev/null' EXIT
# file_system MEMBER: each has its own, for members that share a journal wait for each other's writes.
file_system() { mkdir "$mount/$1" && truncate -s 96M "$work/image-$1" && mkfs.ext4 -q -F -m 0 "$work/image-$1" && mount -o loop "$work/image-$1" "$mount/$1"; }
file_systems() { for i in 0 1 2 3; do file_system "$i" || return 1; done; }
if [ "$(id -u)" -ne 0 ] || ! command -v mkfs.ext4 >/dev/null || ! mkdir "$group" 2>"$work/err" || ! file_systems 2>"$work/err"; then
    skip "$fact" "no root, mkfs.ext4, loop device or block controller here: $(tail -n 1 "$work/err" 2>/dev/null | tr '#' ' ')"
    exit 0
fi

cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
figure() { "$bin/ward" status --socket "$c/r$1/sock" --json 2>/dev/null | sed -n "s/.*\"$2\": \"\{0,1\}\([0-9a-z]*\)\"\{0,1\}.*/\1/p" | head -n 1; }
for i in 0 1 2 3; do
    sed -i "s#data_dir: .*#data_dir: \"$mount/$i/data\"#; s#segment_mib: 16#segment_mib: 1\n    ballast_mib: 0#" "$c/r$i/wardd.yaml"
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
    start "$c" "$i"
done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done
leader=$(figure 0 leader)
lsblk -n -o MAJ:MIN "$(findmnt -n -o SOURCE "$mount/$leader")" | tr -d ' ' >"$work/device"
submit() { "$bin/ward" submit "$@" >"$work/out" 2>"$work/err"; }
other=$(((leader + 1) % 4))
at="--socket $c/r$other/sock"
public() { "$bin/ward" key show "$1" --json | sed -n 's/.*"public": "\([0-9a-f]*\)".*/\1/p'; }
"$bin/ward" key init "$k/system" --for system >/dev/null
submit actor-set kind=system caps=publish,vouch valid_until=+300d --new-key "$k/system/system.key" --key "$c/r0/keys/admin.key" --org 1 $at
check $? "a record system registers: $(tail -n 1 "$work/err")"
for i in $(seq 0 23); do
    "$bin/ward" key init "$k/patient-$i" --for patient >/dev/null
    submit patient-register "kx_pk=$(public "$k/patient-$i/kx.key")" "sealed_kx_pk=$(public "$k/patient-$i/sealed-kx.key")" default_policy=deny flags=standing-write \
        --key "$k/patient-$i/patient.key" --cosigner "$k/system/system.key" $at || fail "patient $i registers: $(tail -n 1 "$work/err")"
done
view=$(figure "$other" view)
echo "$(pid_of "$leader")" >"$group/cgroup.procs" && echo "$(cat "$work/device") 4" >"$group/blkio.throttle.write_iops_device" 2>"$work/err"
check $? "its disk takes four writes a second from now on: $(tail -n 1 "$work/err")"
turn=0 tries=0 held_from=$(now_ms) flushes_from=$(figure "$leader" disk_flushes)
held_ms() { echo $(($(now_ms) - held_from)); }
while [ "$(figure "$other" leader)" = "$leader" ] && [ "$(held_ms)" -lt 15000 ]; do # the others commit without its disk, so by time, not by commands
    submit patient-set default_policy=treating --key "$k/patient-$turn/patient.key" $at || fail "a command commits meanwhile: $(tail -n 1 "$work/err")"
    turn=$(((turn + 1) % 24))
    tries=$((tries + 1))
done
flushed=$(($(figure "$leader" disk_flushes) - flushes_from))
# Fifteen seconds at four writes a second are sixty: where there were twice as many, the group did not hold the writes back at all.
if [ "$(held_ms)" -ge 15000 ] && [ "$flushed" -gt 120 ]; then
    skip "$fact" "the control group holds no writes back here: $flushed writes in $(held_ms) ms"
    exit 0
fi
abdicated=$(figure "$leader" sent_abdicate)
# Where the disk below all four stands still for as long as a view may, that ends the view before the eighth slow write, and there is nothing to judge: once more, twice at most.
if [ "${abdicated:-0}" -eq 0 ] && [ "$(figure "$other" leader)" != "$leader" ] && [ "${TURN:-1}" -lt 3 ]; then
    unmount
    cleanup 0
    rmdir "$group"
    export TURN=$((${TURN:-1} + 1))
    exec "$PWD/tests/e2e/slow.sh" "$(dirname "$tap")"
fi
[ "$(figure "$other" leader)" != "$leader" ]
judged_alone $? "$fact: after $tries commands, view $view to $(figure "$other" view)"
[ "${abdicated:-0}" -ge 1 ]
judged_alone $? "it said so itself: nobody had to wait for it (turn ${TURN:-1})"
began=$(now_ms)
for i in 0 1 2 3; do submit patient-set default_policy=deny --key "$k/patient-$i/patient.key" $at || fail "commits go on: $(tail -n 1 "$work/err")"; done
pass "four commands commit in $(($(now_ms) - began)) ms under the next one"
echo "$(cat "$work/device") 0" >"$group/blkio.throttle.write_iops_device"
tries=0
until [ "$(figure "$leader" executed_height)" = "$(figure "$other" executed_height)" ] || [ "$tries" -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
[ "$(figure "$leader" state_root)" = "$(figure "$other" state_root)" ]
check $? "it follows, with the same state root"
exit 0
