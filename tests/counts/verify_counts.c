/* verify_counts.c: each method of each backend once, for callgrind to count its instructions (tools/counts). Natively it only runs.
 *
 * A row is measured between two requests to callgrind; the dump carries the row's name. Everything before, signing and building tables, runs
 * without being counted. Instructions, unlike times, are the same on every run of one binary. */
#include "bench/crypto_judge.h"
#include "crypto/keys.h"

#include <stdio.h>
#include <valgrind/callgrind.h>

enum { ITEMS = 1024, NAME_BYTES = 64 };

static const struct judge_case rows[] = {
    { .method = JUDGE_SINGLE, .keys = STOCK_DISTINCT, .n = 1 },
    { .method = JUDGE_DIRECT, .keys = STOCK_MEMBER, .n = 3 },
    { .method = JUDGE_DIRECT, .keys = STOCK_MEMBER, .n = 21 },
    { .method = JUDGE_DIRECT, .keys = STOCK_MEMBER, .n = 67 },
    { .method = JUDGE_DIRECT, .keys = STOCK_HOT, .n = 64 },
    { .method = JUDGE_BATCH, .keys = STOCK_DISTINCT, .n = 64 },
    { .method = JUDGE_BATCH, .keys = STOCK_DISTINCT, .n = 256 },
    { .method = JUDGE_BATCH, .keys = STOCK_DISTINCT, .n = 1024 },
    { .method = JUDGE_BATCH, .keys = STOCK_HOT, .n = 256 },
    { .method = JUDGE_BATCH, .keys = STOCK_HOT, .n = 1024 },
    { .method = JUDGE_SPOILT, .keys = STOCK_DISTINCT, .n = 64 },
    { .method = JUDGE_SPOILT, .keys = STOCK_DISTINCT, .n = 256 }, /* what is added to the sum grows with the number */
    { .method = JUDGE_SPOILT, .keys = STOCK_HOT, .n = 256 },
};

static const char *keys_name(enum stock_keys keys)
{
    static const char *const names[] = { "distinct", "hot", "member" };

    return names[keys];
}

static void count(const struct judge_case *row)
{
    char name[NAME_BYTES];

    snprintf(name, sizeof name, "%s %s %s %zu", judge_backend_name(row->backend), judge_method_name(row->method), keys_name(row->keys), row->n);
    judge_ready(row);
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    judge_call(row, 0);
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}

int main(void)
{
    static const enum judge_backend backends[] = { JUDGE_REF, JUDGE_AVX2 };

    crypto_start();
    if (!judge_open(ITEMS)) {
        fprintf(stderr, "verify_counts: no memory\n");
        return 1;
    }
    for (size_t b = 0; b < sizeof backends / sizeof backends[0]; b++) {
        const char *why = judge_absent(backends[b]);
        if (why != NULL) {
            printf("absent %s: %s\n", judge_backend_name(backends[b]), why);
            continue;
        }
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct judge_case row = rows[i];
            row.backend = backends[b];
            if (row.method == JUDGE_DIRECT && !judge_knows(row.backend)) {
                continue;
            }
            count(&row);
        }
    }
    judge_close();
    return 0;
}
