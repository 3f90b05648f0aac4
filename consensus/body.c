/* body.c: see body.h. */
#include "consensus/body.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

enum { GROUP = 16 }; /* commands that are hashed at once */

/* keep indexes a command that begins at `offset`. */
static void keep(const struct body_reading *reading, uint32_t number, uint32_t offset, const struct command *command)
{
    ASSERT(number < reading->commands_max);
    ASSERT(command->envelope_bytes <= command->bytes.size);
    reading->commands[number] = (struct block_command){ .offset = offset,
                                                        .envelope_bytes = command->envelope_bytes,
                                                        .payload_bytes = (uint32_t)command->bytes.size - command->envelope_bytes,
                                                        .id = command->id,
                                                        .tokens = command->tokens };
}

/* A few commands of a body, which are hashed side by side. */
struct group {
    struct command commands[GROUP];
    uint32_t offsets[GROUP];
    uint32_t count;
};

/* What is left of a body, and what was seen of it. */
struct body {
    const struct body_reading *reading;
    uint32_t number;  /* of the next command */
    uint32_t offset;
    uint64_t cost_ns;
};

/* scan reads the next few commands, unhashed. */
static enum verdict scan(struct body *body, const struct app *app, struct group *group)
{
    const struct block_header *header = body->reading->header;
    struct bytes bytes = body->reading->bytes;
    uint32_t left = header->commands_count - body->number;

    ASSERT(body->number < header->commands_count);
    ASSERT(body->offset <= bytes.size);
    group->count = left < GROUP ? left : GROUP;
    for (uint32_t i = 0; i < group->count; i++) {
        struct command *command = &group->commands[i];
        struct bytes rest = bytes_of(bytes.data + body->offset, bytes.size - body->offset);
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

/* recall gives the next few commands of a body that is known, with their ids, out of the index. Only the digests of what has several signatures are made anew. */
static void recall(struct body *body, const struct app *app, struct group *group)
{
    const struct body_reading *reading = body->reading;
    uint32_t left = reading->header->commands_count - body->number;

    ASSERT(reading->is_known);
    ASSERT(body->number < reading->header->commands_count);
    group->count = left < GROUP ? left : GROUP;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct block_command *entry = &reading->commands[body->number + i];
        struct command *command = &group->commands[i];
        struct bytes bytes = bytes_of(reading->bytes.data + entry->offset, (size_t)entry->envelope_bytes + entry->payload_bytes);
        ASSERT(entry->offset == body->offset); /* commands stand side by side */
        ASSERT(bytes.size <= reading->bytes.size - entry->offset);
        app->recall(app->context, bytes, entry->envelope_bytes, entry->tokens, command);
        if (command->signatures_count > 1) {
            app->name(app->context, command, 1);
        }
        command->id = entry->id;
        command->signatures[0].digest = entry->id;
        body->offset += (uint32_t)bytes.size;
    }
}

/* enter puts a group that has its ids into the index, and hashes its leaves. */
static void enter(const struct body *body, const struct group *group)
{
    struct bytes envelopes[GROUP];

    ASSERT(!body->reading->is_known);
    for (uint32_t i = 0; i < group->count; i++) {
        envelopes[i] = bytes_of(group->commands[i].bytes.data, group->commands[i].envelope_bytes);
        keep(body->reading, body->number + i, group->offsets[i], &group->commands[i]);
    }
    merkle_leaves(body->reading->leaves + body->number, envelopes, group->count);
}

/* take reads the next few commands, names, indexes and hashes them and their payloads unless that was done before, and hands them on. */
static enum verdict take(struct body *body, const struct app *app, const struct block_sink *sink)
{
    struct group group;
    bool is_known = body->reading->is_known;

    if (is_known) {
        recall(body, app, &group);
    } else {
        enum verdict verdict = scan(body, app, &group);
        if (verdict != VERDICT_OK || app->payloads(app->context, group.commands, group.count) != CODE_OK) {
            return verdict != VERDICT_OK ? verdict : VERDICT_TYPE;
        }
        app->name(app->context, group.commands, group.count);
    }
    announce(sink, &group, 0);
    if (!is_known) {
        enter(body, &group);
    }
    announce(sink, &group, 1);
    for (uint32_t i = 0; i < group.count && sink != NULL; i++) {
        sink->command(sink->context, &group.commands[i]);
    }
    body->number += group.count;
    return VERDICT_OK;
}

enum verdict body_read(const struct body_reading *reading, const struct app *app, const struct block_sink *sink)
{
    const struct block_header *header = reading->header;
    struct body body = { .reading = reading };

    if (!body_is_of(header, reading->epoch)) {
        return VERDICT_EPOCH; /* I12 */
    }
    if (header->commands_count == 0 || header->commands_count > reading->commands_max) {
        return VERDICT_RANGE; /* I16 */
    }
    while (body.number < header->commands_count) {
        enum verdict verdict = take(&body, app, sink);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    if (body.offset != reading->bytes.size) {
        return VERDICT_TRAILING;
    }
    if (reading->is_known) {
        return VERDICT_OK;
    }
    if (body.cost_ns > BLOCK_COST_NS_MAX) {
        return VERDICT_LENGTH;
    }
    struct hash32 root = merkle_root(reading->leaves, header->commands_count);
    return hash_equal(&root, &header->payload_root) ? VERDICT_OK : VERDICT_HASH;
}

/* --- Ahead ---------------------------------------------------------------------------------------------------------- */

void body_ahead_take(struct body_ahead *ahead, struct arena *arena, const struct config *epoch)
{
    const struct config_limits *limits = &epoch->limits;

    *ahead = (struct body_ahead){ .epoch = epoch->epoch, .limits = *limits, .verdict = VERDICT_COUNT };
    ahead->body = arena_take(arena, limits->block_bytes_max, 1);
    ahead->commands = arena_take(arena, limits->block_commands_max, sizeof *ahead->commands);
    ahead->leaves = arena_take(arena, limits->block_commands_max, sizeof *ahead->leaves);
}

void body_ahead_fill(struct body_ahead *ahead, const struct block_header *header, struct bytes body)
{
    ASSERT(body.size <= ahead->limits.block_bytes_max);
    ahead->header = *header;
    ahead->body_bytes = (uint32_t)body.size;
    ahead->verdict = VERDICT_COUNT;
    if (body.size > 0) {
        memcpy(ahead->body, body.data, body.size);
    }
}

void body_ahead_read(struct body_ahead *ahead, const struct app *app)
{
    struct body_reading reading = {
        .header = &ahead->header,
        .bytes = bytes_of(ahead->body, ahead->body_bytes),
        .epoch = ahead->epoch,
        .commands_max = ahead->limits.block_commands_max,
        .commands = ahead->commands,
        .leaves = ahead->leaves,
    };

    ASSERT(ahead->verdict == VERDICT_COUNT); /* each body is read once */
    ahead->verdict = body_read(&reading, app, NULL);
}
