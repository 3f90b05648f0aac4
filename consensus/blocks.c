/* blocks.c: see blocks.h. Invariant: two used slots never have the same hash. */
#include "consensus/blocks.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

void blocks_take(struct blocks *blocks, struct arena *arena, uint32_t count, const struct config_limits *limits)
{
    ASSERT(count > 0);
    *blocks = (struct blocks){ .count = count, .limits = *limits };
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

/* keep indexes one parsed command that begins at `offset`. */
static void keep(struct blocks *blocks, struct block *block, uint32_t number, uint32_t offset, const struct command *command)
{
    block->commands[number] = (struct block_command){ .offset = offset,
                                                      .envelope_bytes = command->envelope_bytes,
                                                      .payload_bytes = (uint32_t)command->bytes.size - command->envelope_bytes,
                                                      .id = command->id };
    blocks->leaves[number] = merkle_leaf(command->bytes.data, command->envelope_bytes);
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

static enum verdict read_body(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink)
{
    const struct block_header *header = &block->header;
    uint32_t offset = 0;
    uint64_t cost_ns = 0;
    struct command command;

    if (header->commands_count == 0 || header->commands_count > blocks->limits.block_commands_max) {
        return VERDICT_RANGE; /* I16 */
    }
    for (uint32_t i = 0; i < header->commands_count; i++) {
        struct bytes rest = bytes_of(block->body + offset, block->body_bytes - offset);
        if (rest.size == 0 || app->parse(app->context, rest, &command) != CODE_OK) {
            return VERDICT_TYPE;
        }
        ASSERT(command.bytes.size > 0);
        ASSERT(command.bytes.size <= rest.size);
        if (command.valid_until_ms <= header->time_ms || command.valid_until_ms - header->time_ms > COMMAND_VALID_MS_MAX) {
            return VERDICT_STALE;
        }
        cost_ns += command.cost_ns;
        keep(blocks, block, i, offset, &command);
        offset += (uint32_t)command.bytes.size;
        if (sink != NULL) {
            sink->command(sink->context, &command);
        }
    }
    if (offset != block->body_bytes) {
        return VERDICT_TRAILING;
    }
    if (cost_ns > BLOCK_COST_NS_MAX) {
        return VERDICT_LENGTH;
    }
    struct hash32 root = merkle_root(blocks->leaves, header->commands_count);
    return hash_equal(&root, &header->payload_root) ? VERDICT_OK : VERDICT_HASH;
}

enum verdict block_read(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink)
{
    enum verdict verdict = read_body(blocks, block, app, sink);

    block->body_state = verdict == VERDICT_OK ? BODY_GOOD : BODY_BAD;
    return verdict;
}
