#!/bin/sh
# service.sh TAP: replicas as services: READY after they serve, a watchdog that is armed only while there is work, STOPPING at the end, system calls
# filtered in every thread; the unit's exposure as systemd itself judges it, offline.
name=service
. "$(dirname "$0")/kit"

if command -v systemd-analyze >/dev/null && systemd-analyze security --offline=true --no-pager configs/systemd/ward.service >"$work/exposure" 2>&1; then
    level=$(sed -n 's/.*Overall exposure level for ward.service: \([0-9.]*\).*/\1/p' "$work/exposure")
    awk "BEGIN { exit !(\"$level\" != \"\" && $level <= 1.5) }"
    check $? "systemd-analyze rates the unit's exposure at most 1.5: $level"
    grep -q "$level" docs/operations.md
    check $? "and docs/operations.md says so"
else
    skip "the unit's exposure" "systemd-analyze cannot judge offline here"
fi

needs_direct "replicas run as services"
c=$work/c
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1; done

# The service manager: it writes down each datagram on a line of its own.
perl -MSocket -e '
    my ($s, $text);
    socket($s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
    bind($s, sockaddr_un($ARGV[0])) or die $!;
    $| = 1;
    while (defined recv($s, $text, 4096, 0)) { $text =~ s/\n/ /g; print "$text\n"; }' "$work/manager" >"$work/told" 2>/dev/null &
pids="$pids $!"
tries=0
until [ -S "$work/manager" ] || [ "$tries" -gt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done

export NOTIFY_SOCKET="$work/manager" WATCHDOG_USEC=30000000
start "$c" 0
unset NOTIFY_SOCKET WATCHDOG_USEC
for i in 1 2 3; do start "$c" "$i"; done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done
[ "$(head -n 1 "$work/told" | cut -d' ' -f1-2)" = "READY=1 WATCHDOG_USEC=0" ]
check $? "the first word is READY, with the watchdog at rest: $(head -n 1 "$work/told")"

"$bin/ward" key init "$work/k" --for system >/dev/null
"$bin/ward" submit actor-set kind=system caps=publish valid_until=+300d --new-key "$work/k/system.key" --key "$c/r0/keys/admin.key" --org 1 --socket "$c/r0/sock" >"$work/out" 2>&1
check $? "a command is committed: $(tail -n 1 "$work/out")"
last() { grep -o 'WATCHDOG_USEC=[0-9]*' "$work/told" | tail -n 1; }
tries=0
until [ "$(wc -l <"$work/told")" -ge 3 ] && [ "$(last)" = "WATCHDOG_USEC=0" ] && sleep 1 && [ "$(last)" = "WATCHDOG_USEC=0" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || break
    sleep 0.1
done
grep -q '^WATCHDOG_USEC=30000000 WATCHDOG=1$' "$work/told"
check $? "work armed the watchdog"
[ "$(last)" = "WATCHDOG_USEC=0" ]
check $? "and its end disarmed it"
before=$(wc -l <"$work/told")
wakeups() { "$bin/ward" status --socket "$c/r0/sock" --json | sed -n 's/.*"wakeups": "\{0,1\}\([0-9]*\).*/\1/p' | head -n 1; }
first=$(wakeups)
second=$(wakeups)
sleep 3
third=$(wakeups)
[ "$(wc -l <"$work/told")" -eq "$before" ]
check $? "an idle replica says nothing"
[ $((third - second)) -le $((second - first + 1)) ] # a question wakes it as often, whether it comes at once or after three seconds
check $? "and does not wake for the manager ($first, at once $second, after 3 s $third)"

for i in 0 1; do
    filtered=$(cat /proc/"$(pid_of $i)"/task/*/status | grep -c '^Seccomp:[[:space:]]*2')
    threads=$(ls /proc/"$(pid_of $i)"/task | wc -l)
    [ "$filtered" -eq "$threads" ]
    check $? "all threads of member $i are filtered: $filtered of $threads"
done
stop 0
check $? "it ends in order"
sleep 0.2
[ "$(tail -n 1 "$work/told")" = "STOPPING=1" ] || grep -q '^STOPPING=1' "$work/told"
check $? "and says so"
exit 0
