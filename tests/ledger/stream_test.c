/* stream_test.c: made-up commands by the thousand, right, wrong and broken, executed by two ledgers that have nothing in common but the commands:
 * memory, scratch, pinned views, folding; one executes each command by itself, the other in groups of any size. Receipts, roots and what the archive is told are
 * equal, and every counter of the state is true. */
#include "tests/base/long_kit.h"
#include "tests/ledger/stream_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { COMMANDS_MAX = 24, CODES = 1024 };

static struct genesis genesis;
static uint8_t genesis_bytes[STREAM_GENESIS_BYTES];
static struct ledger *first, *second;
static uint8_t envelopes[COMMANDS_MAX][ENVELOPE_BYTES_MAX];
static size_t sizes[COMMANDS_MAX];
static uint8_t receipts[COMMANDS_MAX][RECEIPT_BYTES];
static uint32_t seen[CODES];
static struct hash32 told_events[2], told_receipts[2]; /* to the archive, by each ledger: a digest over all of it, in order */
static uint32_t tickets_most; /* at once */

static void tell(struct hash32 *digest, const void *about, size_t size, uint64_t number, const void *bytes, size_t bytes_size, const struct hash32 *top)
{
    struct hasher hasher;

    hash_init(&hasher, HASH_FOLD);
    hash_update(&hasher, digest->bytes, HASH_BYTES);
    hash_update(&hasher, about, size);
    hash_update_u64(&hasher, number);
    hash_update(&hasher, bytes, bytes_size);
    hash_update(&hasher, top->bytes, HASH_BYTES);
    *digest = hash_final(&hasher);
}

static void told_event(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct hash32 *top)
{
    tell(&told_events[*(const size_t *)context], patient, ACCT_BYTES, seq, bytes, AUDIT_EVENT_BYTES, top);
}

static void told_receipt(void *context, uint64_t position, const struct receipt *receipt, const struct hash32 *top)
{
    uint8_t bytes[RECEIPT_BYTES];

    receipt_encode(receipt, bytes);
    tell(&told_receipts[*(const size_t *)context], NULL, 0, position, bytes, sizeof bytes, top);
}

static void listen(struct ledger *ledger, const size_t *which)
{
    told_events[*which] = told_receipts[*which] = (struct hash32){ { 0 } };
    ledger_set_sink(ledger, &(struct ledger_sink){ .context = (void *)(uintptr_t)which, .event = told_event, .receipt = told_receipt });
}

static struct ledger *take(const struct params *params, size_t shift)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    (void)ledger_take(&measure, params);
    uint8_t *memory = aligned_alloc(ARENA_ALIGN, measure.used + shift);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used + shift);
    arena_init(&arena, memory + shift, measure.used);
    struct ledger *ledger = ledger_take(&arena, params);
    cr_assert_eq(ledger_load_genesis(ledger, &genesis), VERDICT_OK);
    return ledger;
}

/* Whatever lies in the scratch of a ledger between two blocks means nothing. */
static void poison(struct ledger *ledger, struct rng *rng)
{
    struct exec *exec = ledger_exec(ledger);
    int byte = (int)rng_below(rng, 256);

    memset(&exec->inputs, byte, sizeof exec->inputs);
    memset(exec->events, byte, sizeof exec->events);
    memset(&exec->command, byte, sizeof exec->command);
    memset(&exec->sender, byte, sizeof exec->sender);
    memset(exec->cosigners, byte, sizeof exec->cosigners);
    memset(&exec->tx_id, byte, sizeof exec->tx_id);
    if (rng_below(rng, 4) == 0) {
        state_store_pin(ledger_store(ledger), (uint32_t)rng_below(rng, STATE_PINS_MAX));
    }
    (void)ledger_fold(ledger, (uint32_t)rng_below(rng, 100));
}

static uint32_t make_and_execute(struct rng *rng, uint64_t height, uint64_t time_ms)
{
    struct choices choices = { .rng = rng };
    uint32_t count = (uint32_t)rng_below(rng, COMMANDS_MAX + 1);

    ledger_begin(first, height, time_ms);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && rng_below(rng, 20) == 0) {
            sizes[i] = sizes[i - 1];
            memcpy(envelopes[i], envelopes[i - 1], sizes[i]);
        } else {
            sizes[i] = stream_command(&choices, first, &genesis, time_ms, envelopes[i]);
        }
        const struct receipt *receipt = ledger_execute(first, bytes_of(envelopes[i], sizes[i]), NULL);
        receipt_encode(receipt, receipts[i]);
        seen[receipt->code]++;
    }
    ledger_end(first);
    return count;
}

/* Mostly in groups, which end anywhere; now and then one by itself among them. */
static void execute_again(struct rng *rng, uint32_t count, uint64_t height, uint64_t time_ms)
{
    uint8_t receipt[RECEIPT_BYTES];
    struct receipt expected;

    ledger_begin(second, height, time_ms);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t how = rng_below(rng, 16);
        cr_assert_eq(receipt_decode(&expected, receipts[i], RECEIPT_BYTES), VERDICT_OK);
        if (how == 0) {
            receipt_encode(ledger_execute(second, bytes_of(envelopes[i], sizes[i]), NULL), receipt);
            cr_assert_eq(memcmp(receipt, receipts[i], RECEIPT_BYTES), 0, "height %llu, command %u", (unsigned long long)height, i);
            continue;
        }
        enum code code = ledger_execute_next(second, bytes_of(envelopes[i], sizes[i]), NULL);
        cr_assert_eq(code, expected.code, "height %llu, command %u", (unsigned long long)height, i);
        if (how == 1) {
            ledger_settle(second);
        }
    }
    ledger_end(second);
    cr_assert(hash_equal(&told_receipts[0], &told_receipts[1]), "height %llu: receipts", (unsigned long long)height);
    cr_assert(hash_equal(&told_events[0], &told_events[1]), "height %llu: events", (unsigned long long)height);
}

/* Mostly a second between blocks, sometimes hours, sometimes weeks, so that rates, periods and the due queue all take part. */
static uint64_t step(struct rng *rng)
{
    switch (rng_below(rng, 16)) {
    case 0:
        return 1 + rng_below(rng, UINT64_C(20) * 86400000);
    case 1:
    case 2:
        return 1 + rng_below(rng, 7200000);
    default:
        return 1 + rng_below(rng, 2000);
    }
}

static void run(uint64_t seed, bool tight, uint32_t blocks)
{
    static const size_t which[2] = { 0, 1 };
    struct params params = stream_params(tight);
    struct rng rng;
    uint64_t time_ms = STREAM_TIME;

    rng_init(&rng, seed);
    cr_assert_eq(stream_genesis(&genesis, &params, genesis_bytes), VERDICT_OK);
    first = take(&params, 0);
    second = take(&params, 64 * 1021);
    listen(first, &which[0]);
    listen(second, &which[1]);
    for (uint64_t height = 1; height <= blocks; height++) {
        time_ms += step(&rng);
        uint32_t count = make_and_execute(&rng, height, time_ms);
        poison(second, &rng);
        execute_again(&rng, count, height, time_ms);
        struct hash32 one = ledger_state_root(first), two = ledger_state_root(second);
        cr_assert(hash_equal(&one, &two), "seed %llu: roots differ at height %llu", (unsigned long long)seed, (unsigned long long)height);
        tickets_most = ledger_exec(first)->chain->tickets > tickets_most ? ledger_exec(first)->chain->tickets : tickets_most;
        const char *wrong = stream_true(first);
        cr_assert_null(wrong, "seed %llu, height %llu: %s", (unsigned long long)seed, (unsigned long long)height, wrong);
    }
    struct hash32 one = ledger_receipts_root(first), two = ledger_receipts_root(second);
    cr_assert(hash_equal(&one, &two));
}

/* How many different codes the streams of a test have led to. */
static uint32_t different(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < CODES; i++) {
        count += seen[i] > 0;
    }
    return count;
}

static uint32_t seeds(void)
{
    return is_long() ? 500 : 12;
}

Test(stream, two_ledgers_agree_about_every_receipt_and_root)
{
    for (uint32_t seed = 1; seed <= seeds(); seed++) {
        run(seed, false, 150);
    }
    cr_assert_gt(seen[CODE_OK], 1000, "%u worked", seen[CODE_OK]);
    cr_assert_gt(different(), 35, "%u different codes", different());
    cr_assert_gt(tickets_most, 8, "%u tickets at once", tickets_most);
}

Test(stream, and_when_every_capacity_is_exhausted)
{
    for (uint32_t seed = 1; seed <= seeds(); seed++) {
        run(1000 + seed, true, 150);
    }
    cr_assert_gt(seen[CODE_CAPACITY], 100, "%u found no room", seen[CODE_CAPACITY]);
    cr_assert_gt(seen[CODE_OK], 500);
}
