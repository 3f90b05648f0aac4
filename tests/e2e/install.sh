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
for example in configs/*.yaml configs/demo/bundle.json; do
    cmp -s "$example" "$root/opt/ward/share/ward/${example#configs/}" && [ "$(stat -c %a "$root/opt/ward/share/ward/${example#configs/}")" = 644 ]
    check $? "$example is installed, for everybody to read"
done
(cd "$work" && "$root/opt/ward/bin/ward" key init keys --for patient) >/dev/null 2>"$work/err" && [ -s "$work/keys/patient.key" ]
check $? "the installed ward makes keys: $(tail -n 1 "$work/err")"
