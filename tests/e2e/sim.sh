#!/bin/sh
# sim.sh TAP: the command line of `ward-sim`: each verb explains itself, what cannot be used is refused, and with --json every result and error is one object.
# shellcheck disable=SC2154,SC1091,SC2034  # variables and functions of the kit
name=sim
. "$(dirname "$0")/kit"
sim() { timeout 60 "$bin/ward-sim" "$@"; }

# refuses CODE TEXT FACT ARGUMENT...: with --json the error is one object on standard output, and a line on standard error.
refuses() {
    want=$1 text=$2 fact=$3
    shift 3
    expect "$want" "$text" "$fact" sim "$@" --json
    perl -MJSON::PP -e 'local $/; my $o = decode_json(<STDIN>); exit !($o->{schema} eq "ward.error/1" && $o->{exit} == $ARGV[0] && $o->{message} ne "")' "$want" <"$work/out" 2>/dev/null
    check $? "$fact, as one object"
}
expect 2 'verb is missing' "a line without a verb is refused" sim
refuses 2 'no such verb: walk' "an unknown verb is refused" walk
refuses 2 'cannot use --sed' "an unknown option is refused" run --sed 1
refuses 2 'no such verb: walk' "help of an unknown verb is refused" help walk
refuses 2 'no such verb: walk' "likewise behind --help" --help walk
sim -h >"$work/out" && grep -q 'ward-sim swarm' "$work/out" && sim run -h >"$work/out" && grep -q 'ward-sim run' "$work/out" && sim run --seed 1 --help >"$work/out" && grep -q 'ward-sim run' "$work/out"
check $? "-h is help, and help is given wherever it is asked for"
refuses 2 'cannot use more' "a word that no verb asked for is refused" run --seed 1 more
refuses 2 '--junit: it belongs to swarm' "an option of another verb is refused" run --seed 1 --junit "$work/junit.early"
refuses 2 'run needs' "a run needs a seed or a scenario" run
refuses 2 'swarm needs' "a swarm needs seeds" swarm
refuses 2 'cannot use' "seeds that end before they begin are refused" swarm --seeds 5..4
refuses 2 'trace needs' "a trace needs a seed or a scenario" trace
refuses 3 'nowhere: No such file' "a scenario that is not there is refused" run --scenario nowhere
printf 'at 1ms submit 1 to 0\nafter 0ms rest within 20s\n' >"$work/told.scn"
mkdir "$work/told.trace"
refuses 3 'told.trace: it is not a regular file' "a trace beside a scenario that cannot be read is not passed over" run --scenario "$work/told.scn"
mkfifo "$work/pipe"
mkdir "$work/folder"
: >"$work/hollow"
long=$(printf '%0300d' 1)
for reader in "run --scenario" replay explore "shrink --scenario" "trace --scenario" "swarm --seeds 1..1 --scenario"; do
    # shellcheck disable=SC2086  # a verb and its option
    refuses 3 'not a regular file' "$reader does not wait for a pipe" $reader "$work/pipe"
    # shellcheck disable=SC2086
    refuses 3 'not a regular file' "$reader refuses a directory" $reader "$work/folder"
    # shellcheck disable=SC2086
    refuses 3 'is empty' "$reader refuses an empty file" $reader "$work/hollow"
    # shellcheck disable=SC2086
    refuses 3 'too long' "$reader refuses a name that no file can have" $reader "$work/$long"
done
echo 'no such word' >"$work/bad"
refuses 3 'bad' "a scenario that cannot be read is refused" run --scenario "$work/bad"
expect 2 'run needs' "without --json there is no object" sim run
[ ! -s "$work/out" ]
check $? "and nothing on standard output"
for verb in attacks explore run swarm replay shrink trace twins; do
    sim "$verb" --help >"$work/out"
    check $? "$verb explains itself"
    grep -q "ward-sim $verb " "$work/out" && [ "$(sed -n 's/^  ward-sim \([a-z]*\) .*/\1/p' "$work/out" | sort -u)" = "$verb" ]
    check $? "and nothing but itself"
done
[ "$(sim --help | sed -n 's/^  ward-sim \([a-z]*\) .*/\1/p' | sort -u | tr '\n' ' ')" = "attacks explore replay run shrink swarm trace twins " ]
check $? "the general help names all verbs"
sim run --seed 1 --acts 1 --json | perl -MJSON::PP -e 'local $/; exit !(decode_json(<STDIN>)->{schema} eq "ward.sim.run/1")'
check $? "a run is one object"
sim run --seed 3 --acts 1 --record "$work/run.record" >/dev/null && sim replay "$work/run.record" >/dev/null
check $? "a record plays again as the same run"
cp "$work/run.record" "$work/record.before"
refuses 5 'is there already' "a record does not overwrite a file" run --seed 4 --acts 1 --record "$work/run.record"
cmp -s "$work/run.record" "$work/record.before"
check $? "which is as it was"
refuses 3 'No such file' "a record in a directory that is not there is refused as that" run --seed 3 --acts 1 --record "$work/nowhere/record"
sed -i '/^events/,$s/^\([0-9a-f]*\) 3 /\1 4 /' "$work/run.record"
expect 22 "parts" "a record with other events parts" sim replay "$work/run.record"
grep -q 'parts at event' "$work/out"
check $? "and says where"
refuses 3 'No such file' "a record that is not there is refused" replay "$work/nowhere"
refuses 3 'no record' "what is no record is refused" replay "$work/bad"
sim trace --seed 3 --acts 1 -o "$work/a.svg" && sim trace --seed 3 --acts 1 -o "$work/b.svg" && cmp -s "$work/a.svg" "$work/b.svg" && grep -q '^</svg>' "$work/a.svg"
check $? "a diagram is the same bytes twice"
sim trace --seed 3 --acts 1 -o "$work/a.html" && grep -q '</html>' "$work/a.html" && ! grep -qE 'src=|href=' "$work/a.html"
check $? "a page loads nothing"
refuses 3 'No such file' "a diagram in a directory that is not there is refused" trace --seed 3 --acts 1 -o /nowhere/a.svg
refuses 5 'is there already' "a diagram does not overwrite another" trace --seed 4 --acts 1 -o "$work/a.svg"
refuses 5 'is there already' "nor does a shrunk schedule" shrink --seed 1 --acts 1 -o "$work/a.svg"
cmp -s "$work/a.svg" "$work/b.svg"
check $? "which is as it was"
expect 1 'does not fail' "what does not fail is not shrunk" sim shrink --seed 1 --acts 1
refuses 2 'shrink needs' "shrinking needs a seed or a scenario" shrink -o "$work/none"
printf 'replicas 4\nat 1ms submit 2 to 0\nat 2ms crash 3\nat 3ms crash 2\nat 5ms submit 1 to 1\nafter 0ms rest within 20s\n' >"$work/stuck.scn"
expect 21 '' "a schedule that cannot finish is shrunk" sim shrink --scenario "$work/stuck.scn" -o "$work/small.scn"
[ "$(grep -c ' crash ' "$work/small.scn")" = 2 ] && [ "$(grep -c ' submit ' "$work/small.scn")" = 1 ]
check $? "to one command and two crashes"
expect 21 'ward-sim run --scenario' "what is left fails again" sim run --scenario "$work/small.scn"
object() { schema=$1; shift; sim "$@" --json >"$work/out" 2>/dev/null; perl -MJSON::PP -e 'local $/; exit !(decode_json(<STDIN>)->{schema} eq $ARGV[0])' "$schema" <"$work/out"; }
object ward.sim.help/1 --help && object ward.sim.help/1 run --help && object ward.sim.version/1 --version
check $? "help and version are one object too"
object ward.sim.attacks/1 attacks && grep -q '"played": false' "$work/out" && grep -q '"name": "double vote"' "$work/out"
check $? "the library of attacks is one object"
object ward.sim.attacks/1 attacks "double vote" --run && grep -q '"played": true' "$work/out" && grep -q '"told_calm": ' "$work/out"
check $? "and so is what came of one that was played"
object ward.sim.trace/1 trace --seed 1 --acts 1
check $? "a trace is one object"
object ward.sim.swarm/1 swarm --seeds 1..3 --acts 1 --jobs 2 --junit "$work/junit.xml"
check $? "a campaign is one object"
grep -q '<testsuite name="ward-sim swarm" tests="1" failures="0"' "$work/junit.xml"
check $? "and one report for CI"
printf 'clients 4\ncrypto fast\nat 10ms submit 1 to 0\nafter 0s finish within 1min\nafter 0s expect told == 2\n' >"$work/wrong.scn"
expect 1 "run --scenario $work/wrong.scn --seed 8 " "one story with the chance of many seeds names the seed to run it with" sim swarm --scenario "$work/wrong.scn" --seeds 7..8
sim swarm --scenario configs/simulator/twins.scn --seeds 1..8 >"$work/out" 2>"$work/err"
check $? "the story of twins of docs/simulator.md holds for the first seeds: $(tail -n 1 "$work/err")"
object ward.sim.twins/1 twins --seeds 1..100 && grep -q '"failed": 0,' "$work/out"
check $? "runs of a member in two places are one object, and break nothing: $(sed -n 's/^ *"text": //p' "$work/out")"
sim twins --seeds 1..200 --over >"$work/out" 2>"$work/err"
[ $? -eq 20 ] && grep -q '^  safety: I1: ' "$work/out"
check $? "two members in two places break a rule: $(tail -n 1 "$work/out")"
sim $(sed -n 's/^  ward-sim \(twins --seed .*\)/\1/p' "$work/out") >"$work/story" 2>"$work/err"
[ $? -eq 20 ] && grep -q '^r[0-3].* hears r' "$work/story" && [ "$(grep '^  safety: ' "$work/story")" = "$(grep '^  safety: ' "$work/out")" ]
check $? "and one seed of them tells how"
refuses 2 'cannot use --plain' "a flag of another verb is refused" twins --plain
refuses 2 "cannot use" "so is a file" twins "$work/out"
object ward.sim.explore/1 explore --liar 0 --views 1 && grep -q '"exhausted": true' "$work/out"
check $? "an exploration is one object, and says that nothing is left"
sim explore --liar 0 --views 1 --over -o "$work/found.txt" >"$work/out" 2>"$work/err"
[ $? -eq 20 ]
check $? "a liar too many breaks a rule"
sim explore "$work/found.txt" >"$work/out" 2>"$work/err"
[ $? -eq 20 ]
check $? "what was found is played again"
grep -q 'decisions, then I4' "$work/out"
check $? "and breaks the same rule"
refuses 5 'is there already' "what is found does not overwrite a file" explore --liar 0 --views 1 --over -o "$work/found.txt"
refuses 5 'is there already' "nor does a report for CI" swarm --seeds 1..3 --acts 1 --junit "$work/found.txt"
refuses 3 'No such file' "a report in a directory that is not there is refused" swarm --seeds 1..1 --acts 1 --junit "$work/nowhere/junit.xml"
refuses 2 'cannot use --heights' "an exploration of three heights is refused" explore --heights 3
refuses 3 'no list of decisions' "what is no list of decisions is refused" explore "$work/bad"
if [ "${WARD_LONG:-0}" != 0 ]; then
    today=$(date +%Y%m%d)
    timeout 1800 "$bin/ward-sim" twins --seeds "${today}000000..${today}199999" --json >"$work/out" && grep -q '"failed": 0,' "$work/out"
    check $? "no run of a member in two places breaks a rule, seeds ${today}000000..${today}199999: $(sed -n 's/^ *"text": //p' "$work/out")"
    timeout 1800 "$bin/ward-sim" explore --json >"$work/out" && grep -q '"exhausted": true' "$work/out"
    check $? "every run of two views and one height is gone through, whoever lies, with two blocks of a liar at each place"
    fact="every run of two views and two heights is gone through, whoever lies"
    if [ "$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)" -lt 8 ]; then
        skip "$fact" "it takes 7 GiB of memory"
    else
        timeout 7200 "$bin/ward-sim" explore --heights 2 --variants 1 --states 200000000 --json >"$work/out" && grep -q '"exhausted": true' "$work/out"
        check $? "$fact"
    fi
fi
