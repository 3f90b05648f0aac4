/* census.c: see census.h. Every loop ends with the lists that it walks; chains of blocks end at the root. */
#include "sim/explore/census.h"

#include "base/assert.h"
#include "sim/oracle/facts.h"
#include "sim/oracle/quorums.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* --- Counting ------------------------------------------------------------------------------------------------------- */

static uint32_t needed(const struct census_voices *voices)
{
    return quorums_size(voices->count + voices->liars) - voices->liars;
}

/* join adds a ballot to a list that ascends. */
static void join(uint16_t *list, uint32_t *count, uint16_t ballot)
{
    uint32_t at = *count;

    for (uint32_t i = 0; i < *count; i++) {
        if (list[i] == ballot) {
            return;
        }
    }
    ASSERT(*count < CENSUS_BALLOTS_MAX);
    for (; at > 0 && list[at - 1] > ballot; at--) {
        list[at] = list[at - 1];
    }
    list[at] = ballot;
    (*count)++;
}

/* has_said tells whether a member voted for a ballot. */
static bool has_said(const struct script *script, const struct census_voices *voices, uint32_t member, uint16_t ballot)
{
    for (uint32_t i = 0; i < voices->said_count[member]; i++) {
        if (script->lines[voices->said[member][i]].said == ballot) {
            return true;
        }
    }
    return false;
}

static void count_vote(struct census *census, const struct script *script, const struct census_voices *voices, const struct script_line *line)
{
    uint32_t members = 0;

    for (uint32_t member = 0; member < voices->count; member++) {
        members += has_said(script, voices, member, line->said);
    }
    if (members < needed(voices)) {
        return;
    }
    if (script->ballots[line->said].ballot.kind == VOTE_COMMIT) {
        join(census->commits, &census->commits_count, line->said);
    } else {
        join(census->certified, &census->certified_count, line->said);
    }
}

/* note_leader keeps what an honest leader waits for votes for: what it proposed, and what it asked commit votes for. */
static void note_leader(struct census *census, const struct script *script, const struct script_line *line)
{
    if (line->wanted != SCRIPT_NONE) {
        ASSERT(line->wanted < script->ballots_count);
        join(census->led, &census->led_count, line->wanted);
    }
}

/* lowest_of gives the lowest rank that a member stated when it timed a view out. Gives: false when it did not. */
static bool lowest_of(const struct script *script, const struct census_voices *voices, uint32_t member, uint64_t view, struct rank *rank)
{
    bool found = false;

    for (uint32_t i = 0; i < voices->said_count[member]; i++) {
        const struct script_line *line = &script->lines[voices->said[member][i]];
        if (line->times_out && line->view == view) {
            struct rank stated = script->ballots[line->high].ballot.rank;
            *rank = found && rank_compare(*rank, stated) < 0 ? *rank : stated;
            found = true;
        }
    }
    return found;
}

/* count_timeouts finds the lowest rank that the TC of a view can have: that of the last of the fewest who suffice. */
static void count_timeouts(struct census *census, const struct script *script, const struct census_voices *voices, uint32_t view)
{
    struct rank ranks[8];
    uint32_t count = 0, need = needed(voices);

    for (uint32_t member = 0; member < voices->count; member++) {
        struct rank rank;
        if (!lowest_of(script, voices, member, view, &rank)) {
            continue;
        }
        uint32_t at = count++;
        for (; at > 0 && rank_compare(ranks[at - 1], rank) > 0; at--) {
            ranks[at] = ranks[at - 1];
        }
        ranks[at] = rank;
    }
    census->ended[view] = count >= need;
    if (count >= need) {
        census->ended_rank[view] = ranks[need - 1];
    }
}

void census_take(struct census *census, const struct script *script, const struct census_voices *voices)
{
    ASSERT(voices->views <= CENSUS_VIEWS_MAX);
    memset(census, 0, sizeof *census);
    join(census->certified, &census->certified_count, 0);
    for (uint32_t member = 0; member < voices->count; member++) {
        for (uint32_t i = 0; i < voices->said_count[member]; i++) {
            const struct script_line *line = &script->lines[voices->said[member][i]];
            if (line->said != SCRIPT_NONE) {
                count_vote(census, script, voices, line);
            }
            note_leader(census, script, line);
        }
    }
    for (uint32_t view = 0; view < voices->views; view++) {
        count_timeouts(census, script, voices, view);
    }
    census->name = fact_digest(census, offsetof(struct census, name));
}

/* --- Concluding ----------------------------------------------------------------------------------------------------- */

static uint32_t parent_of(const struct script *script, uint32_t block)
{
    return block == 0 ? SCRIPT_BLOCKS_MAX : script_block_of(script, &script->blocks[block].header.parent);
}

/* descends tells whether a block is another one or stands on it. */
static bool descends(const struct script *script, uint32_t block, uint32_t from)
{
    while (block != SCRIPT_BLOCKS_MAX && block != from) {
        block = parent_of(script, block);
    }
    return block == from;
}

/* broken notes the first rule that does not hold, and what it is about. */
static void broken(struct census *census, const char *one, const char *what, const char *other)
{
    if (census->broken[0] == '\0') {
        snprintf(census->broken, sizeof census->broken, "%s: %s and %s", what, one, other);
    }
}

/* compare looks at two certificates of one view. Source: I4, I5. */
static void compare(struct census *census, const struct script *script, uint16_t a, uint16_t b)
{
    const struct script_ballot *one = &script->ballots[a], *other = &script->ballots[b];

    if (one->ballot.rank.view != other->ballot.rank.view) {
        return;
    }
    if (one->ballot.rank.height == other->ballot.rank.height && one->block != other->block) {
        broken(census, one->name, "I4: two blocks of one rank can be certified", other->name);
    }
    if (one->ballot.kind == VOTE_OPENING && other->ballot.kind == VOTE_OPENING && a != b) {
        broken(census, one->name, "I5: one view can have two openings", other->name);
    }
}

/* below gives the certificate of the parent in the same view, SCRIPT_NONE when there is none. */
static uint16_t below(const struct census *census, const struct script *script, const struct script_ballot *follows)
{
    uint32_t parent = follows->block == SCRIPT_BLOCKS_MAX ? SCRIPT_BLOCKS_MAX : parent_of(script, follows->block);

    for (uint32_t i = 0; i < census->certified_count; i++) {
        const struct script_ballot *other = &script->ballots[census->certified[i]];
        if (other->ballot.rank.view == follows->ballot.rank.view && other->block == parent) {
            return census->certified[i];
        }
    }
    return SCRIPT_NONE;
}

/* commit notes a block and its ancestors, and what is certified beside it above its rank. Source: I1, I10. */
static void commit(struct census *census, const struct script *script, uint16_t at)
{
    const struct script_ballot *committed = &script->ballots[at];

    for (uint32_t block = committed->block; block != SCRIPT_BLOCKS_MAX; block = parent_of(script, block)) {
        census->committed |= UINT64_C(1) << block;
    }
    for (uint32_t i = 0; i < census->certified_count; i++) {
        const struct script_ballot *other = &script->ballots[census->certified[i]];
        if (rank_compare(other->ballot.rank, committed->ballot.rank) > 0 && !descends(script, other->block, committed->block)) {
            broken(census, committed->name, "I10: one is committed, the other can be certified above it", other->name);
        }
    }
}

/* agree looks whether what is committed is one chain. Source: I1. */
static void agree(struct census *census, const struct script *script)
{
    for (uint32_t a = 0; a < script->blocks_count; a++) {
        for (uint32_t b = a + 1; b < script->blocks_count; b++) {
            bool both = (census->committed >> a & 1) != 0 && (census->committed >> b & 1) != 0;
            if (both && script->blocks[a].header.height == script->blocks[b].header.height) {
                broken(census, script->blocks[a].label, "I1: two blocks of one height are committed", script->blocks[b].label);
            }
        }
    }
}

void census_conclude(struct census *census, const struct script *script)
{
    census->committed = 1;
    for (uint32_t i = 0; i < census->certified_count; i++) {
        const struct script_ballot *one = &script->ballots[census->certified[i]];
        if (one->ballot.kind == VOTE_FOLLOWING) {
            uint16_t parent = below(census, script, one);
            if (parent == SCRIPT_NONE) {
                broken(census, one->name, "I5: one can be certified, and nothing below it in its view", "its parent");
            } else {
                commit(census, script, parent); /* C1 */
            }
        }
        for (uint32_t k = 0; k < i; k++) {
            compare(census, script, census->certified[k], census->certified[i]);
        }
    }
    for (uint32_t i = 0; i < census->commits_count; i++) {
        commit(census, script, census->commits[i]); /* C2 */
    }
    agree(census, script);
}

static bool is_in(const uint16_t *list, uint32_t count, uint16_t ballot)
{
    for (uint32_t i = 0; i < count; i++) {
        if (list[i] == ballot) {
            return true;
        }
    }
    return false;
}

bool census_stands(const struct census *census, const struct script *script, const struct script_line *line)
{
    for (uint32_t i = 0; i < line->shown_count; i++) {
        bool commit = script->ballots[line->shown[i]].ballot.kind == VOTE_COMMIT;
        if (!is_in(commit ? census->commits : census->certified, commit ? census->commits_count : census->certified_count, line->shown[i])) {
            return false;
        }
    }
    bool ends = line->ends && line->view < CENSUS_VIEWS_MAX;
    return !ends || (census->ended[line->view] && rank_compare(census->ended_rank[line->view], script->ballots[line->high].ballot.rank) <= 0);
}
