/* script.c: see script.h. */
#include "sim/explore/script.h"

#include "base/assert.h"
#include "sim/oracle/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_open(struct script *script, const struct cast *cast)
{
    struct ballot root = { VOTE_ROOT, 0, { 0, 0 }, cast->chain_id };

    *script = (struct script){ .cast = cast, .blocks_count = 1, .ballots_count = 1 };
    script->lines = calloc(SCRIPT_LINES_MAX, sizeof *script->lines);
    ASSERT(script->lines != NULL);
    script->blocks[0].hash = cast->chain_id;
    script->blocks[0].header = cast->block0;
    snprintf(script->blocks[0].label, sizeof script->blocks[0].label, "root");
    script->ballots[0].ballot = root;
    snprintf(script->ballots[0].name, sizeof script->ballots[0].name, "r 0/0 root");
}

void script_close(struct script *script)
{
    for (uint32_t i = 0; i < script->lines_count; i++) {
        free(script->lines[i].body);
    }
    free(script->lines);
    *script = (struct script){ 0 };
}

struct script_mark script_mark(const struct script *script)
{
    return (struct script_mark){ script->blocks_count, script->ballots_count, script->lines_count };
}

/* --- Blocks --------------------------------------------------------------------------------------------------------- */

uint32_t script_block_of(const struct script *script, const struct hash32 *hash)
{
    for (uint32_t i = 0; i < script->blocks_count; i++) {
        if (hash_equal(&script->blocks[i].hash, hash)) {
            return i;
        }
    }
    return SCRIPT_BLOCKS_MAX;
}

static bool is_label_used(const struct script *script, const char *label)
{
    for (uint32_t i = 0; i < script->blocks_count; i++) {
        if (strcmp(script->blocks[i].label, label) == 0) {
            return true;
        }
    }
    return false;
}

/* label_block names a block by its proposer and by how much later than need be it says it was made, behind the name of its parent. */
static void label_block(const struct script *script, struct script_block *block)
{
    uint32_t parent = script_block_of(script, &block->header.parent);
    const char *before = parent == 0 || parent == SCRIPT_BLOCKS_MAX ? "" : script->blocks[parent].label;
    unsigned long long late = block->header.time_ms - script->cast->block0.time_ms - block->header.height;
    char letter = (char)('a' + late % 26);

    snprintf(block->label, sizeof block->label, "%.40s%s%u%c", before, before[0] == '\0' ? "" : ".", block->header.proposer % 10u, letter);
    for (uint32_t i = 0; i < SCRIPT_BLOCKS_MAX && is_label_used(script, block->label); i++) {
        size_t size = strlen(block->label);
        snprintf(block->label + size, sizeof block->label - size, "'");
    }
}

uint32_t script_block(struct script *script, const struct block_header *header, struct bytes body)
{
    struct hash32 hash = block_hash(header);
    uint32_t place = script_block_of(script, &hash);

    if (place == SCRIPT_BLOCKS_MAX) {
        ASSERT(script->blocks_count < SCRIPT_BLOCKS_MAX);
        place = script->blocks_count;
        struct script_block *block = &script->blocks[place];
        *block = (struct script_block){ .hash = hash, .header = *header };
        label_block(script, block);
        script->blocks_count++;
    }
    struct script_block *block = &script->blocks[place];
    if (block->body_bytes == 0 && body.size > 0) {
        ASSERT(body.size <= sizeof block->body);
        memcpy(block->body, body.data, body.size);
        block->body_bytes = (uint32_t)body.size;
    }
    return place;
}

/* --- Ballots -------------------------------------------------------------------------------------------------------- */

uint16_t script_ballot(struct script *script, const struct ballot *ballot)
{
    static const char letters[VOTE_KIND_END] = { 'r', 'o', 'f', 'c' };

    for (uint32_t i = 0; i < script->ballots_count; i++) {
        if (ballot_equal(&script->ballots[i].ballot, ballot)) {
            return (uint16_t)i;
        }
    }
    ASSERT(script->ballots_count < SCRIPT_BALLOTS_MAX);
    ASSERT(ballot->kind < VOTE_KIND_END);
    struct script_ballot *new = &script->ballots[script->ballots_count];
    *new = (struct script_ballot){ .ballot = *ballot, .block = script_block_of(script, &ballot->block) };
    const char *label = new->block == SCRIPT_BLOCKS_MAX ? "?" : script->blocks[new->block].label;
    snprintf(new->name, sizeof new->name, "%c %llu/%llu %s", letters[ballot->kind], (unsigned long long)ballot->rank.view,
             (unsigned long long)ballot->rank.height, label);
    return (uint16_t)script->ballots_count++;
}

/* --- Lines ---------------------------------------------------------------------------------------------------------- */

static uint16_t show(struct script *script, struct script_line *line, const struct ballot *ballot)
{
    uint16_t place = script_ballot(script, ballot);

    ASSERT(line->shown_count < SCRIPT_SHOWN_MAX);
    line->shown[line->shown_count++] = place;
    return place;
}

static const char *name_of(const struct script *script, uint16_t ballot)
{
    return script->ballots[ballot].name;
}

static void end_view(struct script *script, struct script_line *line, const struct timeout_cert *tc)
{
    line->ends = true;
    line->view = tc->view;
    line->high = show(script, line, &tc->high.ballot);
}

#define NAME(...) snprintf(line->name, sizeof line->name, __VA_ARGS__)

static void describe_propose(struct script *script, struct script_line *line, const struct message_propose *propose)
{
    uint16_t justify = show(script, line, &propose->justify.ballot);
    struct ballot own = { VOTE_OPENING, propose->justify.ballot.epoch, { propose->view, propose->justify.ballot.rank.height }, propose->justify.ballot.block };

    if (propose->opening) {
        end_view(script, line, &propose->tc);
        NAME("r%u opens v%llu with %s behind %s", line->from, (unsigned long long)propose->view, name_of(script, justify), name_of(script, line->high));
    } else {
        uint32_t block = script_block(script, &propose->header, propose->body);
        own = (struct ballot){ VOTE_FOLLOWING, propose->header.epoch, { propose->view, propose->header.height }, script->blocks[block].hash };
        NAME("r%u proposes v%llu %s on %s", line->from, (unsigned long long)propose->view, script->blocks[block].label, name_of(script, justify));
    }
    line->wanted = script_ballot(script, &own);
}

/* describe fills in what a message says, and its name. */
static void describe(struct script *script, struct script_line *line, const struct message *message)
{
    if (message->type == MESSAGE_PROPOSE) {
        describe_propose(script, line, &message->propose);
    } else if (message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE) {
        line->said = script_ballot(script, &message->vote.ballot);
        NAME("r%u votes %s", line->from, name_of(script, line->said));
    } else if (message->type == MESSAGE_CERT || message->type == MESSAGE_COMMITQC || message->type == MESSAGE_QC) {
        struct ballot commit = { VOTE_COMMIT, message->cert.ballot.epoch, message->cert.ballot.rank, message->cert.ballot.block };
        line->wanted = message->type == MESSAGE_CERT ? script_ballot(script, &commit) : SCRIPT_NONE;
        NAME("r%u %s %s", line->from, message_word(message->type), name_of(script, show(script, line, &message->cert.ballot)));
    } else if (message->type == MESSAGE_TIMEOUT) {
        line->times_out = true;
        line->view = message->timeout.view;
        line->high = show(script, line, &message->timeout.high.ballot);
        NAME("r%u timeout v%llu high %s", line->from, (unsigned long long)line->view, name_of(script, line->high));
    } else if (message->type == MESSAGE_TC) {
        end_view(script, line, &message->tc);
        NAME("r%u tc v%llu high %s", line->from, (unsigned long long)line->view, name_of(script, line->high));
    } else if (message->type == MESSAGE_ABDICATE) {
        line->abdicates = true;
        line->view = message->abdicate.view;
        NAME("r%u abdicate v%llu", line->from, (unsigned long long)line->view);
    } else {
        ASSERT(message->type == MESSAGE_ANSWER);
        ASSERT(message->answer.has_high);
        NAME("r%u answer %s", line->from, name_of(script, show(script, line, &message->answer.high.ballot)));
    }
}

/* slot_of gives the slot of a name, or the free one where it belongs. Bounded: at most half of the slots are used. */
static uint32_t slot_of(const struct script *script, const char *name)
{
    uint32_t at = (uint32_t)fact_digest(name, strlen(name)) / 2 % (2 * SCRIPT_LINES_MAX);

    while (script->places[at] != 0 && strcmp(script->lines[script->places[at] - 1].name, name) != 0) {
        at = (at + 1) % (2 * SCRIPT_LINES_MAX);
    }
    return at;
}

uint32_t script_line(struct script *script, uint32_t from, uint32_t to, const struct message *message, struct bytes body)
{
    struct script_line made = { .from = from, .to = to, .type = (uint8_t)message->type, .size = (uint32_t)body.size, .said = SCRIPT_NONE, .wanted = SCRIPT_NONE, .high = SCRIPT_NONE };

    describe(script, &made, message);
    if (__builtin_popcount(to) == 1 && made.said == SCRIPT_NONE) { /* A vote is for a leader anyhow. */
        size_t used = strlen(made.name);
        snprintf(made.name + used, sizeof made.name - used, " to r%d", __builtin_ctz(to));
    }
    uint32_t slot = slot_of(script, made.name);
    if (script->places[slot] != 0) {
        ASSERT(script->lines[script->places[slot] - 1].to == to);
        return script->places[slot] - 1;
    }
    ASSERT(script->lines_count < SCRIPT_LINES_MAX);
    made.body = malloc(body.size + 1);
    ASSERT(made.body != NULL);
    memcpy(made.body, body.data, body.size);
    script->lines[script->lines_count] = made;
    script->places[slot] = ++script->lines_count;
    return script->lines_count - 1;
}

uint32_t script_find(const struct script *script, const char *name)
{
    uint32_t place = script->places[slot_of(script, name)];

    return place == 0 ? SCRIPT_LINES_MAX : place - 1;
}

void script_rewind(struct script *script, struct script_mark mark)
{
    ASSERT(mark.lines <= script->lines_count);
    ASSERT(mark.blocks <= script->blocks_count);
    while (script->lines_count > mark.lines) { /* The last one that came leaves its slot first: no other was put behind it. */
        struct script_line *line = &script->lines[script->lines_count - 1];
        script->places[slot_of(script, line->name)] = 0;
        free(line->body);
        script->lines_count--;
    }
    script->ballots_count = mark.ballots;
    script->blocks_count = mark.blocks;
}
