#!/bin/sh
# posix.sh TAP: the same service where io_uring is forbidden. Every other script runs on posix as well, WARD_IO_BACKEND=posix tests/e2e/kill.sh TAP, and with WARD_LONG=1
# they do here, in their short form.
name=posix
. "$(dirname "$0")/kit"
needs_direct "replicas serve without io_uring"

# denied COMMAND...: runs it where the kernel answers io_uring_setup with EPERM, as the profiles of containers do.
case "$(uname -m)" in
x86_64) prctl=157 ;;
aarch64) prctl=167 ;;
*) prctl="" ;;
esac
denied() {
    # A filter of four instructions: load the call's number; is it 425 (io_uring_setup)? EPERM; else allow.
    perl -e '
        my $prctl = shift;
        my $filter = pack("SCCL", 0x20, 0, 0, 0) . pack("SCCL", 0x15, 0, 1, 425) . pack("SCCL", 0x06, 0, 0, 0x00050001) . pack("SCCL", 0x06, 0, 0, 0x7fff0000);
        my $program = pack("S x6 P", 4, $filter);
        syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
        syscall($prctl, 22, 2, $program) == 0 or die "seccomp: $!";
        exec @ARGV or die "exec: $!";' "$prctl" "$@"
}

judge=check # what does not hang on how busy the machine is
# play FACT DIR COMMAND...: a run that must end with 0, and its report.
play() {
    fact=$1
    c=$2
    shift 2
    mkdir "$c"
    "$@" --json --keep "$c" >"$work/report" 2>"$work/err"
    "$judge" $? "$fact: $(sed -n '/"problems"/,$p' "$work/report" | tr -d '\n' | cut -c1-400)$(tail -n 1 "$work/err")"
}

# warned DIR: each start of a replica said once why it goes on with posix.
warned() {
    starts=$(cat "$1"/r*/wardd.log | grep -c 'event=daemon.memory')
    warnings=$(cat "$1"/r*/wardd.log | grep -c 'id=W-0202 backend=posix .*errno=1 .*io_uring_disabled=.*seccomp=filter.*blame=seccomp remedy=')
    [ "$starts" -ge 4 ] && [ "$starts" -eq "$warnings" ]
    check $? "each start says once, with errno, sysctl, seccomp and remedy, that it goes on with posix ($warnings of $starts)"
}

if [ -z "$prctl" ] || ! denied true 2>"$work/err"; then
    skip "auto goes on with posix where seccomp denies io_uring" "no seccomp filter can be set here"
    play "kill -9 of all four on posix: nothing lost" "$work/c" env WARD_IO_BACKEND=posix "$bin/ward-bench" faults --kind all --rounds 1 --rate 100
else
    play "kill -9 of all four where seccomp denies io_uring: nothing lost" "$work/c" denied "$bin/ward-bench" faults --kind all --rounds 1 --rate 100
    warned "$work/c"
fi
grep -q '"state_roots_equal": true' "$work/report"
check $? "all state roots are equal"

[ "${WARD_LONG:-0}" = 1 ] || exit 0
judge=judged_alone # its load is to be sent in time
play "the demonstration holds on posix" "$work/demo" env WARD_IO_BACKEND=posix "$bin/ward" demo --for 10s --rate 200
for field in wakeups messages writes; do
    grep -q "^ *\"$field\": 0,*$" "$work/report"
    check $? "the idle cluster makes no $field on posix"
done

# --- Every other script that starts replicas, on posix ---
mkdir -p "$work/tap"
for script in answers audit boundaries brim catchup disk drain kill operator remote repair service slow; do
    WARD_LONG=0 WARD_IO_BACKEND=posix "$(ls tests/*/$script.sh)" "$work/tap" >"$work/$script.out" 2>&1
    facts=$(grep -c '^ok' "$work/tap/$script-$mode.tap")
    bad=$(grep '^not ok' "$work/tap/$script-$mode.tap" | head -n 1)
    [ "$facts" -gt 0 ] && [ -z "$bad" ]
    check $? "$script.sh on posix: $facts facts $bad"
    ! grep -q '# SKIP beside other work' "$work/tap/$script-$mode.tap"
    judged_alone $? "$script.sh on posix: no time was missed"
done
exit 0
