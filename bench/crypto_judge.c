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
    HOT_USES = 256, /* of each hot key, before its table is built */
    KEYS_KEPT = 2 * STOCK_ITEMS,
    MEMORY_ALIGN = 64
};

/* Whose signatures a context has seen: those of a configuration are a set of their own for each size. */
enum { SET_DISTINCT, SET_HOT, SET_MEMBER, SETS = SET_MEMBER + MEMBER_SETS };

/* What a backend keeps for one set; made when it is first measured. */
struct kept {
    void *memory, *tables;
    struct ed25519_ctx *ctx;
    bool knows; /* every key of the set has a table */
};

static struct {
    struct stock_items stock[SETS];
    struct stock_items warm_up; /* by keys that are in no set */
    struct kept kept[ED25519_BACKEND_COUNT][SETS];
} judge;

const char *judge_backend_name(enum judge_backend backend)
{
    static const char *const names[JUDGE_BACKENDS] = { "libsodium", "openssl", "ref", "avx2", "ifma" };

    return names[backend];
}

const char *judge_method_name(enum judge_method method)
{
    static const char *const names[JUDGE_METHODS] = { "single", "direct", "batch", "spoilt" };

    return names[method];
}

static enum ed25519_backend ours(enum judge_backend backend)
{
    ASSERT(backend >= JUDGE_REF);
    ASSERT(backend <= JUDGE_IFMA);
    return (enum ed25519_backend)(backend - JUDGE_REF);
}

static bool is_yardstick(enum judge_backend backend)
{
    return backend == JUDGE_LIBSODIUM || backend == JUDGE_OPENSSL;
}

/* lacks says which instructions the machine does not have, NULL when they are there. */
static const char *lacks(enum judge_backend backend)
{
    struct cpu_features features = cpu_features();

    if (backend == JUDGE_AVX2 && !features.avx2) {
        return "this processor has no AVX2, or the system does not save its registers";
    }
    if (backend == JUDGE_IFMA && !features.avx512_ifma) {
        return "this processor has no AVX-512 IFMA, or the system does not save its registers";
    }
    return NULL;
}

const char *judge_absent(enum judge_backend backend)
{
    if (is_yardstick(backend)) {
        return NULL;
    }
    enum err err = ed25519_self_test(ours(backend));
    if (err == ERR_OK) {
        return NULL;
    }
    if (err == ERR_CONFLICT) {
        return "its self-test differs from ref";
    }
    return lacks(backend) != NULL ? lacks(backend) : "it is not part of this build";
}

/* --- What a backend keeps ----------------------------------------------------------------------------------------------- */

static void *take(size_t size)
{
    return aligned_alloc(MEMORY_ALIGN, (size + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN);
}

/* know builds the tables of all keys of a set. Gives: false when some key has none after that. */
static bool know(struct ed25519_keyset *keyset, size_t set)
{
    const struct stock_items *stock = &judge.stock[set];
    size_t built = 0;

    if (set == SET_HOT) {
        for (size_t i = 0; i < stock->keys_count * HOT_USES; i++) {
            ed25519_keyset_note(keyset, stock->keys[i % stock->keys_count]);
        }
    } else {
        ed25519_keyset_set_members(keyset, stock->keys[0], (uint32_t)stock->keys_count);
    }
    while (built < stock->keys_count && ed25519_keyset_build(keyset)) {
        built++;
    }
    for (size_t i = 0; i < stock->keys_count; i++) {
        if (!ed25519_keyset_has(keyset, stock->keys[i])) {
            return false;
        }
    }
    return true;
}

static bool keep(enum ed25519_backend backend, size_t set)
{
    struct kept *kept = &judge.kept[backend][set];
    uint32_t keys = (uint32_t)judge.stock[set].keys_count;
    struct ed25519_keyset_config tables = { .backend = backend, .members_max = set >= SET_MEMBER ? keys : 0, .hot_max = set == SET_HOT ? keys : 0 };
    struct ed25519_config config = { .backend = backend, .mode = ED25519_AUTO, .batch_max = STOCK_ITEMS, .keys_max = KEYS_KEPT, .seed = { 7 } };

    if (set != SET_DISTINCT) {
        kept->tables = take(ed25519_keyset_footprint(&tables));
        if (kept->tables == NULL) {
            return false;
        }
        config.keyset = ed25519_keyset_init(kept->tables, &tables);
        kept->knows = know(config.keyset, set);
    }
    kept->memory = take(ed25519_ctx_footprint(&config));
    if (kept->memory == NULL) {
        return false;
    }
    kept->ctx = ed25519_ctx_init(kept->memory, &config);
    return true;
}

/* keep_all makes contexts and tables for every backend that can run here. Gives: false when there is no memory. */
static bool keep_all(void)
{
    for (int backend = 0; backend < ED25519_BACKEND_COUNT; backend++) {
        bool measured = backend != ED25519_BACKEND_MODEL; /* it stands for nothing that anybody runs */

        for (size_t set = 0; set < SETS && measured && ed25519_self_test((enum ed25519_backend)backend) == ERR_OK; set++) {
            if (!keep((enum ed25519_backend)backend, set)) {
                return false;
            }
        }
    }
    return true;
}

bool judge_exists(const struct judge_case *row)
{
    if (is_yardstick(row->backend) || row->method == JUDGE_SINGLE) {
        return row->method == JUDGE_SINGLE && row->keys == STOCK_DISTINCT && row->n == 1;
    }
    if (row->method == JUDGE_SPOILT) {
        return row->keys != STOCK_MEMBER && row->n >= (row->keys == STOCK_HOT ? JUDGE_SPOILT_HOT_MIN : JUDGE_SPOILT_MIN);
    }
    return row->method == JUDGE_BATCH || row->keys != STOCK_DISTINCT;
}

bool judge_knows(enum judge_backend backend)
{
    bool all = true;

    for (size_t set = SET_HOT; set < SETS; set++) {
        all = all && judge.kept[ours(backend)][set].knows;
    }
    return all;
}

bool judge_open(size_t items_max)
{
    static const size_t keys[SETS] = { STOCK_ITEMS, STOCK_HOT_KEYS, 4, 31, 100 };

    _Static_assert(SETS == 5, "a number of keys for each set");
    for (size_t i = 0; i < SETS; i++) {
        stock_items_fill(&judge.stock[i], keys[i] < items_max ? keys[i] : items_max, items_max, i);
    }
    stock_items_fill(&judge.warm_up, items_max, items_max, SETS);
    return keep_all();
}

void judge_close(void)
{
    for (size_t i = 0; i < (size_t)ED25519_BACKEND_COUNT * SETS; i++) {
        struct kept *kept = &judge.kept[i / SETS][i % SETS];
        free(kept->memory);
        free(kept->tables);
        *kept = (struct kept){ .memory = NULL };
    }
}

/* A certificate of n votes comes from the smallest set of members in which n is a quorum. */
static size_t set_of(const struct judge_case *row)
{
    size_t set = SET_MEMBER;

    switch (row->keys) {
    case STOCK_DISTINCT:
        return SET_DISTINCT;
    case STOCK_HOT:
        return SET_HOT;
    case STOCK_MEMBER:
        while (set + 1 < SETS && judge.stock[set].keys_count * 2 / 3 + 1 < row->n) {
            set++;
        }
        return set;
    }
    return SETS;
}

static double sample_yardstick(enum judge_backend backend)
{
    const struct sig_item *items = judge.stock[SET_DISTINCT].items;
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

/* spoil gives the same items but for one, whose S is another. Gives: its place. Owns: static memory. */
static size_t spoil(const struct sig_item **items, size_t n)
{
    static struct sig_item spoilt[STOCK_ITEMS];
    static uint8_t signature[ED25519_SIGNATURE_BYTES];
    size_t place = n / 2;

    memcpy(spoilt, *items, n * sizeof spoilt[0]);
    memcpy(signature, spoilt[place].signature, sizeof signature);
    signature[ED25519_SIGNATURE_BYTES / 2] ^= 1;
    spoilt[place].signature = signature;
    *items = spoilt;
    return place;
}

static void call(const struct judge_case *row, const struct sig_item *items)
{
    static const enum ed25519_method methods[JUDGE_METHODS] = { ED25519_SINGLE, ED25519_DIRECT, ED25519_BATCH, ED25519_FASTEST };
    static bool verdicts[STOCK_ITEMS];
    struct ed25519_ctx *ctx = judge.kept[ours(row->backend)][set_of(row)].ctx;
    uint64_t failed_before = ed25519_counters(ctx).batches_failed;
    size_t bad = row->method == JUDGE_SPOILT ? spoil(&items, row->n) : row->n;
    bool all = true;

    ed25519_verify_by(ctx, methods[row->method], items, row->n, verdicts);
    ASSERT(ed25519_counters(ctx).batches_failed - failed_before == (bad < row->n ? 1u : 0u)); /* what is measured is what the row is named for */
    for (size_t i = 0; i < row->n; i++) {
        all = all && verdicts[i] == (i != bad);
    }
    ASSERT(all);
}

void judge_ready(const struct judge_case *row)
{
    size_t set = set_of(row);

    ASSERT(judge_exists(row));
    ASSERT(judge.kept[ours(row->backend)][set].ctx != NULL);
    if (set == SET_DISTINCT) {
        ed25519_forget_keys(judge.kept[ours(row->backend)][set].ctx);
        call(row, judge.warm_up.items);
    } else {
        call(row, judge.stock[set].items);
    }
}

void judge_call(const struct judge_case *row, size_t first)
{
    const struct stock_items *stock = &judge.stock[set_of(row)];

    ASSERT(first + row->n <= stock->items_count);
    call(row, stock->items + first);
}

double judge_sample(const struct judge_case *row)
{
    size_t calls = (SAMPLE_MIN + row->n - 1) / row->n;

    if (is_yardstick(row->backend)) {
        return sample_yardstick(row->backend);
    }
    judge_ready(row);
    uint64_t begin_ns = clock_thread_cpu_ns();
    for (size_t i = 0; i < calls; i++) {
        judge_call(row, i * row->n);
    }
    return (double)(clock_thread_cpu_ns() - begin_ns) / (double)(calls * row->n);
}
