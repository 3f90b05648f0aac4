/* pool_random_test.c: long random histories against a plain account of what every client was told.
 *
 * What must hold, whatever the order of events: pool_check after every step; every token gets either a refusal, or ADMIT and then a receipt
 * or a refusal, and nothing after that; a chosen block has no nonce twice, none executed, none out of order, and keeps its limits; each
 * (account, nonce) is executed once (I14); when time has passed, nothing is left inside. */
#include "consensus/pool/pool.h"

#include "base/rng.h"
#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define ACCOUNTS 24u
#define TOKENS_MAX 4000u
#define HEIGHTS 4u /* in flight at most, of 8 */
#define STEPS 4000u

enum told { TOLD_NOTHING, TOLD_ADMITTED, TOLD_END };

struct token {
    enum told told;
    struct hash32 id;
};

struct flying {
    uint64_t height, time_ms;
    bool ours; /* the pool chose it */
    uint32_t count;
    struct app_kit_command commands[BLOCK_COMMANDS_MAX];
};

struct open_batch {
    bool open;
    uint32_t batch, count;
    const struct sig_item *items;
    uint8_t copy[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX][64]; /* the signatures as they were when the batch was taken */
};

static struct pool_kit *kit;
static struct rng rng;
static struct token tokens[TOKENS_MAX];
static uint32_t tokens_count;
static struct flying flying[HEIGHTS];
static uint32_t flying_count;
static uint64_t executed_height;
static struct open_batch batches[POOL_BATCHES];
static struct app_kit_command last; /* it comes again, now and then */

static uint32_t rate_failures; /* in blocks of others: tokens do run out */

static uint64_t trace; /* digest of what was seen so far */

static void note(uint64_t value)
{
    trace = (trace ^ value) * UINT64_C(0x100000001b3);
}

static uint32_t below(uint32_t bound)
{
    return (uint32_t)rng_below(&rng, bound);
}

static void take_outcomes(void)
{
    struct pool_outcome outcome;

    while (pool_next_outcome(kit->pool, &outcome)) {
        struct token *token = &tokens[outcome.token];
        cr_assert_lt(outcome.token, tokens_count);
        cr_assert_neq(token->told, TOLD_END, "token %lu is answered twice", (unsigned long)outcome.token);
        cr_assert(hash_equal(&token->id, &outcome.id));
        if (outcome.admitted) {
            cr_assert_eq(token->told, TOLD_NOTHING);
        } else {
            cr_assert_neq(outcome.code, CODE_OK);
        }
        token->told = outcome.admitted ? TOLD_ADMITTED : TOLD_END;
        note(outcome.token << 16 | outcome.code);
    }
}

static struct app_kit_command random_command(void)
{
    uint32_t account = below(ACCOUNTS);
    uint64_t executed = kit->app.accounts[account].nonce;

    return (struct app_kit_command){
        .account = account,
        .nonce = executed + below(8),
        .salt = below(4) == 0 ? below(3) : 0,
        .valid_until_ms = kit->now.wall_ms + (below(8) == 0 ? below(2000) : below(COMMAND_VALID_MS_MAX)),
        .mark = below(6) == 0,
        .bad = below(8) == 0,
        .signatures = 1 + (below(5) == 0) * below(4),
        .payload = below(4) == 0 ? below(3000) : 0,
        .cost_us = below(3000),
        .payer = account % 8 == 7 ? 1 + account / 8 : 0,
        .more_tokens = account % 5 == 4 ? 3 : 0,
    };
}

static void step_add(void)
{
    struct app_kit_command command = below(3) == 0 && last.nonce != 0 ? last : random_command();
    size_t size = app_kit_make(&command, kit->bytes);
    bool client = below(3) != 0 && tokens_count < TOKENS_MAX;
    struct pool_source source = { .token = client ? tokens_count : 0, .client = below(6), .member = below(4) };

    source.party = below(10) == 0 ? 9 : source.client % 3; /* now and then a place is another's */
    last = command;
    struct pool_answer answer = pool_add(kit->pool, kit->now, &source, bytes_of(kit->bytes, size));
    if (client) {
        tokens[tokens_count++] = (struct token){ .told = answer.code == CODE_OK ? TOLD_NOTHING : TOLD_END, .id = answer.id };
    }
}

static void step_take(void)
{
    const struct sig_item *items = NULL;
    uint32_t batch = 0, count = 0;

    if (!pool_verify_take(kit->pool, kit->now, &batch, &items, &count)) {
        return;
    }
    struct open_batch *b = &batches[batch];
    cr_assert_not(b->open);
    *b = (struct open_batch){ .open = true, .batch = batch, .count = count, .items = items };
    for (uint32_t i = 0; i < count; i++) {
        memcpy(b->copy[i], items[i].signature, 64);
    }
}

static void step_verified(struct open_batch *b)
{
    static bool verdicts[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX];

    for (uint32_t i = 0; b->open && i < b->count; i++) {
        cr_assert_arr_eq(b->copy[i], b->items[i].signature, 64, "bytes under verification moved");
    }
    if (b->open) {
        app_kit_verdicts(b->items, b->count, verdicts);
        pool_verified(kit->pool, kit->now, b->batch, verdicts, b->count);
        b->open = false;
    }
}

static struct app_kit_command read_back(struct bytes bytes)
{
    struct command command = app_kit_parse(bytes);
    struct app_kit_command made = { .nonce = command.nonce, .valid_until_ms = command.valid_until_ms, .cost_us = command.cost_ns / 1000 };

    memcpy(&made.account, command.account.bytes, sizeof made.account);
    memcpy(&made.payer, command.payer.bytes, sizeof made.payer);
    made.payer = made.payer == made.account ? 0 : made.payer;
    made.more_tokens = command.tokens - 1;
    memcpy(&made.salt, bytes.data + 32, sizeof made.salt);
    made.signatures = command.signatures_count;
    made.payload = (uint32_t)(command.bytes.size - command.envelope_bytes);
    return made;
}

static bool flies(uint32_t account, uint64_t nonce)
{
    for (uint32_t f = 0; f < flying_count; f++) {
        for (uint32_t i = 0; i < flying[f].count; i++) {
            const struct app_kit_command *c = &flying[f].commands[i];
            if (c->account == account && c->nonce == nonce) {
                return true;
            }
        }
    }
    return false;
}

/* V5, R4: what was chosen extends the nonces that are executed or in flight, one by one. */
static void check_block(const struct flying *block)
{
    uint64_t next[ACCOUNTS];
    uint64_t cost_ns = 0;

    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        next[i] = kit->app.accounts[i].nonce + 1;
    }
    for (uint32_t i = 0; i < block->count; i++) {
        const struct app_kit_command *c = &block->commands[i];
        while (flies(c->account, next[c->account])) { /* blocks of others have nonces in any order */
            next[c->account]++;
        }
        cr_assert_eq(c->nonce, next[c->account], "account %u: nonce %lu, not %lu", c->account, (unsigned long)c->nonce,
                     (unsigned long)next[c->account]);
        cr_assert_gt(c->valid_until_ms, kit->now.wall_ms);
        next[c->account]++;
        cost_ns += c->cost_us * UINT64_C(1000);
    }
    cr_assert_leq(cost_ns, POOL_COST_NS_MAX);
    cr_assert_eq(cost_ns, kit->chosen.cost_ns);
    cr_assert_leq(kit->chosen.bytes, kit->config.block_bytes_max);
}

static void step_select(void)
{
    if (flying_count == HEIGHTS) {
        return;
    }
    struct flying *block = &flying[flying_count];
    *block = (struct flying){ .height = executed_height + flying_count + 1, .time_ms = kit->now.wall_ms, .ours = true };
    kit->height = block->height - 1;
    block->count = pool_kit_select(kit);
    for (uint32_t i = 0; i < block->count; i++) {
        block->commands[i] = read_back(pool_kit_chosen(kit, i).bytes);
        note(block->commands[i].account << 8 ^ block->commands[i].nonce);
    }
    check_block(block);
    flying_count += block->count > 0;
}

/* step_foreign flies a block of another leader: any commands, gaps and known rivals among them. */
static void step_foreign(void)
{
    if (flying_count == HEIGHTS) {
        return;
    }
    struct flying *block = &flying[flying_count];
    *block = (struct flying){ .height = executed_height + flying_count + 1, .time_ms = kit->now.wall_ms };
    uint32_t wanted = 1 + below(10);
    bool certified = below(4) == 0; /* by others, whatever is in it: it stays in flight, repeated nonces and all */
    for (uint32_t i = 0; i < wanted; i++) {
        struct app_kit_command command = below(3) == 0 && last.nonce != 0 ? last : random_command(); /* some are waiting here as well */
        command.bad = 0;
        size_t size = app_kit_make(&command, kit->bytes);
        struct command parsed = app_kit_parse(bytes_of(kit->bytes, size));
        if (pool_inflight_add(kit->pool, kit->now, block->height, &parsed) != POOL_FLIGHT_OK && !certified) {
            pool_inflight_remove(kit->pool, kit->now, block->height); /* V5: refused as a whole */
            return;
        }
        block->commands[block->count++] = command;
    }
    flying_count++;
}

static void step_abandon(void)
{
    uint32_t keep = below(flying_count + 1);

    while (flying_count > keep) {
        pool_inflight_remove(kit->pool, kit->now, flying[--flying_count].height);
    }
}

static void receipts(const struct hash32 *id)
{
    for (uint32_t i = 1; i < tokens_count; i++) { /* few are open */
        if (tokens[i].told == TOLD_ADMITTED && hash_equal(&tokens[i].id, id)) {
            tokens[i].told = TOLD_END;
        }
    }
}

static void step_execute(void)
{
    if (flying_count == 0) {
        return;
    }
    static struct hash32 done[BLOCK_COMMANDS_MAX];
    struct flying *block = &flying[0];
    take_outcomes();
    kit->app.time_ms = block->time_ms;
    for (uint32_t i = 0; i < block->count; i++) {
        size_t size = app_kit_make(&block->commands[i], kit->bytes);
        struct bytes bytes = bytes_of(kit->bytes, size);
        struct command command = app_kit_parse(bytes);
        enum code code = app_kit_execute(&kit->app, bytes);
        cr_assert(code != CODE_RATE || !block->ours || kit->app.accounts[block->commands[i].account].code != CODE_OK, "a block that was chosen here takes a token that is not there");
        rate_failures += code == CODE_RATE && !block->ours;
        if (below(20) == 0) {
            step_add(); /* between slices of the execution (C4) */
            take_outcomes();
        }
        done[i] = command.id;
    }
    take_outcomes();
    for (uint32_t i = 0; i < block->count; i++) {
        receipts(&done[i]); /* clients are told when the whole block is executed */
    }
    pool_executed(kit->pool, kit->now, block->height, kit->now.wall_ms);
    executed_height = block->height;
    memmove(flying, flying + 1, (size_t)--flying_count * sizeof flying[0]);
    take_outcomes();
}

static void step_world(void)
{
    struct app_kit_account *account = &kit->app.accounts[below(ACCOUNTS)];
    static const enum code codes[] = { CODE_OK, CODE_OK, CODE_OK, CODE_RATE, CODE_SENDER_UNKNOWN };

    account->code = codes[below(5)];
    if (below(10) == 0) {
        account->origin = 1 + below(5);
    }
}

static void step(void)
{
    switch (below(12)) {
    case 0: step_take(); break;
    case 1: step_verified(&batches[below(POOL_BATCHES)]); break;
    case 2: step_select(); break;
    case 3: step_execute(); break;
    case 4: pool_kit_time(kit, below(300)); pool_on_time(kit->pool, kit->now); break;
    case 5: below(4) == 0 ? step_abandon() : step_foreign(); break;
    case 6: below(3) == 0 ? step_world() : take_outcomes(); break;
    default: step_add(); break;
    }
    if (below(4) == 0) {
        pool_check(kit->pool);
    }
}

/* finish lets everything end: verify what waits, let time pass until all is over. */
static void finish(void)
{
    step_abandon();
    while (flying_count > 0) {
        step_execute();
    }
    for (uint32_t i = 0; i < POOL_BATCHES; i++) {
        step_verified(&batches[i]);
    }
    for (uint32_t i = 0; i < 1000 && pool_status(kit->pool).unverified > 0; i++) {
        (void)pool_kit_verify(kit);
        take_outcomes();
        pool_kit_time(kit, 10); /* suspects wait for their ration */
    }
    pool_kit_time(kit, COMMAND_VALID_MS_MAX + 30001);
    for (uint32_t i = 0; i < 1000 && pool_status(kit->pool).commands > 0; i++) {
        pool_on_time(kit->pool, kit->now);
        take_outcomes();
    }
    take_outcomes();
    cr_assert_eq(pool_status(kit->pool).commands, 0);
    cr_assert_eq(pool_status(kit->pool).bytes, 0);
    cr_assert_eq(pool_deadline_ns(kit->pool), UINT64_MAX);
    for (uint32_t i = 1; i < tokens_count; i++) {
        cr_assert_eq(tokens[i].told, TOLD_END, "token %u was told %d", i, tokens[i].told);
    }
}

static uint8_t table_seed;

static void set_seed(struct pool_config *config)
{
    config->seed[0] = table_seed;
}

/* run gives a digest of everything that could be seen. */
static uint64_t run(uint64_t seed, uint8_t tables)
{
    rng_init(&rng, seed);
    table_seed = tables;
    kit = pool_kit_open(set_seed);
    for (uint32_t i = 0; i < ACCOUNTS; i += 3) {
        kit->app.accounts[i].interval_ms = 20 * (i + 1); /* some act often, some seldom; and 1, 2 pay for others */
        kit->app.accounts[i].burst = 1 + i % 4;
    }
    kit->app.accounts[1].interval_ms = kit->app.accounts[2].interval_ms = 50;
    kit->app.accounts[1].burst = kit->app.accounts[2].burst = 2;
    memset(batches, 0, sizeof batches);
    tokens_count = 1;
    flying_count = 0;
    executed_height = 0;
    trace = 0;
    last = (struct app_kit_command){ 0 };
    for (uint32_t i = 0; i < STEPS; i++) {
        step();
    }
    finish();
    pool_kit_close(kit);
    return trace;
}

Test(pool_random, answers_everybody_and_keeps_its_invariants)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        cr_log_info("seed %lu", (unsigned long)seed);
        (void)run(seed, 0);
    }
    cr_assert_gt(rate_failures, 0);
}

/* The seed of the tables affects nothing that can be seen. */
Test(pool_random, outcomes_do_not_depend_on_the_seed_of_the_tables)
{
    uint64_t first = run(5, 1);

    cr_assert_eq(run(5, 2), first);
    cr_assert_neq(run(6, 1), first, "and the digest does tell histories apart");
}
