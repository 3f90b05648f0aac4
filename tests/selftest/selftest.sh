#!/bin/sh
# selftest.sh TAP MODE: the alarms ring. In MODE=debug the planted overflow, leak and undefined operation must each end a program with the right
# report, and a leak planted in ward and wardd these (leaks.sh); in MODE=thread the planted race, and one in wardd (races.sh); in every mode a failed, crashed, vanished or unreported test must be counted as failed by tools/run-tests and tools/tally.
unset MAKEFLAGS MFLAGS MAKELEVEL # what a make around this one says about jobs and modes is not for the ones inside
set -eu
cd "$(dirname "$0")/../.."
tap=$1
mode=$2
bin=build/$mode/selftest
reports=$bin/reports
mkdir -p "$(dirname "$tap")"
: >"$tap"

verdict() { # verdict STATUS NAME: STATUS 0 is good
    if [ "$1" -eq 0 ]; then echo "ok - selftest $mode: $2" >>"$tap"; else echo "not ok - selftest $mode: $2" >>"$tap"; echo "selftest.sh: $2" >&2; fi
}

make -s MODE="$mode" selftest-programs
tools/unmoved "$bin/clean" >"$bin/clean.log" 2>&1 && status=0 || status=1
verdict "$status" "a program without a fault passes"

# alarm PROGRAM TEXT: the program must end badly and say why.
alarm() {
    if tools/unmoved "$bin/$1" >"$bin/$1.log" 2>&1; then verdict 1 "$1 ends as if nothing were wrong"; return; fi
    grep -q "$2" "$bin/$1.log" && status=0 || status=1
    verdict "$status" "$1 is reported as $2"
}
if [ "$mode" = debug ]; then
    alarm heap_overflow 'AddressSanitizer: heap-buffer-overflow'
    alarm leak 'LeakSanitizer: detected memory leaks'
    alarm undefined 'runtime error: signed integer overflow'
    MODE=debug tests/selftest/leaks.sh "$(dirname "$tap")" && status=0 || status=1
    verdict "$status" "a leak in ward or wardd fails (tests/selftest/leaks.sh)"
fi

if [ "$mode" = thread ]; then
    alarm race 'ThreadSanitizer: data race'
    MODE=thread tests/selftest/races.sh "$(dirname "$tap")" && status=0 || status=1
    verdict "$status" "a race in wardd fails (tests/selftest/races.sh)"
fi

# A step that nobody knows would otherwise be one that never fails.
said=$(tools/check-all no-such-step 2>&1) && code=0 || code=$?
[ "$code" -eq 2 ] && [ "$said" = "check-all: no step is called no-such-step; tools/check-all --list names them" ] && status=0 || status=1
verdict "$status" "check-all refuses a step that it does not have ($code): $said"

# What is ended takes along what it started, also what has a process group of its own, as the runner of unit tests does.
marker=86399.$$
# shellcheck disable=SC2016  # the inner shell's
tools/session sh -c 'perl -e "setpgrp; exec qw(sleep), @ARGV" "$1" & wait' sh "$marker" &
session=$!
tries=0
until pgrep -f "^sleep $marker" >"$bin/asleep" || [ "$tries" -gt 600 ]; do tries=$((tries + 1)) && sleep 0.05; done
kill -TERM "$session"
wait "$session" && code=0 || code=$?
tries=0
while pgrep -f "^sleep $marker" >"$bin/left" && [ "$tries" -lt 600 ]; do tries=$((tries + 1)) && sleep 0.05; done
[ -s "$bin/asleep" ] && [ ! -s "$bin/left" ] && [ "$code" -ne 0 ] && status=0 || status=1
verdict "$status" "a session that is ended leaves nothing behind ($code, $(wc -l <"$bin/asleep") before, $(wc -l <"$bin/left") after)"
tools/session sh -c 'exit 7' && code=0 || code=$?
[ "$code" -eq 7 ] && status=0 || status=1
verdict "$status" "a session gives what its command gives ($code)"

# tally_of NAME EXPECTED: the last line that tools/tally prints about the reports in that folder.
tally_of() {
    code=0
    line=$(tools/tally "$reports/$1" 2>/dev/null | tail -n 1) || code=$?
    [ "$line" = "$2" ] && status=0 || status=1
    verdict "$status" "$1: the tally says $2 (it said: $line)"
    tools/tally "$reports/$1" >/dev/null 2>&1 && code=0 || code=1
    [ "$code" -eq "$3" ] && status=0 || status=1
    verdict "$status" "$1: the tally ends with $3"
}
# report NAME ARG...: runs planted tests into a folder of their own.
report() {
    name=$1
    shift
    rm -rf "${reports:?}/$name"
    tools/run-tests "$reports/$name/report.tap" "$@" 2>/dev/null || true
}
failing=3
case "$mode" in debug | thread) failing=4 ;; esac
report outcomes "$bin/outcomes" --filter 'planted/*'
tally_of outcomes "$((6 - failing)) passed, $failing failed, 1 skipped" 1
report one "$bin/outcomes" --filter 'planted/passes'
tally_of one "1 passed, 0 failed, 0 skipped" 0
report skipped "$bin/outcomes" --filter 'planted/is_skipped'
tally_of skipped "0 passed, 0 failed, 1 skipped" 1
report silent /bin/true
tally_of silent "0 passed, 1 failed, 0 skipped" 1
report none "$bin/outcomes" --filter 'nothing/*'
tally_of none "0 passed, 1 failed, 0 skipped" 1
mkdir -p "$reports/cut" "$reports/empty"
printf 'TAP version 13\n1..3\nok - first\n' >"$reports/cut/report.tap"
tally_of cut "1 passed, 2 failed, 0 skipped" 1
rm -f "$reports/empty/report.tap"
tally_of empty "0 passed, 1 failed, 0 skipped" 1
mkdir -p "$reports/died" # before its plan, which some write last
printf 'ok - first\n' >"$reports/died/report.tap"
tally_of died "1 passed, 1 failed, 0 skipped" 1
printf '1..1\n' >>"$reports/died/report.tap"
tally_of died "1 passed, 0 failed, 0 skipped" 0
mkdir -p "$reports/hollow"
printf 'ok - first\n1..1\n' >"$reports/hollow/a.tap"
: >"$reports/hollow/b.tap"
tally_of hollow "1 passed, 1 failed, 0 skipped" 1
# script NAME CODE FIRST: an end-to-end script says one fact and ends with CODE; what its trap does first has an outcome of its own.
script() {
    rm -rf "${reports:?}/$1"
    mkdir -p build/selftest
    printf '. tests/e2e/kit\ntrap "code=\\$?; %s; cleanup \\$code" EXIT\npass fact\nexit %s\n' "$3" "$2" >"build/selftest/$1.sh"
    MODE=release name=$1 sh "build/selftest/$1.sh" "$reports/$1" || true
    rm -f "build/selftest/$1.sh"
}
script ended 0 false
tally_of ended "1 passed, 0 failed, 0 skipped" 0
script gave_up 1 true
tally_of gave_up "1 passed, 1 failed, 0 skipped" 1
echo "1..$(grep -c '^ok\|^not ok' "$tap")" >>"$tap"
! grep -q '^not ok' "$tap"
