#!/bin/sh
# audit.sh TAP: what Ward says of its own cost agrees with what the kernel says; and an idle cluster does nothing at all: no wake-up, no write, no
# message. IDLE_SECONDS=10; 60 with WARD_LONG=1.
#   counted by Ward itself, by the kernel apart from it   bytes written, flushes: within 5 %; wake-ups of the loop: the kernel saw its thread wait no
#                                                         more often than Ward says it came back, and while it never waited Ward says none
#   two accounts of the kernel's                          CPU and peak memory: Ward has no count of its own and passes the kernel's on. That schedstat and
#                                                         VmHWM say the same shows that the figure is of this process, whole, and in its unit
name=audit
. "$(dirname "$0")/../e2e/kit"
needs_direct "Ward's own figures agree with the kernel's"
idle=${IDLE_SECONDS:-10}
[ "${WARD_LONG:-0}" = 1 ] && idle=${IDLE_SECONDS:-60}
c=$work/c
k=$work/k
mkdir -p "$k"

# A disk of its own for each replica, where root can make one from a file: then the kernel counts its flushes apart, and cannot merge them with those
# of others. Where not, all share one. The file system writes its own journal every ten minutes, not every five seconds, so that it is not counted.
disks=""
unmount() { for disk_of in $disks; do umount "$disk_of" 2>/dev/null || umount -l "$disk_of"; done; }
trap 'code=$?; for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done; wait 2>/dev/null; unmount; cleanup "$code"' EXIT
own_disk() { truncate -s 256M "$work/disk$1" && mkfs.ext4 -q -F "$work/disk$1" && mount -o loop,commit=600 "$work/disk$1" "$c/r$1"; }
for i in 0 1 2 3; do
    mkdir -p "$c/r$i"
    if [ "$(id -u)" -eq 0 ] && own_disk "$i" >/dev/null 2>&1; then disks="$disks $c/r$i"; fi
done
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
    start "$c" "$i"
done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done

status() { "$bin/ward" status --socket "$c/r$1/sock" --json >"$work/status.$1"; }
figure() { sed -n "s/.*\"$2\": \([0-9]*\).*/\1/p" "$work/status.$1" | head -n 1; }
cpu_us() { cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d\n", sum / 1000 }'; }
loop_switches() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/task/$1/status"; }
# own_wakeups MEMBER: of the status that was read last, those apart that a client causes, as the reading itself does.
own_wakeups() { echo $(($(figure "$1" wakeups) - $(figure "$1" wakeups_client))); }
switches() { cat "/proc/$1"/task/*/status | awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'; }
written() { awk '/^write_bytes/ { print $2 }' "/proc/$1/io"; }
peak() { awk '/^VmHWM/ { print $2 * 1024 }' "/proc/$1/status"; }
# flushes FOLDER: flushes of the device below it, by the kernel.
flushes() { awk -v disk="$(df --output=source "$1" | tail -n 1 | sed 's,/dev/,,')" '$3 == disk { print $19 }' /proc/diskstats; }

# agree FACT A B: within 5 %.
agree() {
    awk -v a="$2" -v b="$3" 'BEGIN { d = a > b ? a - b : b - a; exit !(a > 0 && b > 0 && d <= 0.05 * (a > b ? a : b)) }'
    check $? "$1: Ward says $2, the kernel $3"
}

# load COUNT: so many commands, one after the other.
load() {
    n=0
    while [ "$n" -lt "$1" ]; do
        "$bin/ward" submit actor-set op=suspend "acct=$(printf '%064x' $((n + 1)))" --key "$c/r0/keys/admin.key" --org 1 --socket "$c/r0/sock" --nonce $((first + n)) >/dev/null 2>"$work/err"
        code=$?
        [ "$code" -le 1 ] || { fail "a command is answered: $(cat "$work/err")"; break; }
        n=$((n + 1))
    done
    first=$((first + n))
}

first=1
load 20
sleep 3 # The pool of segments is full by now.
status 0
writes_then=$(figure 0 disk_bytes_written) kernel_then=$(written "$(pid_of 0)") prepared=$(figure 0 segments_prepared)
loop_then=$(loop_switches "$(pid_of 0)") wakeups_then=$(figure 0 wakeups)
load 60
loop_now=$(loop_switches "$(pid_of 0)")
status 0
kernel=$(written "$(pid_of 0)")
woke=$(($(figure 0 wakeups) - wakeups_then)) waited=$((loop_now - loop_then))
[ "$waited" -gt 0 ] && [ $((waited * 100)) -le $((woke * 105)) ]
check $? "wake-ups: Ward says $woke, the kernel saw its loop wait $waited times"
[ "$(figure 0 segments_prepared)" = "$prepared" ]
check $? "no segment was prepared meanwhile"
agree "bytes written" $(($(figure 0 disk_bytes_written) - writes_then)) $((kernel - kernel_then))
for i in 0 1 2 3; do
    status "$i"
    agree "CPU of member $i in us (process clock, schedstat)" "$(figure "$i" cpu_us)" "$(cpu_us "$(pid_of "$i")")"
    agree "peak memory of member $i (getrusage, VmHWM)" "$(figure "$i" memory_peak_bytes)" "$(peak "$(pid_of "$i")")"
    peak_mib=$(($(peak "$(pid_of "$i")") >> 20))
    if [ "$mode" = release ]; then
        [ "$peak_mib" -le 128 ]
        check $? "member $i needs at most 128 MiB: $peak_mib"
        [ "$(figure "$i" heap_bytes_after_seal)" = 0 ]
        check $? "member $i took nothing from the heap after the start"
    fi
done

own_flushes() { status "$1" && echo $(($(figure "$1" disk_flushes) + $(figure "$1" disk_background_flushes))); }
shared() { # One disk for all: its flushes are everybody's, so they say something only where nobody else flushes. The kernel merges flushes that are
    # asked for at the same moment, and the four replicas append each block at the same moment: so it may count fewer than all of Ward's, but never
    # more, and never fewer than those of one replica.
    quiet_from=$(flushes "$work")
    sleep 2
    if [ -z "$quiet_from" ]; then
        skip "flushes of the device" "/proc/diskstats does not count those of the disk"
    elif [ "$(flushes "$work")" -ne "$quiet_from" ]; then
        skip "flushes of the device" "other programs flush the disk"
    else
        for i in 0 1 2 3; do eval "before_$i=$(own_flushes "$i")"; done
        flushes_then=$(flushes "$work")
        load 40
        device=$(($(flushes "$work") - flushes_then))
        sum=0 most=0
        for i in 0 1 2 3; do
            eval "own=\$(($(own_flushes "$i") - before_$i))"
            sum=$((sum + own))
            most=$((own > most ? own : most))
        done
        [ "$((device * 100))" -le "$((sum * 105))" ] && [ "$((device * 105))" -ge "$((most * 100))" ]
        check $? "flushes: Ward says $sum, of one replica at most $most, the kernel $device"
    fi
}
if [ "$(echo "$disks" | wc -w)" -eq 4 ] && [ -n "$(flushes "$c/r0")" ]; then
    for i in 0 1 2 3; do eval "before_$i=$(own_flushes "$i") device_$i=$(flushes "$c/r$i")"; done
    load 60

    for i in 0 1 2 3; do
        eval "own=\$(($(own_flushes "$i") - before_$i)) device=\$(($(flushes "$c/r$i") - device_$i))"
        agree "flushes of member $i" "$own" "$device"
    done
else
    shared
fi

# --- Idle: after the checkpoint of the silence and the calls of the start ---
sleep 26
for i in 0 1 2 3; do status "$i"; eval "frames_$i=$(figure "$i" member_frames_out) writes_$i=$(figure "$i" disk_writes) wakeups_$i=$(own_wakeups "$i")"; done
sleep 1
for i in 0 1 2 3; do eval "switches_$i=$(switches "$(pid_of "$i")") bytes_$i=$(written "$(pid_of "$i")")"; done
sleep "$idle"
for i in 0 1 2 3; do eval "woken_$i=\$(($(switches "$(pid_of "$i")") - switches_$i)) bytes_$i=\$(($(written "$(pid_of "$i")") - bytes_$i))"; done
for i in 0 1 2 3; do
    status "$i"
    eval "woken=\$woken_$i bytes=\$bytes_$i frames=\$(($(figure "$i" member_frames_out) - frames_$i)) writes=\$(($(figure "$i" disk_writes) - writes_$i))"
    [ "$woken" -eq 0 ]
    check $? "member $i did not wake in $idle s of idle ($woken)"
    eval "own=\$(($(own_wakeups "$i") - wakeups_$i))"
    [ "$own" -eq 0 ]
    check $? "and Ward counted no wake-up but for clients ($own)"
    [ "$bytes" -eq 0 ] && [ "$writes" -eq 0 ]
    check $? "and wrote nothing ($bytes bytes, $writes writes)"
    [ "$frames" -eq 0 ]
    check $? "and said nothing to other members ($frames)"
done
