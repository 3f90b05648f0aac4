#!/bin/sh
# remote.sh TAP: a client on another host, which is a network namespace with a cable of its own: it reads, submits and proves over the secure channel;
# what it may not do has its words; when its host is gone nobody else notices. Needs root for the namespace.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=remote
. "$(dirname "$0")/kit"
needs_direct "a client of another host"
space=ward-e2e-$$ here=10.213.$(($$ % 250)).1 there=10.213.$(($$ % 250)).2
unplug() { ip netns del "$space" 2>/dev/null; ip link del "we$$" 2>/dev/null; }
trap 'code=$?; unplug; cleanup "$code"' EXIT
if ! { ip netns add "$space" && ip link add "we$$" type veth peer name eth0 netns "$space" && ip addr add "$here/30" dev "we$$" && ip link set "we$$" up &&
    ip -n "$space" addr add "$there/30" dev eth0 && ip -n "$space" link set eth0 up && ip -n "$space" link set lo up; } 2>"$work/err"; then
    skip "a client of another host" "no network namespace can be made: $(tail -n 1 "$work/err" | tr '#' ' ')"
    exit 0
fi

c=$work/c
cluster_make "$c" 4 || { fail "a cluster is laid out"; exit 1; }
for i in 0 1 2 3; do
    sed -i "s/listen: \"127.0.0.1:/listen: \"0.0.0.0:/" "$c/r$i/wardd.yaml"
    [ "$i" -eq 3 ] || printf 'limits:\n    remote_clients: true\n' >>"$c/r$i/wardd.yaml"
    "$bin/wardd" --config "$c/r$i/wardd.yaml" --init >>"$c/r$i/log" 2>&1
    start "$c" "$i"
done
for i in 0 1 2 3; do ready "$c" "$i" || { fail "member $i serves"; exit 1; }; done
port() { cat "$c/r$1/port"; }
far() { ip netns exec "$space" "$bin/ward" "$@"; }
replica() { printf -- '--genesis %s --replica hospital-%s=%s:%s --timeout 20s' "$c/genesis" "$1" "$here" "$(port "$1")"; }

# says CODE TEXT FACT COMMAND...: the command ends with CODE and prints TEXT.
says() {
    want=$1 text=$2 fact=$3
    shift 3
    "$@" >"$work/out" 2>"$work/err"
    got=$?
    if [ "$got" -eq "$want" ] && grep -q -- "$text" "$work/out"; then pass "$fact"; else fail "$fact: exit $got: $(tail -n 1 "$work/err")"; fi
}

# shellcheck disable=SC2046  # flags are words
{
    says 0 '"members_linked": 3' "another host reads the status over the secure channel" far status $(replica 0) --json
    for n in 1 2 3; do "$bin/ward" key init "$work/k$n" --for system >/dev/null || fail "keys for a record system"; done
    says 0 '"name": "OK"' "it registers a record system" far submit actor-set kind=system caps=publish valid_until=+300d --new-key "$work/k1/system.key" \
        --key "$c/r0/keys/admin.key" --org 1 $(replica 0) --json
    says 0 '"name": "OK"' "and another through the next replica" far submit actor-set kind=system caps=publish valid_until=+300d --new-key "$work/k2/system.key" \
        --key "$c/r0/keys/admin.key" --org 1 $(replica 1) $(replica 0 | sed 's/--genesis [^ ]* //; s/--timeout [^ ]*//') --json
    says 0 'hospital-2' "it asks about an organisation" far get org 3 $(replica 2)
    expect 4 'hospital-3\|connect\|answer\|close' "a replica that takes no clients from other hosts is not to be had" far status $(replica 3 | sed 's/20s/2s/')
    expect 4 '' "nor one whose key is another's" far status $(replica 1 | sed "s/:$(port 1)/:$(port 0)/; s/20s/2s/")
}

# --- Its host goes away in the middle of a question ---
# shellcheck disable=SC2046
(far status $(replica 0) --watch --json >"$work/watch" 2>/dev/null) &
watcher=$!
pids="$pids $watcher"
tries=0
until grep -q '"members_linked": 3' "$work/watch" 2>/dev/null || [ "$tries" -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
ip -n "$space" link set eth0 down
says 0 '"members_linked": 3' "a client's host that vanishes disturbs nobody" "$bin/ward" status --socket "$c/r0/sock" --json
says 0 '"name": "OK"' "and commands commit as before" "$bin/ward" submit actor-set kind=system caps=publish valid_until=+300d --new-key "$work/k3/system.key" \
    --key "$c/r0/keys/admin.key" --org 1 --socket "$c/r0/sock" --json
for i in 0 1 2 3; do
    stop "$i"
    check $? "member $i ends in order"
done
