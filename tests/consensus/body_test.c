/* body_test.c: a body that is read before its turn is judged like any other, and a slot takes it as it is. */
#include "consensus/blocks.h"

#include "crypto/merkle.h"
#include "tests/consensus/app_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS 40u /* more than are read at once */

static struct config epoch;
static struct blocks blocks;
static struct body_ahead ahead;
static struct app_kit app_kit;
static struct app app;
static void *memory;
static uint8_t body[65536];
static uint32_t body_bytes;
static struct block_header header;

static void take(struct arena *arena)
{
    blocks_take(&blocks, arena, 2, &epoch);
    body_ahead_take(&ahead, arena, &epoch);
}

static void begin(void)
{
    struct hash32 leaves[COMMANDS];
    struct arena arena;

    epoch = (struct config){ .limits = config_limits_default() };
    epoch.limits.block_bytes_max = sizeof body;
    epoch.limits.block_commands_max = COMMANDS;
    arena_init_measure(&arena);
    take(&arena);
    size_t size = (arena.used + 63) / 64 * 64;
    memory = aligned_alloc(64, size);
    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    take(&arena);
    app_kit_init(&app_kit);
    app = app_kit_app(&app_kit);
    body_bytes = 0;
    for (uint32_t i = 0; i < COMMANDS; i++) {
        size_t bytes = app_kit_make(&(struct app_kit_command){ .account = i, .nonce = i + 1, .signatures = i % 3 == 0 ? 2 : 1, .payload = i % 2 == 0 ? 30 : 0 }, body + body_bytes);
        struct command command = app_kit_parse(bytes_of(body + body_bytes, bytes));
        leaves[i] = merkle_leaf(command.bytes.data, command.envelope_bytes);
        body_bytes += (uint32_t)bytes;
    }
    header = (struct block_header){ .height = 1, .time_ms = APP_KIT_TIME, .commands_count = COMMANDS, .payload_root = merkle_root(leaves, COMMANDS) };
}

static void end(void) { free(memory); }

TestSuite(body, .init = begin, .fini = end);

/* slot_of gives a new slot for a header. */
static struct block *slot_of(const struct block_header *its)
{
    struct hash32 hash = block_hash(its);
    struct block *block = blocks_new(&blocks, its, &hash);

    cr_assert_not_null(block);
    return block;
}

static enum verdict read_ahead(const struct block_header *its)
{
    body_ahead_fill(&ahead, its, bytes_of(body, body_bytes));
    body_ahead_read(&ahead, &app);
    return ahead.verdict;
}

/* Whatever the bytes are: the same verdict and, of a good body, the same index. */
static void judged_alike(const char *why)
{
    struct block *block = slot_of(&header);
    blocks_fill(&blocks, block, bytes_of(body, body_bytes));
    enum verdict verdict = block_read(&blocks, block, &app, NULL);

    cr_assert_eq(read_ahead(&header), verdict, "%s", why);
    cr_assert(verdict != VERDICT_OK || memcmp(ahead.commands, block->commands, COMMANDS * sizeof *block->commands) == 0, "%s", why);
    blocks_release(block);
}

Test(body, is_judged_ahead_as_in_its_slot_with_every_byte_flipped)
{
    judged_alike("as it is");
    for (uint32_t i = 0; i < body_bytes; i++) {
        body[i] ^= 0x40;
        judged_alike("flipped");
        body[i] ^= 0x40;
    }
}

Test(body, is_judged_ahead_as_in_its_slot_at_every_length)
{
    for (; body_bytes > 0; body_bytes--) {
        judged_alike("cut");
    }
    judged_alike("empty");
}

Test(body, is_adopted_with_its_index_and_without_a_copy)
{
    struct block *block = slot_of(&header);
    uint8_t *bytes = ahead.body, *slots = block->body;
    struct block_command *commands = ahead.commands;

    block->refused = true;
    cr_assert_eq(read_ahead(&header), VERDICT_OK);
    cr_assert(blocks_adopt(&blocks, block, &ahead));
    cr_assert_eq(block->body_state, BODY_GOOD);
    cr_assert_eq(block->body, bytes);
    cr_assert_eq(block->commands, commands);
    cr_assert_eq(block->body_bytes, body_bytes);
    cr_assert_arr_eq(block->body, body, body_bytes);
    cr_assert_not(block->refused);
    cr_assert_eq(ahead.body, slots, "in exchange");
    cr_assert_eq(ahead.verdict, VERDICT_COUNT, "it is read anew");
    cr_assert_eq(block_read(&blocks, block, &app, NULL), VERDICT_OK, "and found good again");
    blocks_check(&blocks);
}

Test(body, that_is_bad_is_adopted_as_such)
{
    struct block *block = slot_of(&header);

    body[1] = 77;
    cr_assert_neq(read_ahead(&header), VERDICT_OK);
    cr_assert(blocks_adopt(&blocks, block, &ahead));
    cr_assert_eq(block->body_state, BODY_BAD);
}

Test(body, that_was_judged_by_another_header_is_left)
{
    struct block *block = slot_of(&header);
    struct block_header others[] = { header, header, header, header, header, header, header, header };
    uint8_t *bytes = ahead.body;

    others[0].flags = BLOCK_FLAG_END;
    others[1].proposer = 1;
    others[2].commands_count--;
    others[3].epoch = 1;
    others[4].height = 2;
    others[5].time_ms++;
    others[6].parent.bytes[31] = 1;
    others[7].payload_root.bytes[0] ^= 1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)read_ahead(&others[i]);
        cr_assert_not(blocks_adopt(&blocks, block, &ahead), "field %zu", i);
        cr_assert_eq(ahead.body, bytes);
        cr_assert_eq(block->body_state, BODY_UNREAD);
    }
    cr_assert_eq(read_ahead(&header), VERDICT_OK);
    ahead.limits.block_commands_max++;
    cr_assert_not(blocks_adopt(&blocks, block, &ahead), "its memory is of another size");
}
