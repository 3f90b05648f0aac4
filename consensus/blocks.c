/* blocks.c: see blocks.h. Invariant: two used slots never have the same hash. */
#include "consensus/blocks.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

enum { GROUP = 16 }; /* leaves that are hashed at once */

void blocks_take(struct blocks *blocks, struct arena *arena, uint32_t count, const struct config *epoch)
{
    const struct config_limits *limits = &epoch->limits;

    ASSERT(count > 0);
    *blocks = (struct blocks){ .count = count, .epoch = epoch->epoch, .limits = *limits };
    blocks->slots = arena_take(arena, count, sizeof *blocks->slots);
    blocks->leaves = arena_take(arena, limits->block_commands_max, sizeof *blocks->leaves);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *body = arena_take(arena, limits->block_bytes_max, 1);
        struct block_command *commands = arena_take(arena, limits->block_commands_max, sizeof *commands);
        if (blocks->slots != NULL) {
            blocks->slots[i] = (struct block){ .body = body, .commands = commands };
        }
    }
}

bool blocks_are_of(const struct blocks *blocks, const struct block_header *header)
{
    return body_is_of(header, blocks->epoch); /* I12 */
}

struct block *blocks_find(struct blocks *blocks, const struct hash32 *hash)
{
    for (uint32_t i = 0; i < blocks->count; i++) {
        if (blocks->slots[i].used && hash_equal(&blocks->slots[i].hash, hash)) {
            return &blocks->slots[i];
        }
    }
    return NULL;
}

struct block *blocks_new(struct blocks *blocks, const struct block_header *header, const struct hash32 *hash)
{
    ASSERT(blocks_find(blocks, hash) == NULL);
    for (uint32_t i = 0; i < blocks->count; i++) {
        struct block *block = &blocks->slots[i];
        if (!block->used) {
            *block = (struct block){ .used = true,
                                     .header = *header,
                                     .hash = *hash,
                                     .body = block->body,
                                     .commands = block->commands };
            return block;
        }
    }
    return NULL;
}

void blocks_release(struct block *block)
{
    ASSERT(block->used);
    ASSERT(!block->verifying);
    block->used = false;
}

uint32_t blocks_free(const struct blocks *blocks)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < blocks->count; i++) {
        count += !blocks->slots[i].used;
    }
    return count;
}

static void check_slot(const struct blocks *blocks, const struct block *block)
{
    ASSERT(block->body_bytes <= blocks->limits.block_bytes_max);
    ASSERT(block->body_state <= BODY_BAD);
    ASSERT(block->body_state != BODY_GOOD || block->body_bytes > 0);
    ASSERT(block->body_state != BODY_GOOD || block->header.commands_count > 0); /* I16 */
    ASSERT(block->body_state != BODY_GOOD || blocks_are_of(blocks, &block->header)); /* I12 */
    ASSERT(block->body_state != BODY_GOOD || block->header.commands_count <= blocks->limits.block_commands_max);
    ASSERT(!block->committed || block->body_state == BODY_GOOD);
    ASSERT(!block->committed || !block->is_bundle);
    ASSERT(!block->has_justify || block->justify.ballot.kind != VOTE_COMMIT);
    ASSERT(!block->has_justify || block->justify.ballot.rank.height + 1 == block->header.height); /* V6 */
    ASSERT(block->header.height > 0);
}

void blocks_check(const struct blocks *blocks)
{
    ASSERT(blocks->count > 0);
    for (uint32_t i = 0; i < blocks->count; i++) {
        const struct block *block = &blocks->slots[i];
        ASSERT(block->body != NULL);
        if (!block->used) {
            continue;
        }
        check_slot(blocks, block);
        for (uint32_t k = i + 1; k < blocks->count; k++) {
            ASSERT(!blocks->slots[k].used || !hash_equal(&blocks->slots[k].hash, &block->hash));
        }
    }
}

void blocks_fill(const struct blocks *blocks, struct block *block, struct bytes body)
{
    ASSERT(body.size <= blocks->limits.block_bytes_max);
    ASSERT(!block->verifying);
    ASSERT(!block->committed);
    if (body.size > 0) {
        memcpy(block->body, body.data, body.size);
    }
    block->body_bytes = (uint32_t)body.size;
    block->body_state = BODY_UNREAD;
    block->refused = false;
}

static bool headers_equal(const struct block_header *a, const struct block_header *b)
{
    return a->flags == b->flags && a->proposer == b->proposer && a->commands_count == b->commands_count && a->epoch == b->epoch && a->height == b->height &&
           a->time_ms == b->time_ms && hash_equal(&a->parent, &b->parent) && hash_equal(&a->payload_root, &b->payload_root);
}

bool blocks_adopt(const struct blocks *blocks, struct block *block, struct body_ahead *ahead)
{
    uint8_t *body = block->body;
    struct block_command *commands = block->commands;

    ASSERT(ahead->verdict != VERDICT_COUNT);
    ASSERT(!block->verifying);
    ASSERT(!block->committed);
    if (!headers_equal(&block->header, &ahead->header) || ahead->epoch != blocks->epoch || ahead->limits.block_bytes_max != blocks->limits.block_bytes_max ||
        ahead->limits.block_commands_max != blocks->limits.block_commands_max) {
        return false;
    }
    block->body = ahead->body;
    block->commands = ahead->commands;
    block->body_bytes = ahead->body_bytes;
    block->body_state = ahead->verdict == VERDICT_OK ? BODY_GOOD : BODY_BAD;
    block->refused = false;
    ahead->body = body;
    ahead->commands = commands;
    ahead->verdict = VERDICT_COUNT;
    return true;
}

struct hash32 blocks_root(struct blocks *blocks, const struct block *block, uint32_t commands)
{
    struct bytes envelopes[GROUP];

    ASSERT(commands <= blocks->limits.block_commands_max);
    for (uint32_t first = 0; first < commands; first += GROUP) {
        uint32_t count = commands - first < GROUP ? commands - first : GROUP;
        for (uint32_t i = 0; i < count; i++) {
            const struct block_command *command = &block->commands[first + i];
            envelopes[i] = bytes_of(block->body + command->offset, command->envelope_bytes);
        }
        merkle_leaves(blocks->leaves + first, envelopes, count);
    }
    return merkle_root(blocks->leaves, commands);
}

enum verdict block_read(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink)
{
    bool was_good = block->body_state == BODY_GOOD;
    struct body_reading reading = {
        .header = &block->header,
        .bytes = bytes_of(block->body, block->body_bytes),
        .epoch = blocks->epoch,
        .commands_max = blocks->limits.block_commands_max,
        .commands = block->commands,
        .leaves = blocks->leaves,
        .is_known = was_good,
    };
    enum verdict verdict = body_read(&reading, app, sink);

    ASSERT(!was_good || verdict == VERDICT_OK); /* the verdict depends on header and body alone */
    block->body_state = verdict == VERDICT_OK ? BODY_GOOD : BODY_BAD;
    return verdict;
}
