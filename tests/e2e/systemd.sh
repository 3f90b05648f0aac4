#!/bin/sh
# systemd.sh TAP: the unit as it is shipped, under a real systemd: a container of this machine's own /usr whose first process is systemd, with empty /etc and /run.
# Member 0 is ward.service with encrypted credentials, the others run beside it. Skipped where no container can be booted. WARD_LONG=1: every exit code, guest.conf, and the machine going down.
name=systemd
. "$(dirname "$0")/kit"
story="ward.service runs under a systemd"
command -v systemd-nspawn >/dev/null || { skip "$story" "systemd-nspawn is not installed (Debian: systemd-container)"; exit 0; }
[ "$(id -u)" -eq 0 ] || { skip "$story" "only root may boot a container"; exit 0; }
needs_direct "$story"

c=$work/etc # /etc/ward inside
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
make -s MODE="$mode" DESTDIR="$work/stage" install >"$work/out" 2>&1
check $? "make install puts the units where they can be taken from: $(tail -n 1 "$work/out")"
units=$work/stage/usr/local/share/ward/systemd
sed -i "s#$c#/etc/ward#g" "$c"/r*/wardd.yaml
sed -e '/data_dir:/d' -e '/client_socket:/d' -e 's#\(sign\|transport\)_file:.*#\1_file: credential:\1#' "$c/r0/wardd.yaml" >"$c/ward.yaml"
mkdir "$work/lib" "$c/credentials"
chmod 755 "$work" "$c" "$c"/r*
chmod 644 "$c/ward.yaml" "$c/genesis"

# What the unit lets a program call does not let the leak checker look into it: in this script it does not. It does in the others.
unit=$units/ward.service
if [ "$mode" = debug ]; then
    sed 's/^\[Service\]$/&\nEnvironment=ASAN_OPTIONS=detect_leaks=0/' "$unit" >"$work/ward.service"
    unit=$work/ward.service
fi

# --- The container ---
machine=ward-e2e-$$
alone_here="" # on a machine that systemd itself runs, it gives the container its scope
[ -d /run/systemd/system ] || alone_here="--keep-unit --register=no"
# boot: inside, locking memory and io_uring are allowed, as on a machine of its own. Gives the container's first process in $init.
boot() {
    # shellcheck disable=SC2086
    systemd-nspawn --quiet --boot --directory=/ --volatile=yes $alone_here --machine="$machine" --uuid=5ca1ab1e000040008000000000000001 --private-network --console=pipe \
        --system-call-filter="@memlock io_uring_setup io_uring_enter io_uring_register" --bind="$work/lib:/var/lib" --bind="$c:/etc/ward" \
        --bind-ro="$work/stage/usr/local:/usr/local" --bind-ro="$unit:/etc/systemd/system/ward.service" \
        systemd.mask=systemd-networkd-wait-online.service systemd.mask=systemd-firstboot.service </dev/null >>"$work/console" 2>&1 &
    nspawn=$!
    pids="$pids $nspawn"
    tries=0
    until init=$(pgrep -P "$nspawn" -x systemd) && inside test -S /run/systemd/private; do
        tries=$((tries + 1))
        if [ "$tries" -gt 150 ] || ! kill -0 "$nspawn" 2>/dev/null; then return 1; fi
        sleep 0.2
    done
    pids="$pids $init"
    inside timeout 60 systemctl is-system-running --wait 2>/dev/null | grep -qx 'running\|degraded' # degraded: something else of this machine does not start in a container
}
inside() { nsenter -t "$init" -m -u -i -n -p -C env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin HOME=/root "$@"; }
down() {
    kill -TERM "$nspawn"
    wait "$nspawn" 2>/dev/null
    code=$?
    rmdir "/run/systemd/nspawn/propagate/$machine" 2>/dev/null # left behind where /run is no tmpfs
    return "$code"
}
of() { inside systemctl show ward -p "$1" --value; }
# becomes PROPERTY VALUE: waits for it.
becomes() {
    tries=0
    until [ "$(of "$1")" = "$2" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || return 1
        sleep 0.2
    done
}
# drop_in LINES...: beside the unit, from the next start on.
drop_in() {
    inside mkdir -p /run/systemd/system/ward.service.d
    printf '%s\n' '[Service]' "$@" | inside tee /run/systemd/system/ward.service.d/test.conf >/dev/null
    inside systemctl daemon-reload
    inside systemctl reset-failed ward 2>/dev/null
}
told() { inside journalctl -u ward -o cat --no-pager; }
# admin NAME: a command through member 0: a new key is registered.
admin() {
    inside ward key init "/etc/ward/$1" --for system >/dev/null
    inside timeout 20 ward submit actor-set kind=system caps=publish valid_until=+300d --new-key "/etc/ward/$1/system.key" --key /etc/ward/r0/keys/admin.key --org 1 >"$work/out" 2>&1
}

if ! boot; then
    skip "$story" "no container boots here: $(tail -n 1 "$work/console" | tr '#' ' ')"
    exit 0
fi
# sanitized: with the sanitizers, leaks are not looked for at the end: that needs ptrace, which the unit's filter denies, and the program would end with 1.
sanitized() {
    [ "$mode" = debug ] || return 0
    inside mkdir -p /run/systemd/system/ward.service.d
    printf '[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' | inside tee /run/systemd/system/ward.service.d/sanitizers.conf >/dev/null
    inside systemctl daemon-reload
}
sanitized
said=$(inside systemd-analyze verify /etc/systemd/system/ward.service 2>&1 | grep -c ward)
[ "$said" -eq 0 ]
check $? "systemd-analyze verify finds nothing in the unit"

# --- The first start, as docs/operations.md tells it ---
[ "$(of ExecMainStatus)" = 243 ] && [ "$(of NRestarts)" = 0 ] && [ "$(of ActiveState)" = failed ]
check $? "enabled, but without its credentials it fails, and is not tried again: status $(of ExecMainStatus)"
for key in sign transport; do inside systemd-creds encrypt --name=$key /etc/ward/r0/keys/$key.key /etc/ward/credentials/$key >>"$work/out" 2>&1; done
inside systemctl start ward >>"$work/out" 2>&1
[ "$(of ExecMainStatus)" = 5 ] && [ "$(of NRestarts)" = 0 ] && [ "$(of ActiveState)" = failed ]
check $? "without a store it ends with 5, and is not tried again: status $(of ExecMainStatus)"
inside systemd-run --quiet --wait --pipe -p DynamicUser=yes -p User=ward -p StateDirectory=ward -p StateDirectoryMode=0700 -p LimitMEMLOCK=64M \
    -p LoadCredentialEncrypted=sign:/etc/ward/credentials/sign -p LoadCredentialEncrypted=transport:/etc/ward/credentials/transport \
    /usr/local/bin/wardd --config /etc/ward/ward.yaml --init >"$work/init" 2>&1
code=$?
store=$(sed -n 's/.*write `\(store: [0-9a-f]*\)` below.*/\1/p' "$work/init")
[ "$code" -eq 3 ] && [ -n "$store" ]
check $? "the service's own user makes the store, and is told the line for the configuration ($code): $(tail -n 1 "$work/init" | cut -c1-120)"
sed -i "s/^keys:/keys:\n    $store/" "$c/ward.yaml"
for i in 1 2 3; do
    inside wardd --config "/etc/ward/r$i/wardd.yaml" --init >>"$work/init" 2>&1
    inside systemd-run --quiet -u "member$i" -p LimitMEMLOCK=64M wardd --config "/etc/ward/r$i/wardd.yaml" >>"$work/init" 2>&1
done
drop_in WatchdogSec=1 RestartSec=200ms
inside systemctl start ward >"$work/out" 2>&1 && inside ward status --json >"$work/status" 2>&1
check $? "when systemctl start is done it serves: READY came, $(of StatusText)"
pid=$(of MainPID)
inside grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' "/proc/$pid/status" | tr -s '\t' ' ' | tr '\n' ' ' >"$work/who"
grep -q 'CapEff: 0*  *NoNewPrivs: 1 Seccomp: 2' "$work/who" && ! grep -q 'Uid: 0' "$work/who"
check $? "in the sandbox, without a capability, as a user of its own: $(cat "$work/who")"
grep -q '"io_backend": "io_uring"' "$work/status" && [ "$(told | grep -c 'level=warn\|level=error')" -eq 0 ]
check $? "on io_uring, and it complains of nothing: $(told | grep 'level=warn\|level=error' | head -n 1)"
[ "$(stat -c '%a' "$work/lib/private/ward")" = 700 ] && [ "$(stat -c '%u' "$work/lib/private/ward")" = "$(inside stat -c '%u' "/proc/$pid")" ]
check $? "its state is its own"
admin first
check $? "it commits: $(tail -n 1 "$work/out")"

# --- The watchdog ---
becomes WatchdogUSec 0
check $? "idle, its watchdog is at rest"
inside kill -STOP "$pid"
sleep 2.5
inside kill -CONT "$pid"
[ "$(of MainPID)" = "$pid" ] && [ "$(of NRestarts)" = 0 ]
check $? "and a silence of more than its time ends nothing"
inside systemctl kill -s STOP member2 member3 # no quorum: work stays outstanding
admin second &
asker=$!
becomes WatchdogUSec 1s
check $? "with work outstanding it is armed"
inside kill -STOP "$pid"
becomes NRestarts 1 && told | grep -q 'Watchdog timeout'
check $? "and a silence then ends it, and it is started again ($(of NRestarts))"
inside systemctl kill -s CONT member2 member3
kill "$asker" 2>/dev/null
wait "$asker" 2>/dev/null
becomes ActiveState active && admin third
check $? "it serves again, and commits: $(grep '^code' "$work/out") $(tail -n 1 "$work/out")"

# --- Ends ---
inside kill -KILL "$(of MainPID)"
becomes NRestarts 2 && becomes ActiveState active
check $? "killed, it is started again"
begin=$(now_ms)
inside systemctl stop ward
took=$(($(now_ms) - begin))
[ "$(of Result)" = success ] && [ "$(of ExecMainStatus)" = 0 ] && [ "$took" -lt 2000 ]
check $? "systemctl stop ends it in order, within the 2 s: $(of Result) $(of ExecMainStatus), $took ms"

# --- At night: what needs a person, guest.conf, the machine going down and coming up ---
if [ "${WARD_LONG:-0}" != 1 ]; then
    down
    exit 0
fi
cp "$c/ward.yaml" "$work/ward.yaml"
echo 'nonsense: 1' >>"$c/ward.yaml"
inside systemctl start ward >"$work/out" 2>&1
[ "$(of ExecMainStatus)" = 3 ] && [ "$(of NRestarts)" = 0 ]
check $? "a configuration that is wrong ends it with 3, and it is not tried again"
cat "$work/ward.yaml" >"$c/ward.yaml"
again="" never=""
for code in 1 2 3 4 5 6 7 8 9 10; do
    drop_in RestartSec=30s ExecStart= "ExecStart=/bin/sh -c 'exit $code'"
    inside systemctl start ward >"$work/out" 2>&1
    case $(of ActiveState) in # failed for good, or waiting for its next start
    failed) never="$never $code" ;;
    *) again="$again $code" ;;
    esac
    inside systemctl stop ward
done
[ "$again" = " 4 8 10" ] && [ "$never" = " 1 2 3 5 6 7 9" ]
check $? "exit codes that are tried again:$again; that need a person:$never"

# --- A server that also does hospital work ---
inside rm -r /run/systemd/system/ward.service.d
inside mkdir -p /run/systemd/system/ward.service.d
inside cp /usr/local/share/ward/systemd/ward.service.d/guest.conf /run/systemd/system/ward.service.d/
inside systemctl daemon-reload
sanitized
inside systemctl reset-failed ward 2>/dev/null
inside systemctl start ward >"$work/out" 2>&1
pid=$(of MainPID)
[ "$(inside ps -o ni= -p "$pid" | tr -d ' ')" = 10 ] && [ "$(inside cat "/proc/$pid/oom_score_adj")" = 500 ]
check $? "with guest.conf it runs with nice $(inside ps -o ni= -p "$pid" | tr -d ' '), and is the first to go when memory is short"

# --- The machine goes down, and comes up ---
height() { inside ward status --json | sed -n 's/^ *"executed_height": *\([0-9]*\),*/\1/p' | head -n 1; }
before=$(height)
down
[ -n "$(ls -A "$work/lib/private/ward/log")" ]
check $? "the machine goes down with it ($code)"
boot && sanitized && becomes ActiveState active && [ "$(height)" -ge "$before" ]
check $? "and when the machine comes up, it serves by itself from where it stood: height $(height), $before before"
told | grep -q 'event=daemon.recovered .*torn=0 damaged=0'
check $? "from a log that was closed in order: $(told | grep 'event=daemon.recovered' | sed 's/.*event=//')"
down
exit 0
