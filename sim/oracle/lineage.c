/* lineage.c: see lineage.h. Invariant: the points above are of a higher rank than the committed one and descend from it, as far as is known. */
#include "sim/oracle/lineage.h"

#include "base/assert.h"

#include <stdlib.h>

enum topic { TOPIC_PARENT = 1, TOPIC_PLACE, TOPIC_OPENING };

static uint64_t digest_of(const struct hash32 *hash)
{
    return fact_digest(hash->bytes, HASH_BYTES);
}

void lineage_init(struct lineage *lineage, const struct hash32 *chain_id)
{
    *lineage = (struct lineage){ .committed = { { 0, 0 }, digest_of(chain_id) } };
    facts_init(&lineage->parents);
    facts_init(&lineage->places);
    facts_init(&lineage->openings);
    (void)facts_keep(&lineage->places, fact_name(TOPIC_PLACE, 0, 0, 0), lineage->committed.block);
}

void lineage_close(struct lineage *lineage)
{
    facts_close(&lineage->parents);
    facts_close(&lineage->places);
    facts_close(&lineage->openings);
    free(lineage->above);
    *lineage = (struct lineage){ .above = NULL };
}

static bool breaks(struct lineage *lineage, const char *rule, struct rank rank)
{
    if (lineage->broken == NULL) {
        lineage->broken = rule;
        lineage->view = rank.view;
        lineage->height = rank.height;
    }
    return false;
}

uint64_t lineage_parent(const struct lineage *lineage, uint64_t block)
{
    return facts_find(&lineage->parents, fact_name(TOPIC_PARENT, block, 0, 0));
}

void lineage_header(struct lineage *lineage, const struct block_header *header)
{
    struct hash32 hash = block_hash(header);

    (void)facts_keep(&lineage->parents, fact_name(TOPIC_PARENT, digest_of(&hash), 0, 0), digest_of(&header->parent));
}

/* descends tells whether a point extends another one, or whether that cannot be known. */
static bool descends(const struct lineage *lineage, const struct lineage_point *point, const struct lineage_point *from)
{
    uint64_t at = point->block;

    if (point->rank.height < from->rank.height) {
        return false;
    }
    for (uint64_t height = point->rank.height; height > from->rank.height && at != 0; height--) {
        at = lineage_parent(lineage, at);
    }
    return at == 0 || at == from->block;
}

/* commit moves the committed point up. Everything certified above it must extend it. (I10) */
static bool commit(struct lineage *lineage, const struct lineage_point *point)
{
    size_t kept = 0;

    if (rank_compare(point->rank, lineage->committed.rank) <= 0) {
        return true;
    }
    if (!descends(lineage, point, &lineage->committed)) {
        return breaks(lineage, "I10: a block is committed that does not extend what was", point->rank);
    }
    lineage->committed = *point;
    for (size_t i = 0; i < lineage->count; i++) {
        const struct lineage_point *other = &lineage->above[i];
        if (rank_compare(other->rank, point->rank) <= 0) {
            continue;
        }
        if (!descends(lineage, other, point)) {
            return breaks(lineage, "I10: a block is committed below a certified one that does not extend it", other->rank);
        }
        lineage->above[kept++] = *other;
    }
    lineage->count = kept;
    return true;
}

static void remember(struct lineage *lineage, const struct lineage_point *point)
{
    for (size_t i = 0; i < lineage->count; i++) {
        if (rank_compare(lineage->above[i].rank, point->rank) == 0) {
            return;
        }
    }
    if (lineage->count == lineage->capacity) {
        lineage->capacity = 2 * lineage->capacity + 16;
        lineage->above = realloc(lineage->above, lineage->capacity * sizeof *lineage->above);
        ASSERT(lineage->above != NULL);
    }
    lineage->above[lineage->count++] = *point;
}

/* continues looks whether a block that followed stands on the one below it in its view; that one is committed then. (I5, C1) */
static bool continues(struct lineage *lineage, const struct ballot *ballot, const struct lineage_point *point)
{
    uint64_t parent = lineage_parent(lineage, point->block);
    uint64_t below = facts_find(&lineage->places, fact_name(TOPIC_PLACE, ballot->epoch, ballot->rank.view, ballot->rank.height - 1));

    if (parent == 0) {
        return true;
    }
    if (below != parent) {
        return breaks(lineage, "I5: a certified block does not stand on the certified one below it in its view", ballot->rank);
    }
    return commit(lineage, &(struct lineage_point){ { ballot->rank.view, ballot->rank.height - 1 }, parent });
}

static bool opens(struct lineage *lineage, const struct ballot *ballot, const struct lineage_point *point)
{
    uint64_t name = fact_name(TOPIC_OPENING, ballot->epoch, ballot->rank.view, 0), value = fact_name(TOPIC_OPENING, ballot->rank.height, point->block, 1);

    return facts_keep(&lineage->openings, name, value) == value || breaks(lineage, "I5: a view has two certified openings", ballot->rank);
}

bool lineage_certified(struct lineage *lineage, const struct ballot *ballot)
{
    struct lineage_point point = { ballot->rank, digest_of(&ballot->block) };

    if (lineage->broken != NULL || ballot->kind == VOTE_ROOT) {
        return lineage->broken == NULL;
    }
    if (ballot->kind == VOTE_COMMIT) {
        return commit(lineage, &point);
    }
    (void)facts_keep(&lineage->places, fact_name(TOPIC_PLACE, ballot->epoch, ballot->rank.view, ballot->rank.height), point.block);
    if (rank_compare(point.rank, lineage->committed.rank) > 0) {
        if (!descends(lineage, &point, &lineage->committed)) {
            return breaks(lineage, "I10: a block is certified above a committed one that it does not extend", point.rank);
        }
        remember(lineage, &point);
    }
    return ballot->kind == VOTE_OPENING ? opens(lineage, ballot, &point) : continues(lineage, ballot, &point);
}
