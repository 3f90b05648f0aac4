/* order_test.c: what the command line may say, and what it may not. */
#include "sim/order.h"

#include "base/exit.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

static struct order order;

static int read_words(const char *name, const char *value)
{
    char *words[] = { "ward-sim", "swarm", (char *)name, (char *)value };

    order = (struct order){ .verb = "swarm" };
    return order_read(&order, value == NULL ? 3 : 4, words);
}

Test(order, takes_what_can_be_used)
{
    cr_assert_eq(read_words("--seeds", "7..9"), EXIT_FINE);
    cr_assert(order.has_seeds && order.plan.seed_first == 7 && order.plan.seed_last == 9);
    cr_assert_eq(read_words("--shard", "2/5"), EXIT_FINE);
    cr_assert(order.plan.shard == 2 && order.plan.shards == 5);
    cr_assert_eq(read_words("--budget", "5min"), EXIT_FINE);
    cr_assert_eq(order.plan.budget_ns, UINT64_C(300000000000));
    cr_assert_eq(read_words("--replicas", "4,5,31"), EXIT_FINE);
    cr_assert(order.plan.sizes_count == 3 && order.plan.sizes[2] == 31);
    cr_assert_eq(read_words("--crypto", "real"), EXIT_FINE);
    cr_assert_eq(order.plan.crypto, SWARM_CRYPTO_REAL);
    cr_assert(!order.plan.brief);
    cr_assert_eq(read_words("--acts", "1"), EXIT_FINE);
    cr_assert(order.plan.brief);
    cr_assert_eq(read_words("--acts", "2"), EXIT_FINE);
    cr_assert(!order.plan.brief);
    char *words[] = { (char *)"ward-sim", (char *)"replay", (char *)"file.rec" };
    order = (struct order){ .verb = "replay" };
    cr_assert_eq(order_read(&order, 3, words), EXIT_FINE);
    cr_assert_str_eq(order.file, "file.rec");
}

Test(order, says_what_was_wrong_and_what_would_be_right)
{
    static const struct { const char *name, *value, *says; } rows[] = {
        { "--replicas", "3", "cannot use --replicas 3: it takes a number from 4 to 128" },
        { "--jobs", "65", "cannot use --jobs 65: it takes a number from 1 to 64" },
        { "--twice", NULL, "cannot use --twice without a value: it takes a number" },
        { "--seed", "1", "cannot use --seed: it belongs to run, shrink, trace, attacks or twins; see ward-sim swarm --help" },
        { "--record", "f", "cannot use --record: it belongs to run; see ward-sim swarm --help" },
        { "--views", "1", "cannot use --views: it belongs to explore; see ward-sim swarm --help" },
        { "story.scn", NULL, "cannot use story.scn; see ward-sim swarm --help" },
        { "--unknown", "1", "cannot use --unknown; see ward-sim swarm --help" },
    };
    char text[4096];

    cr_redirect_stderr();
    FILE *said = cr_get_redirected_stderr();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(read_words(rows[i].name, rows[i].value), EXIT_USAGE);
        fflush(stderr);
        size_t used = 0;
        for (int c = fgetc(said); c != EOF && c != '\n' && used < sizeof text - 1; c = fgetc(said)) {
            text[used++] = (char)c;
        }
        text[used] = '\0';
        cr_assert_not_null(strstr(text, rows[i].says), "%s", text);
        cr_assert_null(strstr(strstr(text, "--help") + 1, "--help"), "one hint: %s", text);
    }
}

Test(order, refuses_what_cannot_be_used, .init = cr_redirect_stderr)
{
    static const char *const cases[][2] = {
        { "--seeds", "9..7" }, { "--seeds", "7.9" }, { "--seeds", "7..9x" }, { "--seeds", "-1..2" }, { "--seed", "" }, { "--seed", "18446744073709551615" },
        { "--shard", "0/5" }, { "--shard", "6/5" }, { "--shard", "1" }, { "--budget", "60" }, { "--budget", "0s" }, { "--budget", "s" }, { "--replicas", "3" },
        { "--replicas", "4," }, { "--replicas", "4,129" }, { "--crypto", "none" }, { "--jobs", "0" }, { "--jobs", "65" }, { "--acts", "0" }, { "--acts", "3" }, { "--twice", "0" }, { "--level", "loud" },
        { "--unknown", "1" }, { "--seed", NULL } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(read_words(cases[i][0], cases[i][1]), EXIT_USAGE, "%s %s", cases[i][0], cases[i][1] == NULL ? "" : cases[i][1]);
    }
}
