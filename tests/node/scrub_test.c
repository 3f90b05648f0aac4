/* scrub_test.c: the walk over a closed segment finds what recovery finds, and nothing in a segment that is whole. */
#include "node/scrub.h"
#include "storage/segment.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct store_config config = { .seed = 4, .segment_bytes = 64 * DISK_BLOCK, .segments_max = 16, .queue_batches = 4, .size_max = 12000 };

static struct recovery_damage found[16];
static uint32_t found_count;

static void damage(void *context, const struct recovery_damage *what)
{
    (void)context;
    cr_assert_lt(found_count, 16);
    found[found_count++] = *what;
}

/* filled gives a store whose first segment is closed. */
static struct store *filled(void)
{
    struct store *store = store_open(&config);

    while (store->log.at.segment < 3) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    return store;
}

static uint64_t first_batch(struct store *store, uint32_t segment)
{
    struct segment_head head;

    cr_assert_eq(segment_head_decode(sim_disk_sector(&store->disk, segment, 0), &head), ERR_OK);
    return head.first_batch;
}

/* look walks over segment 1. Gives: how much was found. */
static uint32_t look(struct store *store, const bool *unreadable)
{
    struct scrub_walk walk = { .damage = damage, .height_max = 99 };
    bool over = false;

    found_count = 0;
    scrub_walk_begin(&walk, store_instance, 1, config.segment_bytes, 1, first_batch(store, 2));
    for (uint32_t i = 0; i < 64 && !over; i++) {
        struct scrub_run run = { walk.next, walk.segment_blocks - walk.next, sim_disk_sector(&store->disk, 1, (uint64_t)walk.next * DISK_BLOCK), unreadable == NULL ? NULL : unreadable + walk.next };
        over = scrub_walk_look(&walk, &run);
    }
    cr_assert(over);
    return found_count;
}

Test(scrub, finds_nothing_in_a_segment_that_is_whole)
{
    struct store *store = filled();

    cr_assert_eq(look(store, NULL), 0);
    cr_assert_eq(store_recover(store), ERR_OK);
    cr_assert_eq(store->outcome.damage_count, 0);
    store_close(store);
}

/* Every sector behind the header blocks in turn: where recovery finds damage the walk finds the same places, and nowhere else. */
Test(scrub, finds_in_every_sector_what_recovery_finds)
{
    uint32_t damaged = 0;

    for (uint32_t sector = SEGMENT_HEAD_BLOCKS * DISK_SECTORS_PER_BLOCK; sector < config.segment_bytes / DISK_SECTOR; sector += 5) {
        struct store *store = filled();
        sim_disk_sector(&store->disk, 1, (uint64_t)sector * DISK_SECTOR)[sector % DISK_SECTOR] ^= 4;
        uint32_t count = look(store, NULL);
        cr_assert_eq(store_recover(store), ERR_OK);
        cr_assert_eq(count, store->outcome.damage_count, "sector %u", sector);
        for (uint32_t i = 0; i < count; i++) {
            const struct recovery_damage *same = &store->outcome.damage[i];
            cr_assert_eq(found[i].batch, same->batch);
            cr_assert_eq(found[i].batches, same->batches);
            cr_assert_eq(found[i].kind, same->kind);
            cr_assert_eq(found[i].height, same->height);
            cr_assert(found[i].kind == 0 || found[i].block == same->block, "sector %u", sector); /* Of batches at the end recovery hears in the next segment. */
            cr_assert(hash_equal(&found[i].hash, &same->hash));
        }
        damaged += count > 0;
        store_close(store);
    }
    cr_assert_gt(damaged, 50);
}

Test(scrub, a_block_that_cannot_be_read_is_damage_of_its_batch_alone)
{
    struct store *store = filled();
    bool unreadable[64] = { false };

    unreadable[SEGMENT_HEAD_BLOCKS + 3] = true;
    memset(sim_disk_sector(&store->disk, 1, (SEGMENT_HEAD_BLOCKS + 3) * DISK_BLOCK), 0, DISK_BLOCK);
    cr_assert_geq(look(store, unreadable), 1);
    for (uint32_t i = 0; i < found_count; i++) {
        cr_assert_eq(found[i].batches, 1);
        cr_assert_eq(found[i].batch, found[0].batch);
    }
    store_close(store);
}

Test(scrub, what_ends_a_segment_too_early_is_a_gap_up_to_the_next)
{
    struct store *store = filled();
    uint64_t last = first_batch(store, 2) - 1;
    uint32_t block = SEGMENT_HEAD_BLOCKS;

    for (struct batch_head head; block < 64; block += head.blocks) {
        const uint8_t *data = sim_disk_sector(&store->disk, 1, (uint64_t)block * DISK_BLOCK);
        cr_assert_eq(batch_head_decode(data, batch_seed(segment_salt(store_instance, 1), block), &head), ERR_OK);
        if (head.number == last - 1) {
            break;
        }
    }
    memset(sim_disk_sector(&store->disk, 1, (uint64_t)block * DISK_BLOCK), 0, (64 - block) * DISK_BLOCK);
    cr_assert_eq(look(store, NULL), 1);
    cr_assert_eq(found[0].batch, last - 1);
    cr_assert_eq(found[0].batches, 2);
    cr_assert_eq(found[0].height_last, 99, "bounded by what the segment held");
    store_close(store);
}
