#!/bin/sh
# disk.sh TAP: a replica on an ext4 of its own that is filled to the brim, and one whose disk fails every write. Root and loop devices make
# the file systems; elsewhere everything is skipped.
name=disk
. "$(dirname "$0")/kit"
needs_direct "replicas meet a full and a failing disk"
c=$work/c
k=$work/k
mount=$work/mount
mkdir -p "$k" "$mount"

unmount() { umount "$mount" 2>/dev/null || umount -l "$mount" 2>/dev/null; }
trap 'code=$?; unmount; cleanup "$code"' EXIT

# file_system MIB: a fresh ext4 at $mount.
file_system() {
    rm -f "$work/image"
    truncate -s "$1M" "$work/image" && mkfs.ext4 -q -F -m 0 "$work/image" && mount -o loop "$work/image" "$mount"
}
if [ "$(id -u)" -ne 0 ] || ! command -v mkfs.ext4 >/dev/null || ! file_system 128 2>"$work/err"; then
    skip "a replica survives a full disk and a failing one" "no root, mkfs.ext4 or loop device here: $(tail -n 1 "$work/err" 2>/dev/null | tr '#' ' ')"
    exit 0
fi

cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
sed -i "s#data_dir: .*#data_dir: \"$mount/data\"#; s#segment_mib: 16#segment_mib: 1\n    ballast_mib: 4#" "$c/r3/wardd.yaml"
for i in 0 1 2 3; do "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1; done

# figure I NAME: one figure of a replica's status.
figure() { "$bin/ward" status --socket "$c/r$1/sock" --json 2>/dev/null | sed -n "s/.*\"$2\": \"\{0,1\}\([0-9a-z]*\)\"\{0,1\}.*/\1/p" | head -n 1; }
# becomes I NAME VALUE: waits up to 20 s.
becomes() {
    tries=0
    until [ "$(figure "$1" "$2")" = "$3" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 200 ] || return 1
        sleep 0.1
    done
}
submit() { "$bin/ward" submit "$@" >"$work/out" 2>"$work/err"; }
at="--socket $c/r0/sock"
patients=16 turn=0
many() { # many N: commits, one after the other, of patients in turn: an account may act only so often.
    n=0
    while [ "$n" -lt "$1" ]; do
        turn=$(((turn + 1) % patients))
        submit patient-set default_policy=treating --key "$k/patient-$turn/patient.key" $at || return 1
        n=$((n + 1))
    done
}
caught_up() { becomes 3 executed_height "$(figure 0 executed_height)" && [ "$(figure 3 state_root)" = "$(figure 0 state_root)" ]; }

others_fill "$mount" 860
for i in 0 1 2 3; do start "$c" "$i"; done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done
[ "$(figure 3 disk_level)" = warn ] && grep -q 'id=W-0203' "$c/r3/log"
check $? "at 86 % the operator is warned"
"$bin/ward" key init "$k/system" --for system >/dev/null
public() { "$bin/ward" key show "$1" --json | sed -n 's/.*"public": "\([0-9a-f]*\)".*/\1/p'; }
submit actor-set kind=system caps=publish,vouch valid_until=+300d --new-key "$k/system/system.key" --key "$c/r0/keys/admin.key" --org 1 $at
check $? "a record system registers: $(tail -n 1 "$work/err")"
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    "$bin/ward" key init "$k/patient-$i" --for patient >/dev/null
    submit patient-register "kx_pk=$(public "$k/patient-$i/kx.key")" "sealed_kx_pk=$(public "$k/patient-$i/sealed-kx.key")" default_policy=deny flags=standing-write \
        --key "$k/patient-$i/patient.key" --cosigner "$k/system/system.key" $at || fail "patient $i registers: $(tail -n 1 "$work/err")"
done

# --- 92 %: clients are refused with a reason and a time; the replica goes on otherwise ---
kill -STOP "$(pid_of 3)" # so that it finds the fuller disk at its next look
others_fill "$mount" 930
kill -CONT "$(pid_of 3)"
becomes 3 disk_level refuse
check $? "at 93 % it refuses: $(figure 3 disk_level)"
submit patient-set default_policy=deny --key "$k/patient-0/patient.key" --socket "$c/r3/sock" --timeout 3s
[ $? -ne 0 ] && grep -q 'disk is nearly full' "$work/out" "$work/err"
check $? "and says why: $(cat "$work/err" "$work/out" | tail -n 1)"
many 3
check $? "others take requests"
caught_up
check $? "and it follows"

# --- 98 %: mute, without ballast; without it the others need each other ---
others_fill "$mount" 980
becomes 3 disk_level stop
check $? "at 98 % it stops voting"
[ ! -e "$mount/data/ballast" ] && grep -q 'id=E-0205' "$c/r3/log"
check $? "its ballast is gone, and it says so"
many 3
check $? "the other three commit"
caught_up
check $? "and it still follows and answers"

# --- To the brim ---
dd if=/dev/zero of="$mount/more" bs=64k 2>/dev/null
many 40
check $? "the others commit while its disk is full to the brim"
[ "$(figure 3 disk_level)" = stop ] && kill -0 "$(pid_of 3)"
check $? "it lives, and its status answers"

# --- The machine goes down meanwhile: with a disk that is full to the last block a start serves all the same ---
dd if=/dev/zero of="$mount/last" bs=1k 2>/dev/null
kill -KILL "$(pid_of 3)"
wait "$(pid_of 3)" 2>/dev/null
start "$c" 3
ready "$c" 3 && becomes 3 disk_level stop
check $? "started again on a full disk it serves, and votes no more: $(tail -n 1 "$c/r3/log" | cut -c1-200)"
rm -f "$mount/last"

# --- Room again: back without anybody's help, and it votes ---
rm -f "$mount/more" "$mount/others"
becomes 3 disk_level fine
check $? "with room it is fine again by itself"
caught_up
check $? "it caught up, with the same state root"
[ -e "$mount/data/ballast" ]
check $? "its ballast is back"
stop 2
many 3
check $? "and its vote counts: three of four commit with it"
start "$c" 2
ready "$c" 2

# --- Every write fails: exit 8, and a restart on the healed disk repairs ---
shutdown=$(printf '%d' 0x8004587d) # ext4's own "this device is gone": no write succeeds from here on
perl -e 'my $how = pack("L", 2); open(my $f, "<", $ARGV[0]) or die; ioctl($f, $ARGV[1], $how) or die $!' "$mount" "$shutdown" 2>"$work/err"
if [ $? -ne 0 ]; then
    skip "a failed write ends the replica with 8" "this kernel cannot shut a file system down"
    exit 0
fi
many 3
check $? "the others go on"
tries=0
while kill -0 "$(pid_of 3)" 2>/dev/null && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill -KILL "$(pid_of 3)" 2>/dev/null # Nothing to kill when all is well.
wait "$(pid_of 3)"
code=$?
[ "$code" -eq 8 ]
check $? "a failed write ends it with 8: $code"
grep -q 'nothing was signed after it, and it is not tried again' "$c/r3/log"
check $? "and it says why: $(tail -n 2 "$c/r3/log" | head -n 1 | cut -c1-200)"
umount "$mount" && mount -o loop "$work/image" "$mount"
start "$c" 3
ready "$c" 3 && caught_up
check $? "on the healed disk it comes back with the same state root"
if [ "$mode" = release ]; then
    [ "$(for i in 0 1 2 3; do figure "$i" heap_bytes_after_seal; done | tr '\n' ' ')" = "0 0 0 0 " ]
    check $? "none of them took anything from the heap after its start"
fi
for i in 0 1 2 3; do
    stop "$i"
    check $? "member $i ends in order"
done
exit 0
