/* crypto_judge.c: see crypto_judge.h. */
#include "bench/crypto_judge.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "bench/crypto_openssl.h"

#include <sodium/crypto_sign_ed25519.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE_MIN = 64, /* signatures in one sample, so that the clock's own cost vanishes */
    YARDSTICK = 32,  /* the same for libsodium and OpenSSL, whose calls are all alike */
    MEMBER_SETS = 3,
    CTX_ALIGN = 64
};

/* A certificate of n votes comes from the smallest of these sets in which n is a quorum. */
static const size_t members_count[MEMBER_SETS] = { 4, 31, 100 };

static const struct ed25519_config judge_config = { .backend = ED25519_BACKEND_REF, .mode = ED25519_AUTO, .batch_max = STOCK_ITEMS, .seed = { 7 } };

static struct {
    void *memory; /* of the context */
    struct stock_items distinct, warm_up, hot;
    struct stock_items member[MEMBER_SETS];
    struct ed25519_ctx *ctx;
} judge;

const char *judge_backend_name(enum judge_backend backend)
{
    static const char *const names[JUDGE_BACKENDS] = { "libsodium", "openssl", "ref", "avx2", "ifma" };

    return names[backend];
}

const char *judge_method_name(enum judge_method method)
{
    static const char *const names[JUDGE_METHODS] = { "single", "direct", "batch" };

    return names[method];
}

const char *judge_absent(enum judge_backend backend)
{
    switch (backend) {
    case JUDGE_LIBSODIUM:
    case JUDGE_OPENSSL:
    case JUDGE_REF:
    case JUDGE_BACKENDS:
        return NULL;
    case JUDGE_AVX2:
    case JUDGE_IFMA:
        return "it is not part of this program";
    }
    return NULL;
}

static bool is_yardstick(enum judge_backend backend)
{
    return backend == JUDGE_LIBSODIUM || backend == JUDGE_OPENSSL;
}

bool judge_exists(const struct judge_case *row)
{
    if (is_yardstick(row->backend) || row->method == JUDGE_SINGLE) {
        return row->method == JUDGE_SINGLE && row->keys == STOCK_DISTINCT && row->n == 1;
    }
    return row->method == JUDGE_BATCH;
}

bool judge_open(void)
{
    size_t size = (ed25519_ctx_footprint(&judge_config) + CTX_ALIGN - 1) / CTX_ALIGN * CTX_ALIGN;

    judge.memory = aligned_alloc(CTX_ALIGN, size);
    if (judge.memory == NULL) {
        return false;
    }
    stock_items_fill(&judge.distinct, STOCK_ITEMS, 1);
    stock_items_fill(&judge.warm_up, STOCK_ITEMS, 2);
    stock_items_fill(&judge.hot, STOCK_HOT_KEYS, 3);
    for (size_t i = 0; i < MEMBER_SETS; i++) {
        stock_items_fill(&judge.member[i], members_count[i], 4 + i);
    }
    return true;
}

void judge_close(void)
{
    free(judge.memory);
    judge.memory = NULL;
}

static const struct stock_items *stock_of(const struct judge_case *row)
{
    size_t set = 0;

    switch (row->keys) {
    case STOCK_DISTINCT:
        return &judge.distinct;
    case STOCK_HOT:
        return &judge.hot;
    case STOCK_MEMBER:
        while (set + 1 < MEMBER_SETS && members_count[set] * 2 / 3 + 1 < row->n) {
            set++;
        }
        return &judge.member[set];
    }
    return NULL;
}

static double sample_yardstick(enum judge_backend backend)
{
    const struct sig_item *items = judge.distinct.items;
    size_t accepted = 0;
    uint64_t took_ns;

    if (backend == JUDGE_OPENSSL) {
        accepted = openssl_verify_all(items, YARDSTICK, &took_ns);
    } else {
        uint64_t begin_ns = clock_thread_cpu_ns();
        for (size_t i = 0; i < YARDSTICK; i++) {
            accepted += crypto_sign_ed25519_verify_detached(items[i].signature, items[i].digest, ED25519_DIGEST_BYTES, items[i].key) == 0 ? 1 : 0;
        }
        took_ns = clock_thread_cpu_ns() - begin_ns;
    }
    ASSERT(accepted == YARDSTICK);
    return (double)took_ns / YARDSTICK;
}

/* --- Our backends ----------------------------------------------------------------------------------------------------- */

/* A fresh context, which knows no key but those that the row's method knows. */
static void prepare(const struct judge_case *row)
{
    (void)row;
    judge.ctx = ed25519_ctx_init(judge.memory, &judge_config);
}

static void call(const struct judge_case *row, const struct sig_item *items)
{
    static bool verdicts[STOCK_ITEMS];
    bool all = true;

    switch (row->method) {
    case JUDGE_SINGLE:
        verdicts[0] = ed25519_verify(items);
        break;
    case JUDGE_DIRECT:
    case JUDGE_BATCH:
        ed25519_verify_batch(judge.ctx, items, row->n, verdicts);
        break;
    case JUDGE_METHODS:
        break;
    }
    for (size_t i = 0; i < row->n; i++) {
        all = all && verdicts[i];
    }
    ASSERT(all);
}

double judge_sample(const struct judge_case *row)
{
    size_t calls = (SAMPLE_MIN + row->n - 1) / row->n;
    const struct stock_items *stock = stock_of(row);

    ASSERT(judge_exists(row));
    if (is_yardstick(row->backend)) {
        return sample_yardstick(row->backend);
    }
    ASSERT(calls * row->n <= STOCK_ITEMS);
    prepare(row);
    call(row, row->keys == STOCK_DISTINCT ? judge.warm_up.items : stock->items);
    uint64_t begin_ns = clock_thread_cpu_ns();
    for (size_t i = 0; i < calls; i++) {
        call(row, stock->items + i * row->n);
    }
    return (double)(clock_thread_cpu_ns() - begin_ns) / (double)(calls * row->n);
}
