#!/bin/sh
# answers.sh TAPDIR: real replicas are asked over the socket and over the secure channel; what they answer is proved, kept, and verified offline.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=answers
. "$(dirname "$0")/kit"
needs_direct "answers of a cluster"

cluster=$work/cluster
cluster_make "$cluster" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do
    printf 'limits:\n    remote_clients: true\n' >>"$cluster/r$i/wardd.yaml"
    "$bin/wardd" --config "$cluster/r$i/wardd.yaml" --init >/dev/null 2>&1 || fail "wardd --init $i"
    start "$cluster" "$i"
done
for i in 0 1 2 3; do ready "$cluster" "$i" || { fail "replica $i answers"; exit 1; }; done

socket="--socket $cluster/r1/sock --genesis $cluster/genesis"
channel="--replica hospital-2 --genesis $cluster/genesis"

# says CODE TEXT FACT COMMAND...: the command ends with CODE and prints TEXT.
says() {
    want=$1 text=$2 fact=$3
    shift 3
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ "$got" -eq "$want" ] && grep -q -- "$text" "$work/out"; then pass "$fact"; else fail "$fact: exit $got: $(tail -n 1 "$work/err")"; fi
}

# shellcheck disable=SC2086  # flags are words
{
    says 0 "hospital-1" "an organisation is shown over the socket" "$bin/ward" get org 2 $socket
    says 0 "hospital-1" "an organisation is shown over the secure channel" "$bin/ward" get org 2 $channel
    says 1 "org  *-" "the absence of an organisation is an answer" "$bin/ward" get org 9 $socket
    expect 4 "certified" "without a checkpoint nothing is certified" "$bin/ward" get org 2 $socket --certified --timeout 1s
    expect 1 "refused" "a transaction that never was has no receipt" "$bin/ward" get receipt "$(printf '%064d' 7)" $socket
    expect 2 "key" "a question about a patient needs a key" "$bin/ward" get patient "$(printf '%064d' 7)" $socket
}

# --- A patient, a hospital, a physician -------------------------------------------------------------------------------

at="--socket $cluster/r0/sock --socket $cluster/r1/sock --timeout 60s"
keys=$work/keys
mkdir -p "$keys"
for who in system practitioner patient; do "$bin/ward" key init "$keys/$who" --for "$who" >/dev/null || fail "keys for a $who"; done
public() { "$bin/ward" key show "$1" --json | sed -n 's/.*"public": "\([0-9a-f]*\)".*/\1/p'; }
account() { "$bin/ward" key show "$1" --genesis "$cluster/genesis" --json | sed -n 's/.*"account": "\([0-9a-f]*\)".*/\1/p'; }
patient=$(account "$keys/patient/patient.key")
doctor=$(account "$keys/practitioner/practitioner.key")
me="--key $keys/patient/patient.key"

# shellcheck disable=SC2086
submit() { "$bin/ward" submit "$@" $at --json >"$work/out" 2>"$work/err" || fail "submit $1: $(tail -n 1 "$work/err")"; }
# shellcheck disable=SC2086
{
    submit actor-set kind=system caps=publish,vouch valid_until=+300d --new-key "$keys/system/system.key" --key "$cluster/r0/keys/admin.key" --org 1
    submit actor-set kind=practitioner role=physician valid_until=+300d --new-key "$keys/practitioner/practitioner.key" --key "$cluster/r1/keys/admin.key" --org 2
    submit patient-register "kx_pk=$(public "$keys/patient/kx.key")" "sealed_kx_pk=$(public "$keys/patient/sealed-kx.key")" default_policy=deny flags=standing-write \
        $me --cosigner "$keys/system/system.key"
    "$bin/ward" import-fhir configs/demo/bundle.json --patient "$patient" --key "$keys/system/system.key" --custody "$work/custody.json" $at --genesis "$cluster/genesis" >/dev/null 2>"$work/err" ||
        fail "a bundle is imported: $(tail -n 1 "$work/err")"
    submit access-request "patient=$patient" --key "$keys/practitioner/practitioner.key"
    submit grant gtype=org "grantee=org:2" expires=+30d $me
    submit access-request "patient=$patient" --key "$keys/practitioner/practitioner.key"
    ticket=$(sed -n 's/.*"transaction": "\([0-9a-f]*\)".*/\1/p' "$work/out" | head -n 1)

    says 0 '"permit": true' "a release is permitted behind a read of the quorum" "$bin/ward" get release "$ticket" 1 --key "$keys/practitioner/practitioner.key" $at --json
    says 0 '"locator": "' "the physician gets the sealed locator under the ticket" "$bin/ward" get locator "$patient" 1 --ticket "$ticket" --key "$keys/practitioner/practitioner.key" $at --json
    says 0 '"name": "OK"' "a receipt is found" "$bin/ward" get receipt "$ticket" $at --json
    expect 1 "ROLE" "the physician does not see the grants" "$bin/ward" get grants "$patient" --key "$keys/practitioner/practitioner.key" $at
    says 0 '"kx_epoch": 1' "the hospital that vouched reads the patient's keys" "$bin/ward" get patient "$patient" --key "$keys/system/system.key" $at --json
}

# --- Proofs -----------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2086
height=$("$bin/ward" get checkpoint $socket --json | sed -n 's/.*"height": \([0-9]*\).*/\1/p' | head -n 1)
proofs="pointers grants evaluate receipt audit header"
# keep NAME COMMAND...: writes a proof of a state that holds everything above.
# shellcheck disable=SC2086
keep() {
    proof=$1
    shift
    "$bin/ward" "$@" $at --genesis "$cluster/genesis" --above "$height" --out "$work/$proof.proof" >"$work/$proof.out" 2>"$work/err" || fail "$proof is proved: $(tail -n 1 "$work/err")"
}
# shellcheck disable=SC2086
{
    keep pointers get pointers "$patient" $me
    keep grants get grants "$patient" $me
    keep evaluate get evaluate "$patient" "$doctor" $me
    keep receipt get receipt "$ticket"
    keep audit audit "$patient" $me
    keep header get header 1
}
for i in 0 1 2 3; do stop "$i" >/dev/null; done
# alter FILE PERCENT: flips a bit of one byte.
alter() {
    perl -e 'open F, "+<", $ARGV[0] or die; my $at = int((-s F) * $ARGV[1] / 100); seek F, $at, 0; read F, my $b, 1; seek F, $at, 0; print F chr(ord($b) ^ 4)' "$1" "$2"
}
for proof in $proofs; do
    says 0 '"valid": true' "$proof: verified with no replica left" "$bin/ward" verify "$work/$proof.proof" --genesis "$cluster/genesis" --json
    bad=0
    for percent in 3 15 31 47 62 78 93 99; do
        cp "$work/$proof.proof" "$work/altered"
        alter "$work/altered" "$percent"
        "$bin/ward" verify "$work/altered" --genesis "$cluster/genesis" >/dev/null 2>&1
        [ $? -eq 6 ] || bad=$((bad + 1))
    done
    check "$bad" "$proof: an altered byte anywhere is exit 6"
    head -c -1 "$work/$proof.proof" >"$work/altered"
    expect 6 "no whole proof" "$proof: a cut file is exit 6" "$bin/ward" verify "$work/altered" --genesis "$cluster/genesis"
done
grep -q 'access-denied' "$work/audit.out" && grep -q 'access-permitted' "$work/audit.out"
check $? "the audit shows the denial and the permission"
cluster_make "$work/other" 4 >/dev/null || fail "another cluster is laid out"
expect 6 "another chain" "a proof says nothing under another genesis" "$bin/ward" verify "$work/audit.proof" --genesis "$work/other/genesis"
