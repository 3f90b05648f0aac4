/* blocks_test.c: slots and what is read from a body (V4, V5). */
#include "consensus/blocks.h"

#include "tests/base/stop_kit.h"
#include "crypto/merkle.h"
#include "tests/consensus/app_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 3u
#define SEEN 40u /* commands of the largest block: more than are read at once */

static struct blocks blocks;
static struct app_kit app_kit;
static struct app app;
static void *memory;
static uint8_t body[BLOCK_BYTES_MAX];
static uint32_t body_bytes, body_commands;
static struct hash32 leaves[64];

static void open_blocks(void)
{
    static struct config epoch;
    struct arena arena;

    epoch = (struct config){ .limits = config_limits_default() };
    epoch.limits.block_bytes_max = 65536;
    epoch.limits.block_commands_max = SEEN;
    arena_init_measure(&arena);
    blocks_take(&blocks, &arena, SLOTS, &epoch);
    size_t size = arena.used;
    memory = aligned_alloc(64, size);
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    blocks_take(&blocks, &arena, SLOTS, &epoch);
    app_kit_init(&app_kit);
    app = app_kit_app(&app_kit);
    body_bytes = 0;
    body_commands = 0;
}

static void close_blocks(void)
{
    free(memory);
}

TestSuite(blocks, .init = open_blocks, .fini = close_blocks);

static void put(const struct app_kit_command *command)
{
    size_t size = app_kit_make(command, body + body_bytes);
    struct command parsed = app_kit_parse(bytes_of(body + body_bytes, size));

    leaves[body_commands++] = merkle_leaf(parsed.bytes.data, parsed.envelope_bytes);
    body_bytes += (uint32_t)size;
}

static struct block *block_of(uint64_t time_ms)
{
    struct block_header header = { .height = 1, .time_ms = time_ms, .commands_count = body_commands, .payload_root = merkle_root(leaves, body_commands) };
    struct hash32 hash = block_hash(&header);
    struct block *block = blocks_new(&blocks, &header, &hash);

    cr_assert_not_null(block);
    blocks_fill(&blocks, block, bytes_of(body, body_bytes));
    return block;
}

#define COMMAND(...) (&(struct app_kit_command){ __VA_ARGS__ })

Test(blocks, indexes_the_commands_of_a_good_body)
{
    put(COMMAND(.account = 1, .nonce = 1, .payload = 100));
    put(COMMAND(.account = 2, .nonce = 1));
    struct block *block = block_of(APP_KIT_TIME);

    cr_assert_eq(block->body_state, BODY_UNREAD);
    cr_assert_eq(block_read(&blocks, block, &app, NULL), VERDICT_OK);
    cr_assert_eq(block->body_state, BODY_GOOD);
    cr_assert_eq(block->commands[0].offset, 0);
    cr_assert_eq(block->commands[0].payload_bytes, 100);
    cr_assert_eq(block->commands[1].offset, block->commands[0].envelope_bytes + 100);
}

/* A payload can be erased and every proof stays valid: the root does not cover it. (What the envelope says of it does.) */
Test(blocks, root_covers_envelopes_and_not_payloads)
{
    put(COMMAND(.account = 1, .nonce = 1, .payload = 100));
    struct block *block = block_of(APP_KIT_TIME);

    block->body[block->body_bytes - 1] ^= 1;
    cr_assert_eq(block_read(&blocks, block, &app, NULL), VERDICT_OK);
    block->body[APP_KIT_HEAD_BYTES + 40] ^= 1;
    block->body_state = BODY_UNREAD;
    cr_assert_eq(block_read(&blocks, block, &app, NULL), VERDICT_HASH, "V4");
    cr_assert_eq(block->body_state, BODY_BAD);
}

Test(blocks, refuses_what_no_correct_leader_proposes)
{
    static const struct { struct app_kit_command command; enum verdict verdict; const char *why; } table[] = {
        { { .nonce = 1, .valid_until_ms = APP_KIT_TIME }, VERDICT_STALE, "V5: over at the time of the block" },
        { { .nonce = 1, .valid_until_ms = APP_KIT_TIME + 1 }, VERDICT_OK, "V5: a millisecond before" },
        { { .nonce = 1, .valid_until_ms = APP_KIT_TIME + COMMAND_VALID_MS_MAX }, VERDICT_OK, "V5: ten minutes ahead" },
        { { .nonce = 1, .valid_until_ms = APP_KIT_TIME + COMMAND_VALID_MS_MAX + 1 }, VERDICT_STALE, "V5: and a millisecond more" },
        { { .nonce = 1, .cost_us = 50000 }, VERDICT_OK, "V5: C_max" },
        { { .nonce = 1, .cost_us = 50001 }, VERDICT_LENGTH, "V5: beyond C_max" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        body_bytes = 0;
        body_commands = 0;
        put(&table[i].command);
        struct block *block = block_of(APP_KIT_TIME);
        cr_assert_eq(block_read(&blocks, block, &app, NULL), table[i].verdict, "%s", table[i].why);
        blocks_release(block);
    }
}

Test(blocks, refuses_a_body_of_another_length_or_number)
{
    static const struct { int32_t bytes; uint32_t count; enum verdict verdict; } table[] = {
        { -1, 2, VERDICT_TYPE }, { 1, 2, VERDICT_TRAILING }, { 0, 1, VERDICT_TRAILING }, { 0, 3, VERDICT_TYPE }, { 0, 0, VERDICT_RANGE }, { 0, SEEN + 1, VERDICT_RANGE },
    };

    put(COMMAND(.account = 1, .nonce = 1));
    put(COMMAND(.account = 2, .nonce = 1));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct block *block = block_of(APP_KIT_TIME);
        block->body_bytes = (uint32_t)((int32_t)body_bytes + table[i].bytes);
        block->header.commands_count = table[i].count;
        cr_assert_eq(block_read(&blocks, block, &app, NULL), table[i].verdict, "V4, I16: row %zu", i);
        blocks_release(block);
    }
}

struct seen {
    uint32_t count;
    uint64_t announced[2];
    uint64_t nonces[SEEN];
};

/* Every command is announced twice before it comes. */
static void foresee(void *context, const struct command *command, unsigned step)
{
    struct seen *seen = context;

    cr_assert_eq(command->nonce, seen->announced[step] + 1, "in order");
    cr_assert_geq(seen->announced[0], seen->announced[1]);
    seen->announced[step]++;
}

static void see(void *context, const struct command *command)
{
    struct seen *seen = context;

    cr_assert_leq(command->nonce, seen->announced[1]);
    seen->nonces[seen->count++] = command->nonce;
}

Test(blocks, tells_the_sink_every_command_in_order)
{
    struct seen seen = { 0 };
    struct block_sink sink = { &seen, foresee, see };

    for (uint64_t nonce = 1; nonce <= SEEN; nonce++) {
        put(COMMAND(.account = 1, .nonce = nonce));
    }
    cr_assert_eq(block_read(&blocks, block_of(APP_KIT_TIME), &app, &sink), VERDICT_OK);
    cr_assert_eq(seen.count, SEEN);
    for (uint64_t i = 0; i < SEEN; i++) {
        cr_assert_eq(seen.nonces[i], i + 1);
    }
}

struct told {
    uint32_t count;
    struct hash32 ids[SEEN], digests[SEEN][2];
};

static void tell(void *context, const struct command *command)
{
    struct told *told = context;

    told->ids[told->count] = command->id;
    for (uint32_t i = 0; i < 2 && i < command->signatures_count; i++) {
        told->digests[told->count][i] = command->signatures[i].digest;
    }
    told->count++;
}

/* Nothing but the work depends on whether a body was read before: its commands come with the same ids and digests. */
Test(blocks, tells_of_a_good_body_the_same_again)
{
    static struct told first, again;

    for (uint64_t nonce = 1; nonce <= SEEN; nonce++) {
        put(COMMAND(.account = 1, .nonce = nonce, .signatures = nonce % 3 == 0 ? 2 : 1, .payload = nonce % 2 == 0 ? 30 : 0));
    }
    struct block *block = block_of(APP_KIT_TIME);
    cr_assert_eq(block_read(&blocks, block, &app, &(struct block_sink){ &first, NULL, tell }), VERDICT_OK);
    memset(blocks.leaves, 0, SEEN * sizeof *blocks.leaves);
    cr_assert_eq(block_read(&blocks, block, &app, &(struct block_sink){ &again, NULL, tell }), VERDICT_OK);
    cr_assert(hash_is_zero(&blocks.leaves[0]), "no leaf is hashed again");
    cr_assert_eq(block->body_state, BODY_GOOD);
    cr_assert_eq(again.count, SEEN);
    cr_assert_arr_eq(&again, &first, sizeof first);
    struct hash32 root = blocks_root(&blocks, block, SEEN);
    cr_assert(hash_equal(&root, &block->header.payload_root));
}

Test(blocks, has_as_many_slots_as_were_taken)
{
    struct block *taken[SLOTS];
    struct hash32 hash;

    for (uint32_t i = 0; i < SLOTS; i++) {
        struct block_header header = { .height = i };
        hash = kit_hash(i);
        cr_assert_eq(blocks_free(&blocks), SLOTS - i);
        taken[i] = blocks_new(&blocks, &header, &hash);
        cr_assert_eq(blocks_find(&blocks, &hash), taken[i]);
    }
    hash = kit_hash(50);
    cr_assert_null(blocks_find(&blocks, &hash));
    cr_assert_null(blocks_new(&blocks, &(struct block_header){ 0 }, &hash));
    blocks_release(taken[1]);
    hash = kit_hash(1);
    cr_assert_null(blocks_find(&blocks, &hash));
    hash = kit_hash(51);
    cr_assert_eq(blocks_new(&blocks, &(struct block_header){ 0 }, &hash), taken[1]);
    cr_assert_not(taken[1]->checked);
}

/* A certificate vouches for the header: also a quorum that lies brings no end into the chain of this epoch, and no block of another one. */
Test(blocks, an_END_block_and_one_of_another_epoch_are_read_by_nobody_I12)
{
    static const struct { uint8_t flags; uint64_t epoch; enum verdict verdict; } table[] = {
        { 0, 0, VERDICT_OK }, { BLOCK_FLAG_END, 0, VERDICT_EPOCH }, { 0, 1, VERDICT_EPOCH }, { BLOCK_FLAG_END, 1, VERDICT_EPOCH },
    };

    put(COMMAND(.account = 1, .nonce = 1));
    struct block *block = block_of(APP_KIT_TIME);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        block->header.flags = table[i].flags;
        block->header.epoch = table[i].epoch;
        block->body_state = BODY_UNREAD;
        cr_assert_eq(blocks_are_of(&blocks, &block->header), table[i].verdict == VERDICT_OK, "I12, case %zu", i);
        cr_assert_eq(block_read(&blocks, block, &app, NULL), table[i].verdict, "I12, case %zu", i);
        cr_assert_eq(block->body_state, table[i].verdict == VERDICT_OK ? BODY_GOOD : BODY_BAD);
    }
}

Test(blocks, another_body_begins_unread)
{
    put(COMMAND(.account = 1, .nonce = 1));
    struct block *block = block_of(APP_KIT_TIME);
    block->body[60] ^= 1;
    cr_assert_neq(block_read(&blocks, block, &app, NULL), VERDICT_OK);
    block->refused = true;
    blocks_fill(&blocks, block, bytes_of(body, body_bytes));
    cr_assert_eq(block->body_state, BODY_UNREAD);
    cr_assert_not(block->refused);
    cr_assert_eq(block_read(&blocks, block, &app, NULL), VERDICT_OK);
}

Test(blocks, stops_when_a_slot_is_freed_that_a_job_reads, .signal = SIGABRT)
{
    put(COMMAND(.account = 1, .nonce = 1));
    struct block *block = block_of(APP_KIT_TIME);
    block->verifying = true;
    blocks_release(block);
}

static void check(const void *state) { blocks_check(state); }

Test(blocks, stops_at_slots_that_no_step_leaves)
{
    put(COMMAND(.account = 1, .nonce = 1, .payload = 100));
    struct block *first = block_of(APP_KIT_TIME), *second = block_of(APP_KIT_TIME + 1);

    cr_assert_eq(block_read(&blocks, first, &app, NULL), VERDICT_OK);
    cr_assert_not(kit_stops(check, &blocks));
    struct block kept = *first;
    first->hash = second->hash;
    cr_assert(kit_stops(check, &blocks), "one block in two slots");
    *first = kept;
    first->header.commands_count = 0;
    cr_assert(kit_stops(check, &blocks), "I16");
    *first = kept;
    second->committed = true;
    cr_assert(kit_stops(check, &blocks), "committed, and its body was never read");
    second->committed = false;
    first->has_justify = true;
    first->justify.ballot = (struct ballot){ .kind = VOTE_FOLLOWING, .rank = { 0, 1 } };
    cr_assert(kit_stops(check, &blocks), "V6: a certificate of its own height");
}
