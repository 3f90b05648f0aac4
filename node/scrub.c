/* scrub.c: see scrub.h. */
#include "node/scrub.h"

#include "base/assert.h"
#include "storage/segment.h"

void scrub_walk_begin(struct scrub_walk *walk, const uint8_t instance[16], uint32_t segment, uint32_t segment_bytes, uint64_t first, uint64_t superseded)
{
    ASSERT(superseded != 0);
    ASSERT(walk->damage != NULL);
    walk->segment = segment;
    walk->segment_blocks = segment_bytes / DISK_BLOCK;
    walk->salt = segment_salt(instance, segment);
    walk->expected = first;
    walk->superseded = superseded;
    walk->chain = 0;
    walk->gap_block = 0;
    walk->next = SEGMENT_HEAD_BLOCKS;
    walk->height = 0;
    walk->has_pending = false;
}

/* --- Damage --------------------------------------------------------------------------------------------------------- */

static void release(struct scrub_walk *walk, uint64_t height)
{
    struct recovery_damage *damage = &walk->pending;

    if (!walk->has_pending) {
        return;
    }
    walk->has_pending = false;
    damage->height_last = height > damage->height ? height : damage->height;
    damage->height = height != 0 && height < damage->height ? height : damage->height;
    walk->damage(walk->context, damage);
}

/* nameless reports batches of which nothing says what they held, and where they stood; the block behind them bounds the heights. */
static void nameless(struct scrub_walk *walk, struct record_blocks place, uint64_t batch, uint64_t batches)
{
    release(walk, walk->height_max);
    walk->pending = (struct recovery_damage){ .fate = FATE_ROT, .segment = place.segment, .block = place.begin, .block_end = place.end, .batch = batch, .batches = batches,
        .height = walk->height };
    walk->has_pending = true;
}

/* gap_until gives the blocks of the gap that ends before `block`; where nothing is left between two batches, it is the one behind it. */
static struct record_blocks gap_until(const struct scrub_walk *walk, uint32_t block)
{
    if (walk->gap_block == 0) {
        return (struct record_blocks){ walk->segment, block, block + 1 };
    }
    return (struct record_blocks){ walk->segment, walk->gap_block, block };
}

static void named(struct scrub_walk *walk, uint32_t block, uint64_t batch, const struct record_head *head)
{
    struct recovery_damage damage = { .fate = FATE_ROT, .segment = walk->segment, .block = block, .batch = batch, .batches = 1, .kind = head->kind,
        .height = head->height, .height_last = head->height, .hash = head->hash };

    walk->damage(walk->context, &damage);
}

/* --- Batches -------------------------------------------------------------------------------------------------------- */

static void height_met(struct scrub_walk *walk, const struct record_head *head)
{
    if (head->kind == RECORD_BLOCK || head->kind == RECORD_PAYLOAD) {
        release(walk, head->height);
        walk->height = head->height;
    }
}

/* records_look walks over the records of a batch; of a bad one, it names those that are. */
static void records_look(struct scrub_walk *walk, const struct batch_head *head, uint32_t block, const uint8_t *data, bool bad)
{
    struct batch_cursor cursor;
    struct record_head record;
    struct record_place at;
    uint32_t count = 0;

    batch_cursor_init(&cursor, head, data);
    while (batch_cursor_next(&cursor, &record, &at)) {
        if (bad && !record_payload_is_good(&record, data + at.offset + RECORD_HEAD_BYTES)) {
            named(walk, block, head->number, &record);
            count++;
        }
        height_met(walk, &record);
    }
    if (bad && (count == 0 || cursor.broken)) {
        nameless(walk, (struct record_blocks){ walk->segment, block, block + 1 }, head->number, 1);
    }
}

/* batch_look looks at a whole batch. */
static void batch_look(struct scrub_walk *walk, const struct batch_head *head, uint32_t block, const struct scrub_run *run)
{
    uint32_t at = block - run->block;
    const uint8_t *data = run->data + (size_t)at * DISK_BLOCK;
    const bool *unreadable = run->unreadable == NULL ? NULL : run->unreadable + at;

    if (walk->expected != 0 && head->number > walk->expected) {
        nameless(walk, gap_until(walk, block), walk->expected, head->number - walk->expected);
        walk->chain = 0;
    }
    bool broken = walk->chain != 0 && head->previous != 0 && head->previous != walk->chain;
    bool bad = broken || batch_body_check(head, data, unreadable) != BODY_GOOD;
    records_look(walk, head, block, data, bad);
    walk->expected = head->number + 1;
    walk->chain = batch_chain(data);
    walk->gap_block = 0;
}

static bool done(struct scrub_walk *walk, uint32_t block)
{
    if (walk->expected != 0 && walk->expected < walk->superseded) {
        struct record_blocks last = { walk->segment, block - 1, block };
        nameless(walk, walk->gap_block == 0 ? last : gap_until(walk, block), walk->expected, walk->superseded - walk->expected);
    }
    release(walk, walk->height_max);
    return true;
}

bool scrub_walk_look(struct scrub_walk *walk, const struct scrub_run *run)
{
    uint32_t end = run->block + run->count;

    ASSERT(run->block == walk->next);
    ASSERT(run->count >= BATCH_BLOCKS_MAX || end == walk->segment_blocks);
    for (uint32_t block = walk->next; block < end;) {
        struct batch_head head;
        bool lost = run->unreadable != NULL && run->unreadable[block - run->block];
        bool whole = !lost && batch_head_decode(run->data + (size_t)(block - run->block) * DISK_BLOCK, batch_seed(walk->salt, block), &head) == ERR_OK;
        if (!whole || head.number < walk->expected || block + head.blocks > walk->segment_blocks) {
            walk->gap_block = walk->gap_block == 0 ? block : walk->gap_block; /* not of this log, or the zeros behind it */
            walk->next = ++block;
            continue;
        }
        if (head.number >= walk->superseded) {
            break; /* void: an earlier recovery dropped it */
        }
        if (block + head.blocks > end) {
            walk->next = block;
            return false;
        }
        batch_look(walk, &head, block, run);
        block += head.blocks;
        walk->next = block;
        if (walk->expected >= walk->superseded) {
            return done(walk, block);
        }
    }
    return walk->next >= walk->segment_blocks || walk->next < end ? done(walk, walk->segment_blocks) : false;
}
