/* blocks.c: see blocks.h. Invariant: two used slots never have the same hash. */
#include "consensus/blocks.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

enum { GROUP = 16 }; /* commands that are hashed at once */

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
    return header->epoch == blocks->epoch && (header->flags & BLOCK_FLAG_END) == 0; /* I12 */
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

/* keep indexes a command that begins at `offset`. */
static void keep(struct block *block, uint32_t number, uint32_t offset, const struct command *command)
{
    block->commands[number] = (struct block_command){ .offset = offset,
                                                      .envelope_bytes = command->envelope_bytes,
                                                      .payload_bytes = (uint32_t)command->bytes.size - command->envelope_bytes,
                                                      .id = command->id };
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

/* A few commands of a body, which are hashed side by side. */
struct group {
    struct command commands[GROUP];
    uint32_t offsets[GROUP];
    uint32_t count;
};

/* What is left of a body, and what was seen of it. */
struct body {
    struct block *block;
    bool is_known;    /* it was read before and is good: the ids are in the index, and its root is right */
    uint32_t number;  /* of the next command */
    uint32_t offset;
    uint64_t cost_ns;
};

/* scan reads the next few commands, unhashed. */
static enum verdict scan(struct body *body, const struct app *app, struct group *group)
{
    const struct block_header *header = &body->block->header;
    uint32_t left = header->commands_count - body->number;

    group->count = left < GROUP ? left : GROUP;
    for (uint32_t i = 0; i < group->count; i++) {
        struct command *command = &group->commands[i];
        struct bytes rest = bytes_of(body->block->body + body->offset, body->block->body_bytes - body->offset);
        if (rest.size == 0 || app->scan(app->context, rest, command) != CODE_OK) {
            return VERDICT_TYPE;
        }
        ASSERT(command->bytes.size > 0);
        ASSERT(command->bytes.size <= rest.size);
        if (command->valid_until_ms <= header->time_ms || command->valid_until_ms - header->time_ms > COMMAND_VALID_MS_MAX) {
            return VERDICT_STALE;
        }
        group->offsets[i] = body->offset;
        body->cost_ns += command->cost_ns;
        body->offset += (uint32_t)command->bytes.size;
    }
    return VERDICT_OK;
}

static void announce(const struct block_sink *sink, const struct group *group, unsigned step)
{
    for (uint32_t i = 0; i < group->count && sink != NULL && sink->expect != NULL; i++) {
        sink->expect(sink->context, &group->commands[i], step);
    }
}

/* recall gives a group its ids out of the index. Only the digests of what has several signatures are made anew. */
static void recall(const struct body *body, const struct app *app, struct group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        struct command *command = &group->commands[i];
        if (command->signatures_count > 1) {
            app->name(app->context, command, 1);
        }
        command->id = body->block->commands[body->number + i].id;
        command->signatures[0].digest = command->id;
    }
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

/* take hashes a group and its payloads, unless that was done before, indexes it and hands it on. */
static enum verdict take(struct blocks *blocks, struct body *body, const struct app *app, struct group *group, const struct block_sink *sink)
{
    struct bytes envelopes[GROUP];

    if (body->is_known) {
        recall(body, app, group);
    } else if (app->payloads(app->context, group->commands, group->count) != CODE_OK) {
        return VERDICT_TYPE;
    } else {
        app->name(app->context, group->commands, group->count);
    }
    announce(sink, group, 0);
    for (uint32_t i = 0; i < group->count; i++) {
        envelopes[i] = bytes_of(group->commands[i].bytes.data, group->commands[i].envelope_bytes);
        keep(body->block, body->number + i, group->offsets[i], &group->commands[i]);
    }
    if (!body->is_known) {
        merkle_leaves(blocks->leaves + body->number, envelopes, group->count);
    }
    announce(sink, group, 1);
    for (uint32_t i = 0; i < group->count && sink != NULL; i++) {
        sink->command(sink->context, &group->commands[i]);
    }
    body->number += group->count;
    return VERDICT_OK;
}

static enum verdict read_body(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink)
{
    const struct block_header *header = &block->header;
    struct body body = { .block = block, .is_known = block->body_state == BODY_GOOD };
    struct group group;

    if (!blocks_are_of(blocks, header)) {
        return VERDICT_EPOCH; /* I12 */
    }
    if (header->commands_count == 0 || header->commands_count > blocks->limits.block_commands_max) {
        return VERDICT_RANGE; /* I16 */
    }
    while (body.number < header->commands_count) {
        enum verdict verdict = scan(&body, app, &group);
        if (verdict == VERDICT_OK) {
            verdict = take(blocks, &body, app, &group, sink);
        }
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    if (body.offset != block->body_bytes) {
        return VERDICT_TRAILING;
    }
    if (body.cost_ns > BLOCK_COST_NS_MAX) {
        return VERDICT_LENGTH;
    }
    if (body.is_known) {
        return VERDICT_OK;
    }
    struct hash32 root = merkle_root(blocks->leaves, header->commands_count);
    return hash_equal(&root, &header->payload_root) ? VERDICT_OK : VERDICT_HASH;
}

enum verdict block_read(struct blocks *blocks, struct block *block, const struct app *app, const struct block_sink *sink)
{
    bool was_good = block->body_state == BODY_GOOD;
    enum verdict verdict = read_body(blocks, block, app, sink);

    ASSERT(!was_good || verdict == VERDICT_OK); /* the verdict depends on header and body alone */
    block->body_state = verdict == VERDICT_OK ? BODY_GOOD : BODY_BAD;
    return verdict;
}
