#!/bin/sh
# operator.sh TAP: what people do with `ward`, against four real replicas: register, grant, import, ask, prove; each refusal with its code and exit
# code; a replica that is gone; a full queue.
name=operator
. "$(dirname "$0")/kit"
needs_direct "an operator's day"
c=$work/c
k=$work/k
mkdir -p "$k"
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
sed 's/^io:/limits:\n    pool_client_commands: 4\nio:/' "$c/r3/wardd.yaml" >"$c/r3/small.yaml" && mv "$c/r3/small.yaml" "$c/r3/wardd.yaml"
for i in 0 1 2 3; do
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
    start "$c" "$i"
done
for i in 0 1 2 3; do ready "$c" "$i" || fail "member $i serves"; done
ward() { "$bin/ward" "$@"; }
at="--socket $c/r0/sock --socket $c/r1/sock"
public() { ward key show "$1" --json | sed -n 's/.*"public": "\([0-9a-f]*\)".*/\1/p'; }
account() { ward key show "$1" --genesis "$c/genesis" --json | sed -n 's/.*"account": "\([0-9a-f]*\)".*/\1/p'; }

# ends CODE FACT COMMAND...: the command must end with CODE; its output is kept in $work/out.
ends() {
    want=$1 fact=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ "$got" -eq "$want" ]; then pass "$fact"; else fail "$fact: exit $got instead of $want: $(tail -n 1 "$work/err") $(tr '\n' ' ' <"$work/out" | cut -c1-200)"; fi
}
says() { # says FACT TEXT: what the last command printed holds the text.
    grep -q -- "$2" "$work/out" "$work/err"
    check $? "$1"
}

for who in system practitioner patient; do ward key init "$k/$who" --for "$who" >/dev/null || fail "keys for a $who"; done
patient=$(account "$k/patient/patient.key")
doctor=$(account "$k/practitioner/practitioner.key")

# --- Registration, grants, records ---
ends 0 "a hospital registers its record system" ward submit actor-set kind=system caps=publish,vouch valid_until=+300d --new-key "$k/system/system.key" --key "$c/r0/keys/admin.key" --org 1 $at
ends 0 "another hospital registers a physician" ward submit actor-set kind=practitioner role=physician valid_until=+300d --new-key "$k/practitioner/practitioner.key" --key "$c/r1/keys/admin.key" --org 2 $at
ends 0 "a patient registers, vouched for by the hospital" ward submit patient-register "kx_pk=$(public "$k/patient/kx.key")" "sealed_kx_pk=$(public "$k/patient/sealed-kx.key")" \
    default_policy=deny flags=standing-write --key "$k/patient/patient.key" --cosigner "$k/system/system.key" $at
ends 0 "the hospital imports a FHIR bundle" ward import-fhir configs/demo/bundle.json --patient "$patient" --key "$k/system/system.key" --custody "$work/custody.json" $at --genesis "$c/genesis" --timeout 60s --json
says "every resource became an accepted pointer" '"rejected": 0'
resources=$(sed -n 's/.*"resources": \([0-9]*\).*/\1/p' "$work/out")
[ "$(stat -c %a "$work/custody.json")" = 600 ] && [ "$(grep -c '"salt"' "$work/custody.json")" = "$resources" ]
check $? "the custodian's file is private and holds a salt for each of $resources pointers"
ends 0 "the same import again finds that all is there" ward import-fhir configs/demo/bundle.json --patient "$patient" --key "$k/system/system.key" --custody "$work/custody.json" $at --genesis "$c/genesis" --json
says "and publishes nothing" '"accepted": 0'
sed 's/"status": "final"/"status": "amended"/' configs/demo/bundle.json >"$work/amended.json"
ends 5 "another one leaves the custodian's file as it is" ward import-fhir "$work/amended.json" --patient "$patient" --key "$k/system/system.key" --custody "$work/custody.json" $at --genesis "$c/genesis"
ends 2 "without a genesis nobody's keys are believed" ward import-fhir configs/demo/bundle.json --patient "$patient" --key "$k/system/system.key" --custody "$work/never.json" $at
ends 0 "the patient sees all pointers" ward get pointers "$patient" --key "$k/patient/patient.key" $at --json
shown=$(grep -c '"content_commit": "[0-9a-f]\{64\}"' "$work/out")
[ "$shown" -gt 0 ] && [ "$shown" -eq "$resources" ]
check $? "as many as the bundle has clinical resources: $shown of $resources"
asked() { sed -n 's/.*"transaction": "\([0-9a-f]*\)".*/\1/p' "$work/out"; }
ends 0 "a physician without a grant asks, with a receipt" ward submit access-request "patient=$patient" --key "$k/practitioner/practitioner.key" $at --json
denied=$(asked)
ends 0 "the patient permits the physician" ward submit grant "grantee=$doctor" expires=+30d --key "$k/patient/patient.key" $at
ends 0 "the physician asks again" ward submit access-request "patient=$patient" --key "$k/practitioner/practitioner.key" $at --json
permitted=$(asked)
ends 0 "the patient reads the audit trail" ward audit "$patient" --key "$k/patient/patient.key" $at --json
# decision TRANSACTION: type and reason of the event that the trail holds for this request; nothing unless there is exactly one.
decision() {
    awk -v ref="\"$1\"" '
        $1 == "{" { type = reason = "-" }
        $1 == "\"type\":" { type = $2 } $1 == "\"reason\":" { reason = $2 }
        $1 == "\"ref\":" && $2 == ref { found++; text = type " " reason }
        END { if (found == 1) { gsub(/[",]/, "", text); print text } }' "$work/out"
}
[ "$(decision "$denied")" = "access-denied DEFAULT" ]
check $? "it says that the first request was denied by default: $(decision "$denied")"
[ "$(decision "$permitted")" = "access-permitted GRANT" ]
check $? "and that the second one was permitted by the grant: $(decision "$permitted")"
ends 0 "a receipt is proved by a certified checkpoint" ward submit patient-set default_policy=treating --key "$k/patient/patient.key" $at --genesis "$c/genesis" --out "$work/proof" --timeout 60s
ends 0 "and anybody with the genesis verifies it offline" ward verify "$work/proof" --genesis "$c/genesis"

# --- A body from a file, words that beat it ---
printf '{"default_policy": "deny"}\n' >"$work/body.json"
ends 0 "the body of a command comes from a file" ward submit patient-set --body "$work/body.json" --key "$k/patient/patient.key" $at --json
ends 0 "and is what was executed" ward get patient "$patient" --key "$k/patient/patient.key" $at --json
says "the policy of the file" '"default_policy": "deny"'
ends 0 "words of the command line beat the file" ward submit patient-set default_policy=treating --body "$work/body.json" --key "$k/patient/patient.key" $at
ends 0 "and are what was executed" ward get patient "$patient" --key "$k/patient/patient.key" $at --json
says "the policy of the words" '"default_policy": "treating"'
printf '{"default_policie": "deny"}\n' >"$work/body.json"
expect 3 'default_policie' "a field that the body does not have is refused by its name" "$bin/ward" submit patient-set --body "$work/body.json" --key "$k/patient/patient.key" $at
printf '{"default_policy": \n' >"$work/body.json"
expect 3 'body.json' "a file that is no JSON is refused" "$bin/ward" submit patient-set --body "$work/body.json" --key "$k/patient/patient.key" $at
expect 3 'none.json' "a file that is not there is refused" "$bin/ward" submit patient-set --body "$work/none.json" --key "$k/patient/patient.key" $at

# --- What is there already ---
cp "$k/system/system.key" "$work/key.before"
expect 5 'is there already' "a proof does not overwrite a key" "$bin/ward" get org 1 $at --genesis "$c/genesis" --out "$k/system/system.key"
expect 5 'is there already' "nor does an enrolment" "$bin/ward" key enrol "$c/r0/keys" --name hospital-0 --endpoint 127.0.0.1:7400 --out "$k/system/system.key"
expect 5 'is there already' "nor a genesis" "$bin/ward" genesis assemble --name e2e --time-ms 1767225600000 --out "$k/system/system.key" "$c"/r*/enrol
cmp -s "$work/key.before" "$k/system/system.key" && [ "$(stat -c %a "$k/system/system.key")" = 600 ]
check $? "the key and its mode are as they were"
expect 5 'is there already' "a device is not replaced" "$bin/ward" get org 1 $at --genesis "$c/genesis" --out /dev/full
[ -c /dev/full ]
check $? "it is a device still"
for program in ward ward-bench; do
    "$bin/$program" help >/dev/full 2>/dev/null
    [ $? -eq 8 ]
    check $? "help of $program that cannot be printed is an error"
done
for words in "wardd --help" "wardd --version" "ward --version" "ward-bench --version" "ward-sim --help" "ward-sim --version" "ward-sim --version --json"; do
    "$bin"/$words >/dev/full 2>/dev/null
    code=$?
    [ "$code" -eq 8 ]
    check $? "\`$words\` that cannot be printed is an error: $code"
done
expect 2 'NAME=HOST:PORT' "a replica without a name is told the form" "$bin/ward" status --replica 127.0.0.1:1
expect 3 'Not a directory' "a file where a data directory is meant is refused" "$bin/ward" inspect superblock /etc/passwd
echo mine >"$work/org.new"
ends 0 "a proof goes into a new file" ward get org 1 $at --genesis "$c/genesis" --out "$work/org" --timeout 60s
[ "$(cat "$work/org.new")" = mine ]
check $? "and what lies beside it is left alone"

# --- An endpoint that nobody can dial ---
expect 2 'port must be a number' "it is not signed" "$bin/ward" key enrol "$c/r0/keys" --name hospital-0 --endpoint 127.0.0.1:99999 --out "$work/typo.enrol"
for row in 's|listen: .*|listen: nonsense|' 's|listen: .*|listen: "127.0.0.1:99999"|' 's|client_socket: .*|client_socket: "rel/sock"|' '$a peers: [{member: hospital-1, address: bad}]'; do
    grep -v '^peers:' "$c/r0/wardd.yaml" | sed "$row" >"$work/bad.yaml"
    expect 3 'cannot be used' "the check of a configuration refuses it: $row" "$bin/ward" config check "$work/bad.yaml"
    expect 3 'cannot be used' "and so does a start" "$bin/wardd" --config "$work/bad.yaml"
done

# --- Watching ---
timeout 3 "$bin/ward" status --watch --json --socket "$c/r0/sock" >"$work/watch" 2>"$work/err"
[ "$?" -eq 124 ] && [ "$(grep -c '"schema": "ward.status/1"' "$work/watch")" -ge 2 ]
check $? "a watch says each second where the replica stands: $(grep -c '"schema"' "$work/watch") times in 3 s"
timeout 3 "$bin/ward" status --watch --socket "$c/r0/sock" >"$work/watch" 2>"$work/err"
[ "$(grep -c '4 of 4 up' "$work/watch")" -ge 2 ]
check $? "in words too: $(head -n 1 "$work/watch")"

# --- What is refused ---
ends 1 "a nonce that was used is refused with 1" ward submit patient-set default_policy=deny --key "$k/patient/patient.key" --nonce 1 $at
says "and with its name" NONCE_LOW
ends 1 "a role that may not do it gets a receipt that says so" ward submit patient-set "patient=$patient" default_policy=deny --key "$k/practitioner/practitioner.key" $at
says "and names the code" 'ROLE'
ends 4 "a command whose predecessor is missing has no answer in time" ward submit patient-set default_policy=deny --key "$k/patient/patient.key" --nonce 77 $at --timeout 1s
ends 2 "an unknown type is a usage error" ward submit patient-sat --key "$k/patient/patient.key" $at
ends 2 "an unknown field too" ward submit patient-set colour=red --key "$k/patient/patient.key" $at
ends 2 "a command needs a signer" ward submit patient-set $at
ends 9 "a key that others can read signs nothing" sh -c "chmod 0644 '$k/patient/patient.key'; '$bin/ward' submit patient-set --key '$k/patient/patient.key' $at; code=\$?; chmod 0600 '$k/patient/patient.key'; exit \$code"
open_key=$work/open.key
cp "$k/patient/patient.key" "$open_key"
chmod 0644 "$open_key"
nobody="--socket $work/nobody.sock"
ends 9 "it is refused before anybody is connected to: get" ward get pointers "$patient" --key "$open_key" $nobody
ends 9 "likewise audit" ward audit "$patient" --key "$open_key" $nobody
ends 9 "likewise submit" ward submit patient-set default_policy=deny --key "$open_key" $nobody
ends 9 "likewise a dry run" ward submit patient-set default_policy=deny --key "$open_key" $nobody --nonce 9 --dry-run
ends 9 "likewise a cosigner's key" ward submit patient-set default_policy=deny --key "$k/patient/patient.key" --cosigner "$open_key" $nobody
ends 9 "likewise the key of who is registered" ward submit actor-set kind=system --key "$c/r0/keys/admin.key" --org 1 --new-key "$open_key" $nobody
ends 9 "likewise an import" ward import-fhir configs/demo/bundle.json --patient "$patient" --key "$open_key" --custody "$work/never.json" $nobody --genesis "$c/genesis"
ends 4 "with a private key nobody is reached" ward get pointers "$patient" --key "$k/patient/patient.key" $nobody
cluster_make "$work/other" 4 || fail "a second chain is laid out"
ends 0 "a replica answers whoever has its genesis" ward status --genesis "$c/genesis" --socket "$c/r0/sock"
ends 4 "and not whoever has that of another chain" ward status --genesis "$work/other/genesis" --socket "$c/r0/sock"
says "which is said" 'another chain'
: >"$work/none"
ends 3 "an empty genesis file is no genesis" ward status --genesis "$work/none" --socket "$c/r0/sock"
ends 4 "a socket that nobody answers is unreachable" ward status --socket "$work/nobody.sock"

# --- A full queue: member 3 takes four waiting commands of one client; the others are refused with a reason and a time. The physician has tokens for all nonces before these ---
i=50
while [ "$i" -lt 58 ]; do
    ward submit access-request "patient=$patient" --key "$k/practitioner/practitioner.key" --nonce "$i" --socket "$c/r3/sock" --dry-run --json | sed -n 's/.*"command": "\([0-9a-f]*\)".*/\1/p'
    i=$((i + 1))
done >"$work/commands"
perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die;
    my $send = sub { my ($type, $body) = @_; print $s pack("CCvV", $type, 0, 1, length $body), $body };
    $send->(0x40, pack("vv", 1, 0) . "\0" x 8);
    my $id = 0;
    while (<STDIN>) { chomp; $send->(0x42, pack("Q<", ++$id) . pack("H*", $_)) }
    $s->flush;
    my ($data, %code) = ("");
    local $SIG{ALRM} = sub { for (sort { $a <=> $b } keys %code) { print "$_ $code{$_}\n" } exit 0 };
    alarm 2;
    while (sysread($s, $data, 4096, length $data)) {
        while (length $data >= 8) {
            my ($type, $flags, $version, $length) = unpack("CCvV", $data);
            last if length $data < 8 + $length;
            my $body = substr($data, 8, $length); $data = substr($data, 8 + $length);
            if ($type == 0x44) { my ($n, $c, $z, $retry) = unpack("Q<vvV", $body); $code{$n} = "$c retry $retry" }
            if ($type == 0x43) { $code{unpack("Q<", $body)} //= "admitted" }
        }
    }' "$c/r3/sock" <"$work/commands" >"$work/burst"
[ "$(grep -c ' 2 retry [1-9]' "$work/burst")" -ge 4 ]
check $? "a queue that is full refuses with a code and a time: $(tr '\n' ';' <"$work/burst")"
ends 4 "what would wait longer than its sender's tokens take is refused at the door" ward submit patient-set default_policy=deny --key "$k/patient/patient.key" --nonce 50 --socket "$c/r0/sock"
says "with the time until there are enough" 'tokens are used up; try again in'

# --- A replica that stops in order while there is no work, and comes back ---
leader=$(ward status --json --socket "$c/r1/sock" | tr -d ' \n' | sed 's/.*"leader":\([0-9]*\).*/\1/')
stop "$leader"
start "$c" "$leader"
ready "$c" "$leader"
check $? "a leader that left in order while there was no work comes back"
sleep 1 # the change of the view is work, until it is done
ends 0 "the others have their status" ward status --socket "$c/r$(((leader + 1) % 4))/sock"
! grep -q 'Stuck' "$work/out"
check $? "a cluster without work is not called stuck: $(tail -n 1 "$work/out")"

# --- A replica that is gone ---
kill -KILL "$(pid_of 0)"
ends 0 "when the first replica is gone the next one takes the command" ward submit patient-set default_policy=deny --key "$k/patient/patient.key" $at --timeout 20s
ends 0 "the status says who is missing" ward status --socket "$c/r1/sock"
says "3 of 4 are up" '^3 of 4 up, 0 more may fail'
for i in 1 2 3; do
    stop "$i"
    check $? "member $i ends in order"
done
