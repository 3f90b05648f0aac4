/* trail.c: see trail.h. A ring of blocks in the order of the log; buckets chain backwards through it by ever-growing numbers, as in storage/record_index.c.
 *
 * Invariants: numbers last - capacity + 1 .. last are here; the settled chain is within one ring of heights. */
#include "consensus/trail.h"

#include "base/assert.h"
#include "base/bytes.h"

void trail_take(struct trail *trail, struct arena *arena, uint32_t capacity)
{
    ASSERT(capacity > 0);
    ASSERT((capacity & (capacity - 1)) == 0);
    *trail = (struct trail){ .blocks = arena_take(arena, capacity, sizeof *trail->blocks), .buckets = arena_take(arena, capacity, sizeof *trail->buckets),
        .chain = arena_take(arena, capacity, sizeof *trail->chain), .capacity = capacity, .low = 1 };
}

static struct trail_block *block_of(const struct trail *trail, uint64_t number)
{
    ASSERT(number > 0);
    ASSERT(number <= trail->last);
    return &trail->blocks[number & (trail->capacity - 1)];
}

static uint64_t *bucket_of(const struct trail *trail, const struct hash32 *hash)
{
    uint64_t head = 0;

    for (unsigned i = 0; i < 8; i++) {
        head = head << 8 | hash->bytes[i];
    }
    return &trail->buckets[head & (trail->capacity - 1)];
}

static bool is_here(const struct trail *trail, uint64_t number) { return number > 0 && number + trail->capacity > trail->last; }

static struct trail_block *find(const struct trail *trail, const struct hash32 *hash)
{
    for (uint64_t number = *bucket_of(trail, hash); is_here(trail, number);) { /* Numbers only fall. */
        struct trail_block *block = block_of(trail, number);
        if (hash_equal(&block->hash, hash)) {
            return block;
        }
        ASSERT(block->previous < number);
        number = block->previous;
    }
    return NULL;
}

void trail_add(struct trail *trail, const struct block_header *header, const struct hash32 *hash, const struct ballot *justify)
{
    struct trail_block *block = find(trail, hash);

    if (block == NULL) {
        uint64_t *bucket = bucket_of(trail, hash);
        trail->last++;
        block = block_of(trail, trail->last);
        *block = (struct trail_block){ .hash = *hash, .parent = header->parent, .height = header->height, .previous = *bucket };
        *bucket = trail->last;
    }
    if (justify != NULL && block->justify.kind == VOTE_ROOT) {
        block->justify = *justify;
    }
    ASSERT(block->height == header->height);
}

/* committed_by gives the block that two certificates of one view commit: `second` certifies a child whose own certificate is of its parent (C1). NULL: none. */
static const struct trail_block *committed_by(const struct trail *trail, const struct ballot *second)
{
    const struct trail_block *child = second->kind == VOTE_FOLLOWING ? find(trail, &second->block) : NULL;

    if (child == NULL || child->justify.kind == VOTE_ROOT || child->justify.kind == VOTE_COMMIT || child->justify.rank.view != second->rank.view ||
        !hash_equal(&child->justify.block, &child->parent)) {
        return NULL;
    }
    const struct trail_block *block = find(trail, &child->parent);
    ASSERT(block == NULL || block->height < child->height); /* C1 */
    return block;
}

static const struct trail_block *higher(const struct trail_block *a, const struct trail_block *b)
{
    return a == NULL || (b != NULL && b->height > a->height) ? b : a;
}

uint64_t trail_settle(struct trail *trail, const struct ballot *high, const struct ballot *proved)
{
    const struct trail_block *tip = higher(committed_by(trail, high), proved == NULL ? NULL : find(trail, &proved->block));
    uint64_t first = trail->last >= trail->capacity ? trail->last - trail->capacity + 1 : 1;

    for (uint64_t number = first; number <= trail->last; number++) {
        tip = higher(tip, committed_by(trail, &block_of(trail, number)->justify));
    }
    trail->low = 1;
    trail->high = 0;
    const struct trail_block *at = tip == NULL ? NULL : find(trail, &tip->parent);
    while (at != NULL && (trail->high == 0 || trail->high - at->height < trail->capacity)) {
        ASSERT(trail->high == 0 || at->height + 1 == trail->low);
        trail->high = trail->high == 0 ? at->height : trail->high;
        trail->low = at->height;
        trail->chain[at->height & (trail->capacity - 1)] = at->hash;
        const struct trail_block *below = find(trail, &at->parent);
        at = below != NULL && below->height + 1 == at->height ? below : NULL;
    }
    trail_check(trail);
    return trail->high == 0 ? 0 : trail->high - trail->low + 1;
}

const struct hash32 *trail_at(const struct trail *trail, uint64_t height)
{
    return height >= trail->low && height <= trail->high ? &trail->chain[height & (trail->capacity - 1)] : NULL;
}

void trail_check(const struct trail *trail)
{
    ASSERT(trail->high == 0 || trail->low <= trail->high);
    ASSERT(trail->high == 0 || trail->high - trail->low < trail->capacity);
}
