#!/bin/sh
# boundaries.sh TAP: what must be refused is refused, each with its own words and exit code, and a replica that refuses goes on serving.
name=boundaries
. "$(dirname "$0")/kit"
needs_direct "wardd refuses what it must refuse"
c=$work/c
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
wardd() { timeout 30 "$bin/wardd" "$@"; }
yaml=$c/r0/wardd.yaml

# change NAME SED: a copy of the first configuration with one change.
change() { sed "$2" "$yaml" >"$c/r0/$1.yaml"; }

# --- What this user may not: exit 9 by every program (docs/operations.md). Root may everything, so it becomes nobody for this. ---
unprivileged() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
mkdir "$work/locked" "$work/closed"
chmod 711 "$work"
chmod 500 "$work/locked"
chmod 000 "$work/closed"
if unprivileged test -x "$bin/ward"; then
    expect 9 'Permission denied' "keys are made where this user may write" unprivileged "$bin/ward" key init "$work/locked/keys" --for patient
    expect 9 'Permission denied' "so is a demonstration's cluster" unprivileged "$bin/ward" demo --keep "$work/locked/demo"
    expect 9 'Permission denied' "so is a benchmark's" unprivileged "$bin/ward-bench" cluster --keep "$work/locked/bench"
    expect 9 'Permission denied' "a directory is looked into by whom it allows" unprivileged "$bin/ward" inspect superblock "$work/closed"
    expect 9 'Permission denied' "a configuration is read by whom it allows" unprivileged "$bin/wardd" --config "$work/closed/wardd.yaml"
else
    skip "what this user may not is refused with 9" "another user cannot reach $bin"
fi
chmod 700 "$work/closed"

# --- The command line ---
expect 2 'must be given' "a start without a configuration is refused" wardd
expect 2 '--inti: not an option' "an unknown option is refused" wardd --config "$yaml" --inti
expect 3 'No such file' "a missing configuration is refused" wardd --config "$c/nothing.yaml"
"$bin/wardd" --version | grep -q '^wardd [0-9]'
check $? "wardd says its version"
"$bin/wardd" --help | grep -q 'usage: wardd'
check $? "wardd explains itself"
expect 2 'json: not an option' "wardd has no --json" wardd --version --json
"$bin/wardd" --help | grep -q 'has no --json'
check $? "and its help says so"

# --- The configuration ---
change unknown 's/client_socket/client_sokcet/'
expect 3 'unknown.yaml:[0-9]*:.*client_sokcet.*client_socket' "an unknown key is named with file, line and the nearest one" wardd --config "$c/r0/unknown.yaml"
change number 's/segment_mib: 16/segment_mib: 4000/'
expect 3 'segment_mib' "a number out of range is refused" wardd --config "$c/r0/number.yaml"
change member 's/member: hospital-0/member: hospital-9/'
expect 3 'hospital-9' "a member that the genesis does not have is refused" wardd --config "$c/r0/member.yaml"
change profile 's/^node:/node:\n    profile: eco/'
expect 3 'profile' "a profile that the genesis does not have is refused" wardd --config "$c/r0/profile.yaml"

# --- The genesis ---
sed "s/fingerprint: \"./fingerprint: \"$(sed -n 's/.*fingerprint: "\(.\).*/\1/p' "$yaml" | tr '0-9a-f' '1-9a-f0')/" "$yaml" >"$c/r0/pin.yaml"
expect 3 'not the genesis that the members agreed on' "a genesis with another fingerprint is refused" wardd --config "$c/r0/pin.yaml"
head -c 1000 "$c/genesis" >"$c/cut"
change cut "s|$c/genesis|$c/cut|"
expect 6 'damaged' "a genesis that was cut short is refused" wardd --config "$c/r0/cut.yaml"
change nogenesis "s|$c/genesis|$c/nowhere|"
expect 3 'nowhere' "a missing genesis is refused" wardd --config "$c/r0/nogenesis.yaml"

# --- The keys ---
change nokey 's/sign.key/absent.key/'
expect 3 'absent.key' "a missing key is an error, never a new key" wardd --config "$c/r0/nokey.yaml"
[ ! -e "$c/r0/keys/absent.key" ]
check $? "no key was made in its place"
change wrongkey "s|r0/keys/sign.key|r1/keys/sign.key|"
expect 3 'is not the sign key' "the key of another member is refused" wardd --config "$c/r0/wrongkey.yaml"
change kind 's|keys/sign.key|keys/admin.key|'
expect 3 'admin' "a key of another kind is refused" wardd --config "$c/r0/kind.yaml"
chmod 0640 "$c/r0/keys/sign.key"
expect 9 'sign.key' "a key file that others can read is refused" wardd --config "$yaml"
chmod 0600 "$c/r0/keys/sign.key"

# --- The data directory ---
expect 5 'wardd --init' "a start without a store is refused: the memory of what was signed may be lost" wardd --config "$yaml"
if [ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ] && shm=$(mktemp -d /dev/shm/ward.XXXXXX 2>/dev/null); then
    change tmpfs "s|$c/r0/data|$shm/data|"
    expect 7 'tmpfs' "a data directory on a tmpfs is refused" wardd --config "$c/r0/tmpfs.yaml" --init
    cp -p "$c/r0/keys/sign.key" "$c/r0/unbound.key"
    expect 0 '' "with --unsafe-dev it is taken" wardd --config "$c/r0/tmpfs.yaml" --init --unsafe-dev
    mv "$c/r0/unbound.key" "$c/r0/keys/sign.key" # which has no store yet
    rm -rf "$shm"
else
    skip "a data directory on a tmpfs is refused" "no tmpfs on /dev/shm"
fi
# in_overlay COMMAND...: runs it where $c/o/merged is an overlay of two directories, in a mount namespace of its own.
mkdir -p "$c/o/lower" "$c/o/upper" "$c/o/work" "$c/o/merged"
in_overlay() {
    unshare --user --map-root-user --mount sh -c 'mount -t overlay overlay -o "lowerdir=$0/lower,upperdir=$0/upper,workdir=$0/work" "$0/merged" && exec "$@"' "$c/o" "$@"
}
if in_overlay true 2>/dev/null; then
    change overlay "s|$c/r0/data|$c/o/merged/data|"
    expect 7 'overlay' "a data directory on an overlay is refused" in_overlay "$bin/wardd" --config "$c/r0/overlay.yaml" --init
else
    skip "a data directory on an overlay is refused" "no overlay can be mounted here"
fi
for i in 0 1 2 3; do
    wardd --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1 || fail "a store is made for member $i"
done
expect 5 'holds a store already' "a second --init never overwrites" wardd --config "$yaml" --init
sed "s|$c/r0/data|$c/r0/elsewhere|" "$yaml" >"$c/r0/elsewhere.yaml"
expect 5 'has a store already, of instance' "a key gets no second store by --init in another directory" wardd --config "$c/r0/elsewhere.yaml" --init
sed "s|$c/r0/data|$c/r1/data|" "$yaml" >"$c/r0/other.yaml"
expect 5 'belongs to member 1' "the store of another member is refused" wardd --config "$c/r0/other.yaml"
change segment 's/segment_mib: 16/segment_mib: 32/'
expect 3 'segment_mib is fixed' "another segment size than the store's is refused" wardd --config "$c/r0/segment.yaml"
cp -r "$c/r0/data" "$c/r0/rotten"
printf 'rot' | dd of="$c/r0/rotten/superblock" bs=1 seek=100 conv=notrunc 2>/dev/null
printf 'rot' | dd of="$c/r0/rotten/superblock" bs=1 seek=4196 conv=notrunc 2>/dev/null
printf 'rot' | dd of="$c/r0/rotten/superblock" bs=1 seek=8292 conv=notrunc 2>/dev/null
change rotten "s|$c/r0/data|$c/r0/rotten|"
expect 5 'wardd --rejoin' "a store whose superblock copies do not agree is kept and does not vote" wardd --config "$c/r0/rotten.yaml"

# --- Running ---
for i in 0 1 2 3; do start "$c" "$i"; done
for i in 0 1 2 3; do
    ready "$c" "$i"
    check $? "member $i serves under ulimit -l 8192"
done
expect 5 'LOCK\|another process' "a second start on the same directory is refused" wardd --config "$yaml"
sed "s|$c/r0/data|$c/r0/second|; s|$c/r0/sock|$c/r0/sock2|" "$yaml" >"$c/r0/second.yaml"
cp -r "$c/r0/data" "$c/r0/second"
expect 5 'another process on this machine uses the key' "a second start on a copy of the directory is refused" wardd --config "$c/r0/second.yaml"
expect 5 'another process on this machine uses the key' "and so is a new store for a key that signs at this moment" wardd --config "$c/r0/second.yaml" --rejoin
rm -r "$c/r0/second"
sed "s|listen: .*|listen: \"127.0.0.1:$(cat "$c/r0/port")\"|; s|$c/r1/sock|$c/r1/sock2|" "$c/r1/wardd.yaml" >"$c/r1/port.yaml"
stop 1
expect 7 'another program listens there' "a port that is taken is said so" wardd --config "$c/r1/port.yaml"
grep -q 'daemon\.recovered' "$c/r0/log" && ! grep -q 'daemon\.recovered' "$work/err"
check $? "before the log is read"
sed "s|$c/r1/sock|$c/r0/sock|" "$c/r1/wardd.yaml" >"$c/r1/path.yaml"
expect 7 'sock: another program listens there' "so is the path of a client socket" wardd --config "$c/r1/path.yaml"
! grep -q 'daemon\.recovered' "$work/err" && "$bin/ward" status --socket "$c/r0/sock" --timeout 5s >/dev/null 2>&1
check $? "likewise, and its owner still answers"
# Two that start at once with one port: one has it, and the other says so before it reads its log. Two more with one path likewise.
stop 2
sed "s|listen: .*|listen: \"127.0.0.1:$(cat "$c/r2/port")\"|" "$c/r1/wardd.yaml" >"$c/r1/at-once-port.yaml"
sed "s|$c/r1/sock|$c/r2/sock|" "$c/r1/wardd.yaml" >"$c/r1/at-once-path.yaml"
for name_taken in port path; do
    "$bin/wardd" --config "$c/r1/at-once-$name_taken.yaml" >"$work/at1" 2>&1 &
    one=$!
    "$bin/wardd" --config "$c/r2/wardd.yaml" >"$work/at2" 2>&1 &
    two=$!
    pids="$pids $one $two"
    tries=0
    while kill -0 "$one" 2>/dev/null && kill -0 "$two" 2>/dev/null && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    if kill -0 "$one" 2>/dev/null; then lost=$two said=$work/at2 won=$one other=$work/at1; else lost=$one said=$work/at1 won=$two other=$work/at2; fi
    wait "$lost"
    [ $? -eq 7 ] && grep -q 'another program listens there' "$said" && ! grep -q 'daemon\.recovered' "$said"
    check $? "of two that start at once with one $name_taken the second is refused before its log is read"
    tries=0
    until grep -q 'daemon\.serving' "$other" || [ "$tries" -ge 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -TERM "$won"
    wait "$won"
    check $? "and the first one serves, and ends in order"
done
start "$c" 1
start "$c" 2
ready "$c" 1 && ready "$c" 2
check $? "members 1 and 2 serve again"

# raw PERL: sends bytes to the TCP port of member 0 and says how the connection ends.
raw() {
    perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", Proto => "tcp", Timeout => 5) or die "no connection\n";
        print $s eval $ARGV[1]; $s->flush; my $n = sysread($s, my $back, 4096);
        print defined $n && $n == 0 ? "closed without a word\n" : defined $n ? "answered $n bytes\n" : "reset\n"' "$(cat "$c/r0/port")" "$1"
}
# raw_local PERL: the same on the UNIX socket.
raw_local() {
    perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection\n";
        print $s eval $ARGV[1]; $s->flush; my $n = sysread($s, my $back, 4096);
        print defined $n && $n == 0 ? "closed without a word\n" : defined $n ? "answered $n bytes\n" : "reset\n"' "$c/r0/sock" "$1"
}
# raw_member: greets as a client should, waits for the whole WELCOME, then sends a frame type that only members use.
raw_member() {
    perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection\n";
        my ($data, $type, $length) = ("");
        local $SIG{ALRM} = sub { print defined $type ? "still open\n" : "no welcome\n"; exit 0 };
        alarm 5;
        print $s pack("CCvV", 0x40, 0, 1, 12), "\1\0\0\0", "\0" x 8; $s->flush;
        until (length $data >= 8 && length $data >= 8 + $length) {
            sysread($s, $data, 4096, length $data) or do { print "closed before the welcome\n"; exit 0 };
            ($type, $length) = (unpack("CCvV", $data))[0, 3] if length $data >= 8;
        }
        if ($type != 0x41 || length $data != 8 + $length) { print "welcomed with type $type\n"; exit 0 }
        print $s pack("CCvV", 1, 0, 1, 0); $s->flush;
        my $n = sysread($s, my $back, 4096);
        print defined $n && $n == 0 ? "closed without a word\n" : defined $n ? "answered $n bytes\n" : "reset\n"' "$c/r0/sock"
}
says() { if [ "$2" = "closed without a word" ] || [ "$2" = reset ]; then pass "$1"; else fail "$1: $2"; fi; }
says "bytes that are no handshake are closed without a word" "$(raw '"x" x 200')"
says "a stranger who says nothing is closed in time" "$(timeout 8 sh -c "$(printf 'exec perl -MIO::Socket::INET -e %s' "'my \$s = IO::Socket::INET->new(PeerAddr => \"127.0.0.1:$(cat "$c/r0/port")\", Proto => \"tcp\"); my \$n = sysread(\$s, my \$b, 9); print defined \$n && \$n == 0 ? \"closed without a word\" : \"no\"'")")"
says "a client frame of another version is closed" "$(raw_local 'pack("CCvV", 0x40, 0, 9, 12) . "\1\0\0\0" . "\0" x 8')"
says "an oversize client frame is closed" "$(raw_local 'pack("CCvV", 0x42, 0, 1, 16 << 20)')"
says "a client that does not greet is closed" "$(raw_local 'pack("CCvV", 0x49, 0, 1, 8) . "\1" x 8')"
says "a malformed greeting is closed" "$(raw_local 'pack("CCvV", 0x40, 0, 1, 3) . "abc"')"
says "a frame type that only members use is closed" "$(raw_member)"

"$bin/ward" status --socket "$c/r0/sock" --json >"$work/status" 2>"$work/err"
check $? "after all that the replica still answers"
figure() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$work/status"; }
[ "$(figure members_linked)" -eq 3 ]
check $? "and has lost none of its links"
if [ "$mode" = release ]; then
    [ "$(figure heap_bytes_after_seal)" = 0 ]
    check $? "nothing was taken from the heap after the start"
fi
! grep -qi "$(sed -n 's/^seed //p' "$c/r0/keys/sign.key")" "$c"/r0/log
check $? "no key is in the log"
grep -q '^Max core file size *0 *0 ' "/proc/$(pid_of 0)/limits"
check $? "its limit of core files is 0"

# --- A core. None is written; and one that is forced by switching off what forbids it (dumpable.c) holds no secret key. ---
cores=$work/cores
mkdir "$cores"
# dies PID: the process is told to dump itself, and does not live on.
dies() {
    kill -ABRT "$1"
    wait "$1" 2>/dev/null
    [ $? -eq 134 ]
}
# core: the one core file that lies there; nothing without one.
core() { find "$cores" -maxdepth 1 -name 'core*' -type f | head -n 1; }
# needles NAME KEYFILE: lines "NAME HEX" of what must not be in a core: the seed, its digits, and what libsodium expands a signing seed to. Two pieces of each, without
# the first and the last byte, in which a scalar has bits of its own.
needles() {
    perl -MDigest::SHA=sha512 -e '
        my ($name, $path) = @ARGV;
        open my $file, "<", $path or die; my ($hex) = join("", <$file>) =~ /^seed ([0-9a-f]{64})$/m or die; my $seed = pack "H*", $hex;
        my %secret = ("seed" => $seed, "scalar" => substr(sha512($seed), 0, 32), "prefix" => substr(sha512($seed), 32));
        for my $what (sort keys %secret) { print "$name-$what-$_ ", unpack("H*", substr($secret{$what}, $_, 15)), "\n" for 1, 16 }
        print "$name-digits ", unpack("H*", substr($hex, 2, 40)), "\n"' "$1" "$2"
}
# found_in CORE: the names of those lines of standard input whose bytes are in the core. Its holes are left out: most of a replica's memory was never touched.
found_in() {
    perl -e '
        open my $core, "<:raw", $ARGV[0] or die;
        my ($at, $end, $data, %found, %wanted) = (0, 0, "");
        while (<STDIN>) { my ($name, $hex) = split; $wanted{$name} = pack "H*", $hex }
        while (defined($at = sysseek $core, $at, 3)) {
            my $kept = $at == $end ? substr($data, -64) : "";
            sysread($core, $data, 1 << 20) or last;
            $end = $at += length $data;
            $data = $kept . $data;
            index($data, $wanted{$_}) >= 0 and $found{$_} = 1 for keys %wanted;
        }
        print join(" ", sort keys %found), "\n"' "$1"
}
# forced COMMAND...: runs it where it can write a core.
forced() { cd "$cores" && ulimit -c unlimited && exec env LD_PRELOAD="$work/dumpable.so" "$@"; }
{ (cd "$cores" && ulimit -c unlimited && exec sh -c 'kill -ABRT $$'); } 2>/dev/null
if [ "$mode" != release ]; then
    skip "no key is in a core" "a program with a sanitizer takes terabytes of addresses and writes no core"
elif [ -z "$(core)" ]; then
    skip "no key is in a core" "this machine writes none into the working directory: $(tr '#' ' ' </proc/sys/kernel/core_pattern)"
else
    rm -f "$cores"/core*
    stop 3
    (cd "$cores" && ulimit -c unlimited && exec "$bin/wardd" --config "$c/r3/wardd.yaml") >>"$c/r3/log" 2>&1 &
    pid_3=$! pids="$pids $!"
    ready "$c" 3
    prlimit --core=unlimited --pid "$pid_3" 2>/dev/null # who may do it
    dies "$pid_3" && [ -z "$(core)" ]
    check $? "a replica that dies writes no core, though its limit allowed one when it was started"

    # Member 2 says nothing, so that a handshake with it stays half done, and the others commit with member 3 or not at all.
    ${CC:-gcc} -shared -fPIC -O1 -o "$work/dumpable.so" tests/e2e/dumpable.c
    kill -STOP "$(pid_of 2)"
    (forced "$bin/wardd" --config "$c/r3/wardd.yaml") >>"$c/r3/log" 2>&1 &
    pid_3=$! pids="$pids $!"
    ready "$c" 3
    "$bin/ward" key init "$c/system" --for system >/dev/null
    "$bin/ward" submit actor-set kind=system caps=publish valid_until=+300d --new-key "$c/system/system.key" --key "$c/r0/keys/admin.key" --org 1 \
        --socket "$c/r0/sock" --timeout 30s >"$work/out" 2>"$work/err"
    check $? "a command is committed by members 0, 1 and 3: $(tail -n 1 "$work/err")"
    dies "$pid_3" && [ -n "$(core)" ]
    check $? "a replica that is made to leaves a core"
    { needles sign "$c/r3/keys/sign.key" && needles transport "$c/r3/keys/transport.key" && sed -n 's/^public /public /p' "$c/r3/keys/sign.key"; } >"$work/needles"
    found=$(found_in "$(core)" <"$work/needles")
    [ "$(wc -l <"$work/needles")" -eq 15 ] && [ "$found" = public ]
    check $? "of its keys the public one alone is in it: $found"
    rm -f "$cores"/core*

    # Who asks with a key: it is read before anybody is called, and then nobody answers.
    perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die; my $c = $s->accept; open my $f, ">", $ARGV[1]; sleep 60' "$cores/sock" "$cores/called" &
    pids="$pids $!"
    tries=0
    until [ -S "$cores/sock" ] || [ "$tries" -ge 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    (forced "$bin/ward" submit patient-set default_policy=deny --key "$c/system/system.key" --socket "$cores/sock" --timeout 60s) >"$work/out" 2>&1 &
    asker=$! pids="$pids $!"
    until [ -e "$cores/called" ] || [ "$tries" -ge 200 ]; do sleep 0.1; tries=$((tries + 1)); done
    dies "$asker" && [ -n "$(core)" ]
    check $? "ward, made to, leaves a core too"
    { needles system "$c/system/system.key" && echo "socket $(printf '%s' "$cores/sock" | head -c 40 | od -An -v -tx1 | tr -d ' \n')"; } >"$work/needles"
    found=$(found_in "$(core)" <"$work/needles")
    [ "$(wc -l <"$work/needles")" -eq 8 ] && [ "$found" = socket ]
    check $? "with whom it called, and no key: $found"
    rm -f "$cores"/core*
    kill -CONT "$(pid_of 2)"
fi
stop 0
check $? "a replica ends in order with 0"
