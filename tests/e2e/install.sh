#!/bin/sh
# install.sh TAP: `make install` puts the programs and the examples below DESTDIR, and they run from there.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=install
. "$(dirname "$0")/kit"
root=$work/root

make -s MODE="$mode" DESTDIR="$root" PREFIX=/opt/ward install >"$work/out" 2>&1
check $? "make install ends with 0: $(tail -n 1 "$work/out")"
version=$("$bin/ward" --version | sed 's/^ward //')
for program in wardd ward ward-sim ward-bench; do
    said=$("$root/opt/ward/bin/$program" --version 2>&1) # ward-sim also says which build it is
    [ "${said%%,*}" = "$program $version" ]
    check $? "$program runs where it was put and says version $version"
    cmp -s "$bin/$program" "$root/opt/ward/bin/$program" && [ "$(stat -c %a "$root/opt/ward/bin/$program")" = 755 ]
    check $? "and is the one that was built, for everybody to run"
done
[ "$(find "$root" -type f | grep -cv "^$root/opt/ward/\(bin\|share/ward\)/")" = 0 ]
check $? "nothing lies outside of bin and share"
for example in configs/*.yaml configs/demo/bundle.json configs/systemd/ward.service configs/systemd/ward.service.d/guest.conf; do
    cmp -s "$example" "$root/opt/ward/share/ward/${example#configs/}" && [ "$(stat -c %a "$root/opt/ward/share/ward/${example#configs/}")" = 644 ]
    check $? "$example is installed, for everybody to read"
done
(cd "$work" && "$root/opt/ward/bin/ward" key init keys --for patient) >/dev/null 2>"$work/err" && [ -s "$work/keys/patient.key" ]
check $? "the installed ward makes keys: $(tail -n 1 "$work/err")"
make -s help | grep -q '^ *install .*units of systemd'
check $? "make help says that the units are among it"

# The demonstration takes the bundle that was installed: a spoiled one is refused before anything starts, the right one begins the story.
bundle=$root/opt/ward/share/ward/demo/bundle.json
printf '{"resourceType":"Bundle","type":"collection","entry":[]}' >"$bundle"
expect 3 'share/ward/demo/bundle.json: ' "the installed demonstration reads the installed bundle" "$root/opt/ward/bin/ward" demo --for 8s
install -m 644 configs/demo/bundle.json "$bundle"
needs_direct "the installed demonstration begins"
cd "$work" || exit 1
"$root/opt/ward/bin/ward" demo --for 8s --rate 50 2>told >/dev/null &
pid=$!
pids="$pids $pid"
tries=0
until grep -q 'the bundle is published' told || [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.1
done
kill -TERM "$pid"
wait "$pid"
code=$?
[ "$code" -eq 130 ] && grep -q 'the bundle is published' told
check $? "with the installed programs and the installed bundle the story begins ($code): $(tail -n 1 told)"
