#!/bin/sh
# tidy.sh TAP: each check of tools/tidy.d finds what it is there to find. A small clean tree is made under build/, every check is silent about
# it; then one thing at a time is planted, and exactly the check that is named must report it.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$(dirname "$1")"
tap=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
tree=$root/build/tidy-selftest
: >"$tap"

clean_tree() { # a tree with one file for everything that a check looks at
    rm -rf "$tree"
    mkdir -p "$tree/base" "$tree/consensus" "$tree/ledger" "$tree/crypto" "$tree/tests/base" "$tree/tests/consensus" "$tree/tests/ledger" "$tree/docs" "$tree/tools" "$tree/cli" "$tree/node"
    cd "$tree"
    git init -q .
    printf '#ifndef WARD_BASE_ONE_H\n#define WARD_BASE_ONE_H\nint one(void);\n#endif\n' >base/one.h
    printf '#include "base/one.h"\n\nint one(void)\n{\n    return 1;\n}\n' >base/one.c
    printf '#include "base/one.h"\n' >tests/base/one_test.c
    printf '#ifndef WARD_CONSENSUS_VOTE_H\n#define WARD_CONSENSUS_VOTE_H\n\n/* vote_can: rules V1 and I1. */\nint vote_can(void);\n#endif\n' >consensus/vote.h
    printf '#include "consensus/vote.h"\n\n#include <stdint.h>\n\n/* Rule V1-V2. */\nint vote_can(void)\n{\n    ASSERT(1 > 0); /* V1, V2 */\n    /* I1 */\n    ASSERT(2 > 0);\n    return 1; /* no float here */\n}\n' >consensus/vote.c
    printf '#include "consensus/vote.h"\n\n/* I1: all agree. */\nTest(vote, counts_once_V2)\n{\n    cr_assert(vote_can(), "V1");\n}\n' >tests/consensus/vote_test.c
    printf -- '- V1 a rule.\n- V2 another.\n\nSafety: I1 agreement; E1 later.\n' >docs/protocol.md
    printf 'E*  epochs are not built yet\n' >tools/tidy.rules
    # shellcheck disable=SC2016  # the back-ticks are Markdown
    printf '# Map\n\n| question | file | function |\n|---|---|---|\n| who votes? | `consensus/vote.c` | `vote_can` |\n\nSee `docs/protocol.md`.\n' >docs/architecture.md
    printf '# nothing\n' >tools/tidy.untested
}

verdict() { # verdict GOOD NAME
    if [ "$1" = yes ]; then echo "ok - tidy: $2" >>"$tap"; else echo "not ok - tidy: $2" >>"$tap"; echo "tidy.sh: $2" >&2; fi
}

# plant CHECK TEXT COMMAND...: after COMMAND in a clean tree, CHECK prints a line that contains TEXT.
plant() {
    check=$1
    text=$2
    shift 2
    clean_tree
    eval "$*"
    out=$("$root/tools/tidy.d/$check" 2>&1 || true)
    case "$out" in *"$text"*) verdict yes "$check finds: $text" ;; *) verdict no "$check does not find: $text (it said: $out)" ;; esac
}

clean_tree
for check in "$root"/tools/tidy.d/*; do
    name=$(basename "$check")
    out=$("$check" 2>&1)
    if [ -z "$out" ]; then verdict yes "$name is silent about a clean tree"; else verdict no "$name speaks about a clean tree: $out"; fi
    grep -q "^plant $name " "$root/tests/tidy/tidy.sh" || verdict no "$name has no planted finding in tests/tidy/tidy.sh"
done

plant mutants 'tests/mutants/01-none.patch: it no longer applies' "mkdir tests/mutants; printf -- '--- a/consensus/vote.c\\n+++ b/consensus/vote.c\\n@@ -1,1 +1,1 @@\\n-none\\n+one\\n' >tests/mutants/01-none.patch"
plant includes 'consensus must not include base/clock.h' "printf '#include \"base/clock.h\"\n' >>consensus/vote.c"
plant includes 'base must not include wire/frame.h' "printf '#include \"wire/frame.h\"\n' >>base/one.c"
plant includes 'ledger must not include crypto/ed25519.h' "printf '#include \"crypto/ed25519.h\"\n' >ledger/grant.c"
plant includes 'cli must not include consensus/vote.h' "printf '#include \"consensus/vote.h\"\n' >cli/status.c"
plant includes 'sim must not include storage/disk_dir.h' "mkdir sim; printf '#include \"storage/disk_dir.h\"\n' >sim/world.c"
plant includes 'sim must not include net/net.h' "mkdir sim; printf '#include \"net/net.h\"\n' >sim/world.c"
plant includes 'sim must not include sim/drawing/diagram.h' "mkdir -p sim/world; printf '#include \"sim/drawing/diagram.h\"\n' >sim/world/world.c"
plant includes 'node must not include consensus/vote_priv.h' "printf '#include \"consensus/vote_priv.h\"\n' >node/boot.c"
plant density 'consensus: 0.67 assertions for each function' "printf 'int two(void)\n{\n    return 2;\n}\nint three(void)\n{\n    return 3;\n}\n' >>consensus/vote.c"
plant sizes '701 lines' "yes '' | head -n 695 >>base/one.c"
plant sizes 'function of 71 lines: int long_one(void)' "{ printf 'int long_one(void)\n{\n'; yes '    x();' | head -n 71; printf '}\n'; } >>base/one.c"
plant style 'base/one.h:3: typedef of a struct' "sed -i '3i typedef struct one one;' base/one.h"
plant style 'base/one.h:3: typedef of a struct' "sed -i '3i typedef enum { ONE } one;' base/one.h"
plant style 'base/one.h:3: a name of our own ends in _t' "sed -i '3i struct one_t {' base/one.h"
plant style 'base/one.h:3: a name of our own ends in _t' "sed -i '3i typedef int (*one_t)(void);' base/one.h"
plant style 'base/one.c:7: tab' "printf '\tint x;\n' >>base/one.c"
plant style 'base/one.c:7: white space at the end' "printf 'int x; \n' >>base/one.c"
plant style 'base/one.c:7: white space at the end' "printf 'int x;\r\n' >>base/one.c"
plant style 'the first include is not base/one.h' "sed -i '1i #include <stdint.h>' base/one.c"
plant style 'base/one.h: the guard is not WARD_BASE_ONE_H' "sed -i 's/WARD_BASE_ONE_H/BASE_ONE_H/' base/one.h"
plant style 'base/one.h: the guard is not WARD_BASE_ONE_H' "sed -i '2s/ONE/TWO/' base/one.h"
plant style 'docs/protocol.md:5: a note to do something later' "printf 'FIX''ME: say why\n' >>docs/protocol.md"
plant style 'docs/protocol.md:5: a path of one machine' "printf 'See /ho''me/somebody/x.\n' >>docs/protocol.md"
plant map 'docs/protocol.md:5: there is no decision 0999' "printf 'Why: decision 0999.\\n' >>docs/protocol.md"
plant map 'docs/protocol.md:5: there is no decision 0998' "printf 'Both (0998) are so.\\n' >>docs/protocol.md"
plant map 'docs/testing.md: no row "| sizes |"' "mkdir tools/tidy.d; touch tools/tidy.d/sizes"
plant map 'docs/testing.md: no row "| kill.sh |"' "mkdir tests/e2e; touch tests/e2e/kill.sh; printf '| boundaries.sh | x |\\n' >docs/testing.md"
plant map 'docs/protocol.md:5: the link to disk.md leads nowhere' "printf '[disk](disk.md)\n' >>docs/protocol.md"
plant fuzzed 'ledger/grant.c: decodes' "printf 'int grant_decode(void)\n{\n}\n' >ledger/grant.c"
plant fuzzed 'cli/read.c: decodes' "printf 'int x;\nint read_it(void)\n{\n    return json_load_file(0);\n}\n' >cli/read.c"
plant fuzzed 'cli/said.c: decodes' "printf 'int *said_parse(struct bytes text)\n{\n}\n' >cli/said.c"
plant fuzzed 'node/take.c: decodes' "printf 'static void take(const struct frame *frame)\n{\n}\n' >node/take.c"
plant fuzzed 'node/take.c: decodes' "printf 'static void take(const struct frame *frame)\n{\n}\n' >node/take.c; printf 'node/take.c  because\n' >tools/tidy.unfuzzed"
plant fuzzed 'node/pack.c: decodes' "printf 'int pack_unpack(void)\n{\n}\n' >node/pack.c"
plant fuzzed 'storage/head.c: decodes' "mkdir storage; printf 'bool head_decode(const unsigned char *block)\n{\n}\n' >storage/head.c"
plant fuzzed 'storage/chunk.c: decodes' "mkdir storage; printf 'enum verdict chunk_check(struct bytes bytes)\n{\n}\n' >storage/chunk.c"
plant fuzzed 'node/load.c: decodes' "printf 'bool load_note_read(const struct manifest *manifest)\n{\n}\n' >node/load.c"
plant fuzzed 'tidy.unfuzzed: node/gone.c does not exist' "printf 'node/gone.c  it hands on what others decoded\n' >tools/tidy.unfuzzed"
plant fuzzed 'ledger/gone.c does not exist' "printf 'ledger/gone.c 90\n' >tools/fuzz.cover"
plant tested 'base/two.c: no tests/base/two_test.c' "printf 'int two;\n' >base/two.c"
plant tested 'base/one.c has a test now' "printf 'base/one.c  nothing to decide here\n' >tools/tidy.untested"
plant tested 'base/two.c is listed without a reason' "printf 'int two;\n' >base/two.c; printf 'base/two.c\n' >tools/tidy.untested"
plant tested 'cli/cmd_two.c: no tests/cli/cmd_two_test.c' "printf 'int two;\n' >cli/cmd_two.c"
plant tested 'base/gone.c does not exist' "printf 'base/gone.c  nothing to decide here\n' >tools/tidy.untested"
plant rules 'rule V3 is in no source' "printf -- '- V3 a third.\n' >>docs/protocol.md"
plant rules 'rule V2 is in no test' "sed -i 's/V2/v two/' tests/consensus/vote_test.c"
plant rules 'rule V2 is in no test' "sed -i 's,_V2,,; 2i /* --- Voting (V2) ------ */' tests/consensus/vote_test.c"
plant rules 'rule V2 is in no test' "sed -i 's,_V2,,; 2i /* vote_test.c: V2. */' tests/consensus/vote_test.c"
plant rules 'rule V2 is in no test' "sed -i 's,_V2,,' tests/consensus/vote_test.c; printf '# --- Voting (V2) ---\n' >tests/heading.sh"
plant rules 'rule V1 is in no test' "sed -i 's,cr_assert.*,/* V1 */,' tests/consensus/vote_test.c"
plant rules 'rule I1 is in no test' "sed -i 's,^/. I1.*,&\\n,' tests/consensus/vote_test.c"
plant rules 'cast.c: numbers a rule of its own V1' "printf '/* cast.c: it casts.\\n *\\n * V1 Votes count. */\\n' >consensus/cast.c"
plant rules 'rule V2 is in no source' "sed -i 's,/. Rule V1-V2. ./,int V2;,; s,V1\, V2,V1,' consensus/vote.c"
plant rules 'rule V2 is at no ASSERT' "sed -i 's,V1\, V2,V1,' consensus/vote.c"
plant rules 'rule I1 is at no ASSERT' "sed -i 's,.*I1.*,\n&\n,' consensus/vote.c"
plant rules 'rule V1 is at no ASSERT' "sed -i 's/ASSERT(1/STATIC_ASSERT(1/' consensus/vote.c"
plant rules 'V2 has an ASSERT now' "printf 'V2  nothing here can hold it\n' >tools/tidy.asserts"
plant rules 'V2 is listed without a reason' "printf 'V2\n' >tools/tidy.asserts"
plant rules 'E1 needs no excuse' "printf 'E1  nothing here can hold it\n' >tools/tidy.asserts"
plant rules 'V2 has code and test now' "printf 'V2  it is not built yet\n' >>tools/tidy.rules"
plant rules 'X1 is no rule' "printf 'X1  it is not built yet\n' >>tools/tidy.rules"
plant rules 'E1 is listed without a reason' "printf 'E1\n' >>tools/tidy.rules"
plant rules 'names rule V9' "printf '/* Rule V9. */\n' >>consensus/vote.c"
plant map 'consensus/votes.c does not exist' "sed -i 's,consensus/vote.c,consensus/votes.c,' docs/architecture.md"
plant map 'consensus/vote.c does not define vote_may' "sed -i 's,vote_can,vote_may,' docs/architecture.md"
plant map 'no table of questions' "sed -i '/^|/d' docs/architecture.md"
plant map 'docs/protocol.md:5: docs/wire.md does not exist' "printf 'See \`docs/wire.md\`.\n' | tee -a docs/protocol.md >/dev/null; sed -i 5q docs/protocol.md"
decision="mkdir docs/decisions; printf '# 0007: one thing\n' >docs/decisions/0007-one.md; printf '| [0007](0007-one.md) | one thing | why |\n' >docs/decisions/README.md"
plant map 'README.md: no row "| [0007](0007-one.md) | one thing | ' "$decision; rm docs/decisions/README.md"
plant map 'README.md: no row "| [0007](0007-one.md) | one thing | ' "$decision; sed -i 's/one thing/another/' docs/decisions/README.md"
plant map 'README.md: no row "| [0007](0007-one.md) | one thing | ' "$decision; sed -i 's/ why |//' docs/decisions/README.md"
plant map 'README.md: no row "| [0008](0008-two.md) | two | ' "$decision; printf '# 0008: two\n' >docs/decisions/0008-two.md"
plant memory 'base/one.c:7: calls the allocator' "printf 'void *take(void) { return malloc(8); }\n' >>base/one.c"
plant memory 'base/one.c:7: calls the allocator' "printf 'int ask(void) { return getaddrinfo(0, 0, 0, 0); }\n' >>base/one.c"
plant memory 'base/one.c:7: makes a thread' "printf 'int run(void) { return pthread_create(0, 0, 0, 0); }\n' >>base/one.c"
plant memory 'base/gone.c does not exist' "printf 'base/gone.c  it runs once at the start\n' >tools/tidy.memory"
plant threads 'base/one.c: starts threads, but tests/base/one_test.c is not in tools/thread.tests' "printf 'int run(void) { return thread_start(0, 0, 0); }\n' >>base/one.c"
plant threads 'tests/base/one_test.c: starts threads, but tests/base/one_test.c is not in tools/thread.tests' "printf 'int run(void) { return pthread_create(0, 0, 0, 0); }\n' >>tests/base/one_test.c"
plant threads 'tests/base/gone_test.c does not exist' "printf 'tests/base/gone_test.c  two threads\n' >tools/thread.tests"
plant codes 'ledger/grant.c: gives CODE_GRANTEE' "printf 'int x = CODE_GRANTEE;\n' >ledger/grant.c"
exits_tree="printf '    X(0, FINE, \"done\") \\\\\n    X(8, RESOURCE, \"out of room\")\\n' >base/exit.h; printf 'int x = EXIT_FINE, y = EXIT_RESOURCE;\\n' >cli/end.c; printf '| 0 | done | - |\\n| 8 | out of room | make some |\\n' >docs/operations.md"
plant exits 'no row "| 8 | out of room |"' "$exits_tree; sed -i 's/of room/of air/' docs/operations.md"
plant exits 'exit code 8 is told as "out of air"' "$exits_tree; sed -i 's/of room/of air/' docs/operations.md"
plant exits 'exit code 9 is told as "forbidden"' "$exits_tree; printf '| 9 | forbidden | ask |\\n' >>docs/operations.md"
plant exits 'nothing gives EXIT_RESOURCE' "$exits_tree; sed -i 's/, y.*/;/' cli/end.c"
plant events 'node/say.c: logs W-0901' "printf 'int x = LOG_EVENT(LOG_WARN, \"W-0901\", 0);\\n' >node/say.c"
plant determinism '<time.h> is not for a deterministic folder' "printf '#include <time.h>\n' >>consensus/vote.c"
plant determinism 'consensus/vote.c:13: floating point' "printf 'double x = 1;\n' >>consensus/vote.c"

# The program around the checks: silent and 0 about the clean tree, 1 with a finding.
clean_tree
if out=$("$root/tools/tidy" "$tree" 2>&1) && [ -z "$out" ]; then verdict yes "tools/tidy is silent about a clean tree"; else verdict no "tools/tidy: $out"; fi
printf 'int x; \n' >>base/one.c
if "$root/tools/tidy" "$tree" >/dev/null 2>&1; then verdict no "tools/tidy ends with 0 in spite of a finding"; else verdict yes "tools/tidy ends with 1 when there is a finding"; fi

cd "$root"
rm -rf "$tree"
echo "1..$(grep -c '^ok\|^not ok' "$tap")" >>"$tap"
! grep -q '^not ok' "$tap"
