#!/bin/sh
# brim.sh TAP: four replicas, each on an ext4 of its own, and clients at all four, while all four disks are filled up together: to where clients are refused, then to the brim. Nobody dies, nothing that was
# acknowledged is lost, and with room again the cluster goes on without an operator. (disk.sh: one full disk among four, and one that fails.) Root and loop devices make the file systems.
name=brim
. "$(dirname "$0")/kit"
needs_direct "replicas whose disks all fill up"
c=$work/c
mounts=""
clients=""
unmount() { for disk_of in $mounts; do umount "$disk_of" 2>/dev/null || umount -l "$disk_of"; done; }
trap 'code=$?; for pid in $clients $pids; do kill -KILL "$pid" 2>/dev/null; done; wait 2>/dev/null; unmount; cleanup "$code"' EXIT

# own_disk I: a fresh ext4 at $work/m<I>.
own_disk() {
    mkdir -p "$work/m$1"
    truncate -s 128M "$work/image$1" && mkfs.ext4 -q -F -m 0 "$work/image$1" && mount -o loop "$work/image$1" "$work/m$1" && mounts="$mounts $work/m$1"
}
if [ "$(id -u)" -ne 0 ] || ! command -v mkfs.ext4 >/dev/null || ! own_disk 0 2>"$work/err"; then
    skip "replicas survive that all disks are full" "no root, mkfs.ext4 or loop device here: $(tail -n 1 "$work/err" 2>/dev/null | tr '#' ' ')"
    exit 0
fi
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do
    [ "$i" -eq 0 ] || own_disk "$i"
    sed -i "s#data_dir: .*#data_dir: \"$work/m$i/data\"#; s#segment_mib: 16#segment_mib: 1\n    ballast_mib: 4#" "$c/r$i/wardd.yaml"
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
done

# figure I NAME: one figure of a replica's status.
figure() { "$bin/ward" status --socket "$c/r$1/sock" --json 2>/dev/null | sed -n "s/.*\"$2\": \"\{0,1\}\([0-9a-z]*\)\"\{0,1\}.*/\1/p" | head -n 1; }
# become NAME VALUE...: waits up to 30 s until that figure of all four is one of the values.
become() {
    figure_of=$1 tries=0 left=all
    shift
    while [ -n "$left" ]; do
        left=""
        for i in 0 1 2 3; do
            found=$(figure "$i" "$figure_of")
            case " $* " in *" ${found:-none} "*) ;; *) left="$left $i: $found" ;; esac
        done
        tries=$((tries + 1))
        [ "$tries" -le 150 ] || return 1
        [ -z "$left" ] || sleep 0.1
    done
}
# client I: commands of the hospital's administrator, one after the other, each noted with what came of it.
client() {
    n=0
    while [ ! -e "$work/enough" ]; do
        n=$((n + 1))
        "$bin/ward" submit actor-set op=suspend "acct=$(printf '%064x' "$n")" --key "$c/r$1/keys/admin.key" --org $(($1 + 1)) --socket "$c/r$1/sock" --timeout 5s >"$work/said$1" 2>&1
        code=$?
        [ "$code" -gt 1 ] || echo "$n" >>"$work/acknowledged$1" # 0 and 1: it has a receipt, whatever the ledger says of it
        if grep -q 'disk is nearly full' "$work/said$1"; then
            echo "$n" >>"$work/refused$1"
            cp "$work/said$1" "$work/told$1"
        fi
        sleep 0.2
    done
}
count() { cat "$work/$1"[0-3] 2>/dev/null | wc -l; }
alive() { for i in 0 1 2 3; do kill -0 "$(pid_of "$i")" 2>/dev/null || return 1; done; }
# more THAN: waits up to 30 s for more acknowledgements than so many.
more() {
    tries=0
    until [ "$(count acknowledged)" -gt "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -le 150 ] || return 1
        sleep 0.2
    done
}

for i in 0 1 2 3; do others_fill "$work/m$i" 860; done
for i in 0 1 2 3; do start "$c" "$i"; done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done
for i in 0 1 2 3; do
    client "$i" &
    clients="$clients $!"
done
become disk_level warn && more 20
check $? "at 86 % all four are warned and serve: $(count acknowledged) commands; $left"

# --- 93 % everywhere: nobody takes a client's command, and each says why ---
for i in 0 1 2 3; do others_fill "$work/m$i" 930; done
become disk_level refuse
check $? "at 93 % all four refuse clients: $left"
tries=0
until [ "$(ls "$work"/refused? 2>/dev/null | wc -l)" -eq 4 ] || [ "$tries" -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
[ "$(ls "$work"/refused? | wc -l)" -eq 4 ]
check $? "clients of each were told that the disk is nearly full ($(count refused) times): $(tail -n 1 "$work/told0")"

# --- To the brim, all four ---
for i in 0 1 2 3; do dd if=/dev/zero of="$work/m$i/more" bs=64k >/dev/null 2>&1 & done
sleep 1
become disk_level stop
check $? "full to the brim, all four are mute: $left"
sleep 3
alive
check $? "all four live, and their status answers"
# --- Room again ---
before=$(count acknowledged)
for i in 0 1 2 3; do rm -f "$work/m$i/more" "$work/m$i/others"; done
become disk_level fine
check $? "with room all four are fine again by themselves: $left"
more $((before + 20))
check $? "and commands are committed again: $((before)) before, $(count acknowledged) now"
touch "$work/enough"
wait $clients
tries=0
until [ "$(for i in 0 1 2 3; do figure "$i" state_root; done | sort -u | wc -l)" -eq 1 ] || [ "$tries" -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
[ "$(for i in 0 1 2 3; do figure "$i" state_root; done | sort -u | wc -l)" -eq 1 ]
check $? "all four have the same state root"
executed=$(figure 0 commands_committed)
[ "${executed:-0}" -ge "$(count acknowledged)" ]
check $? "nothing acknowledged is lost: $(count acknowledged) receipts, $executed commands committed"
! grep -h -m 1 'level=error' "$c"/r?/log | grep -v 'id=E-0205' | grep -q .
check $? "none of them met an error but its full disk"
for i in 0 1 2 3; do
    stop "$i"
    check $? "member $i ends in order"
done
exit 0
