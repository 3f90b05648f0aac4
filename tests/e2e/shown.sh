#!/bin/sh
# shown.sh TAP: every command that README.md and the pages of docs/ show is one that the programs have, with options that its own help names, and every option of the configuration and every target of make exists.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=shown
. "$(dirname "$0")/kit"

cat >"$work/ask" <<END
#!/bin/sh
program=\$1
shift
[ "\$program" != option ] || exec "$bin/ward" config explain "\$@" 2>/dev/null
exec "$bin/\$program" "\$@" --help 2>/dev/null
END
chmod +x "$work/ask"
perl tests/e2e/shown.pl "$work/ask" README.md docs/*.md >"$work/said"
check $? "the pages are read"
[ "$(grep -vc '^shown ' "$work/said")" = 0 ]
check $? "no page shows what is not there: $(grep -v '^shown ' "$work/said" | head -n 3 | tr '\n' ' ')"
[ "$(sed -n 's/^shown //p' "$work/said")" -ge 150 ]
check $? "they show as many commands as ever: $(tail -n 1 "$work/said")"

# What a stranger types first, right and wrong.
./setup.sh --help >"$work/said" 2>&1 && grep -q 'setup.sh demo' "$work/said"
check $? "setup.sh explains itself"
expect 2 'no such verb: chek' "setup.sh refuses a verb that it does not have" ./setup.sh chek
expect 2 'MODE=asan: it is one of release debug' "make refuses a MODE that would build without what it asks for" make -s MODE=asan help
cat >"$work/none" <<'END'
#!/bin/sh
for word; do case "$word" in --tap=*) printf 'TAP version 13\n1..1\nok - a::b # SKIP test was skipped\n' >"${word#--tap=}" ;; esac; done
END
chmod +x "$work/none"
expect 0 'no test has the name that is asked for' "a filter that no test has is told" tools/run-tests "$work/none.tap" "$work/none" --filter 'nothing/*'
grep -q '^not ok' "$work/none.tap"
check $? "and is no success"

# finds TEXT LINE: of a page with this line it says so.
finds() {
    printf '%s\n' "$2" >"$work/page.md"
    perl tests/e2e/shown.pl "$work/ask" "$work/page.md" >"$work/said"
    grep -qF "page.md:1: $1" "$work/said"
    check $? "$2 is found"
}

# Pages also show scripts without an argument.
mkdir -p "$work/tree/tests/e2e"
cp tests/e2e/kit "$work/tree/tests/e2e/kit"
# shellcheck disable=SC2016  # for the script that is written
printf 'name=tiny\n. "$(dirname "$0")/kit"\npass "it is played"\n' >"$work/tree/tests/e2e/tiny.sh"
said=$(sh "$work/tree/tests/e2e/tiny.sh" 2>&1)
[ "$said" = "ok - tiny: it is played
1..1" ] && [ -s "$work/tree/build/hand/tiny-$mode.tap" ]
check $? "a script that is played by hand needs no argument, and prints its report: $(echo "$said" | head -n 1)"

# shellcheck disable=SC2016  # the back-ticks are Markdown
{
    finds '`ward statos` is no command' 'ask `ward statos --json`'
    finds '`ward genesis verify` has no --fingerprints' '    ward genesis verify FILE --fingerprints HEX'
    finds '`wardd` has no --inti' '`/usr/local/bin/wardd --config FILE --inti`'
    finds '`ward-bench cluster` has no --rates' '| load | `WARD_NODE_RESERVES=true ward-bench cluster --rate max --rates 5` |'
    finds '`ward-sim swarm` has no --record' '    ward-sim run --seed 1 --record FILE; ward-sim swarm --record FILE'
    finds 'there is no option io.backends' 'with `io.backends: auto` it goes on'
    finds 'make has no target chek' '    make MODE=debug chek'
}
