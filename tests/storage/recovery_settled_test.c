/* Damage, a start, notes that settle what it found, the next start: over and over, at random places. What was settled once is not found again. */
#include "base/rng.h"
#include "storage/recovery.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SEGMENTS_MAX 64u
#define ROUNDS 6

/* The disk of a store whose files can be cut short: the sizes are ours, everything else is its own. */
static struct disk_ops cut_ops;
static const struct disk_ops *whole_ops;
static uint64_t size_of[SEGMENTS_MAX + 1]; /* 0: as it is */

static enum err cut_size_bytes(struct disk *disk, uint32_t segment, uint64_t *bytes)
{
    enum err err = whole_ops->size_bytes(disk, segment, bytes);

    *bytes = segment <= SEGMENTS_MAX && size_of[segment] != 0 ? size_of[segment] : *bytes;
    return err;
}

static enum err cut_write_start(struct disk *disk, struct disk_request *request)
{
    uint64_t end = request->offset + request->bytes;

    if (request->file <= SEGMENTS_MAX && size_of[request->file] != 0 && size_of[request->file] < end) {
        size_of[request->file] = end;
    }
    return whole_ops->write_start(disk, request);
}

static enum err cut_discard(struct disk *disk, uint32_t segment)
{
    if (segment <= SEGMENTS_MAX) {
        size_of[segment] = 0;
    }
    return whole_ops->discard(disk, segment);
}

static struct store *open_cuttable(const struct store_config *config)
{
    struct store *store = store_open(config);

    memset(size_of, 0, sizeof size_of);
    whole_ops = store->disk.disk.ops;
    cut_ops = *whole_ops;
    cut_ops.size_bytes = cut_size_bytes;
    cut_ops.write_start = cut_write_start;
    cut_ops.discard = cut_discard;
    store->disk.disk.ops = &cut_ops;
    return store;
}

/* settle_all appends a note for each piece of damage, as the driver does once nothing of it is missing any more. */
static void settle_all(struct store *store)
{
    static uint8_t bytes[REPAIR_NOTE_BYTES];
    uint64_t lsn;

    for (uint32_t i = 0; i < store->outcome.damage_count; i++) {
        struct repair_note note = recovery_note(&store->outcome.damage[i]);
        struct bytes part = bytes_of(bytes, sizeof bytes);
        struct log_record record = { .kind = RECORD_REPAIR, .parts = &part, .parts_count = 1 };

        repair_note_encode(&note, bytes);
        for (int tries = 0; tries < 3 && !repair_notes_cover(&store->log.repairs, &note); tries++) { /* one that was cut in two is written again */
            cr_assert_eq(segment_log_append(&store->log, segment_log_capsule(&store->log), &record, 1, &lsn), ERR_OK);
            store->lsn_base++;
            store_run(store);
        }
        cr_assert(repair_notes_cover(&store->log.repairs, &note));
    }
}

/* damage changes one place of one segment. Gives: what it did. */
static const char *damage(struct store *store, struct rng *rng)
{
    static char what[80];
    uint32_t segment = 1 + (uint32_t)rng_below(rng, store->log.at.segment), blocks = store->config.segment_bytes / DISK_BLOCK;
    uint32_t block = (uint32_t)rng_below(rng, rng_below(rng, 3) == 0 ? 3 : blocks), kind = (uint32_t)rng_below(rng, 3);
    uint8_t *data = sim_disk_sector(&store->disk, segment, (uint64_t)block * DISK_BLOCK);

    snprintf(what, sizeof what, "%s at block %u of segment %u (newest %u)", kind == 0 ? "flip" : kind == 1 ? "zero" : "cut", block, segment, store->log.at.segment);
    if (data == NULL) {
        return "nothing";
    }
    if (kind == 0) {
        data[rng_below(rng, DISK_BLOCK)] ^= (uint8_t)(1u << rng_below(rng, 8));
    } else if (kind == 1) {
        uint32_t run = 1 + (uint32_t)rng_below(rng, 4);
        for (uint32_t i = 0; i < run && block + i < blocks; i++) {
            memset(sim_disk_sector(&store->disk, segment, (uint64_t)(block + i) * DISK_BLOCK), 0, DISK_BLOCK);
        }
    } else {
        size_of[segment] = (uint64_t)block * DISK_BLOCK + 1;
        for (; block < blocks; block++) {
            memset(sim_disk_sector(&store->disk, segment, (uint64_t)block * DISK_BLOCK), 0, DISK_BLOCK);
        }
    }
    return what;
}

static void play(uint64_t seed)
{
    struct store_config config = { .seed = seed, .segment_bytes = 32 * DISK_BLOCK, .segments_max = SEGMENTS_MAX, .queue_batches = 8, .batch_bytes_max = 2 * DISK_BLOCK, .size_max = 20000 };
    struct store *store = open_cuttable(&config);
    struct rng rng;
    char story[1024] = "";
    size_t at = 0;

    rng_init(&rng, seed);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t groups = 1 + rng_below(&rng, 12);
        for (uint64_t i = 0; i < groups; i++) {
            cr_assert_eq(store_append(store), ERR_OK);
            store_run(store);
        }
        store_floor(store, store->log.at.batch);
        at += (size_t)snprintf(story + at, sizeof story - at, "%s; ", damage(store, &rng));
        if (store_recover(store) != ERR_OK || store->outcome.sign == SIGN_NEVER) {
            break;
        }
        store_start(store);
        uint32_t damaged = store->outcome.damage_count;
        settle_all(store);
        if (rng_below(&rng, 2) == 0) {
            cr_assert_eq(store_append(store), ERR_OK);
            store_run(store);
        }
        store_floor(store, store->log.at.batch);
        cr_assert_eq(store_recover(store), ERR_OK);
        const struct recovery_damage *left = &store->outcome.damage[0];
        cr_expect_eq(store->outcome.damage_count, 0, "seed %lu: %s: %u settled, left: %s segment %u block %u batch %lu + %lu kind %u", seed, story, damaged, batch_fate_name(left->fate), left->segment,
                     left->block, left->batch, left->batches, left->kind);
        if (store->outcome.damage_count != 0) {
            break;
        }
        store_start(store);
    }
    store_close(store);
}

Test(recovery_settled, nothing_that_was_settled_is_found_again_S5)
{
    for (uint64_t seed = 40; seed < 140; seed++) { /* 50, 58, 88, 103 and 136 found a record again whose end never came: it was named by where its end was missed */
        play(seed);
    }
}
