#include "storage/segment_scan.h"
#include "tests/storage/store_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 64u

static const struct store_config config = { .seed = 4, .segment_bytes = BLOCKS * DISK_BLOCK, .segments_max = 4, .queue_batches = 4, .size_max = 12000 };

static uint8_t *window;

static struct segment_scan scan_of(struct store *store, uint32_t window_blocks)
{
    struct segment_scan scan;

    window = window == NULL ? aligned_alloc(DISK_BLOCK, BLOCKS * DISK_BLOCK) : window;
    cr_assert_eq(segment_scan_init(&scan, &store->disk.disk, 1, store_instance, store->config.segment_bytes, window, window_blocks), ERR_OK);
    return scan;
}

static struct store *filled(int groups)
{
    struct store *store = store_open(&config);

    for (int i = 0; i < groups; i++) {
        cr_assert_eq(store_append(store), ERR_OK);
        store_run(store);
    }
    return store;
}

Test(segment_scan, gives_the_same_places_through_windows_of_every_size)
{
    struct store *store = filled(12);
    struct scan_place first[BLOCKS];
    uint32_t first_count = 0;

    for (uint32_t blocks = BLOCKS; blocks >= 8; blocks--) {
        struct segment_scan scan = scan_of(store, blocks);
        struct scan_place place;
        uint32_t count = 0;
        segment_scan_ahead(&scan, 1 + blocks * 7 % BLOCKS);
        while (segment_scan_next(&scan, &place) == ERR_OK) {
            if (blocks == BLOCKS) {
                first[first_count++] = place;
                continue;
            }
            cr_assert_eq(place.block, first[count].block);
            cr_assert_eq(place.blocks, first[count].blocks);
            cr_assert_eq(place.head_found, first[count].head_found);
            cr_assert_eq(place.body_found, first[count].body_found, "window of %u blocks", blocks);
            cr_assert_eq(place.blank, first[count].blank);
            cr_assert_eq(place.chain, first[count].chain);
            count++;
        }
        cr_assert(blocks == BLOCKS || count == first_count);
        cr_assert_leq(scan.bytes_read, store->config.segment_bytes, "each block is read once");
    }
    cr_assert_gt(first_count, 13);
    store_close(store);
}

Test(segment_scan, an_unreadable_block_costs_that_block_only)
{
    struct store *store = filled(12);
    struct scan_place place;
    int good = 0;
    int bad = 0;

    store->disk.files[1].unreadable[5] = 1;
    struct segment_scan scan = scan_of(store, BLOCKS);
    while (segment_scan_next(&scan, &place) == ERR_OK) {
        bool covers = place.block <= 5 && place.block + place.blocks > 5;
        bool whole = place.head_found == HEAD_WHOLE && place.body_found == BODY_GOOD;
        good += whole;
        bad += covers;
        cr_assert(!covers || !whole);
        cr_assert(covers || place.head_found != HEAD_OTHER);
    }
    cr_assert_eq(bad, 1);
    cr_assert_geq(good, 11);
    store_close(store);
}

Test(segment_scan, tells_blank_zero_and_other_places_apart)
{
    struct store *store = filled(3);
    struct scan_place place;

    memset(sim_disk_sector(&store->disk, 1, 40 * DISK_BLOCK), 0x11, 1);
    memset(sim_disk_sector(&store->disk, 1, 41 * DISK_BLOCK + DISK_SECTOR), 0x11, 1);
    struct segment_scan scan = scan_of(store, BLOCKS);
    while (segment_scan_next(&scan, &place) == ERR_OK) {
        if (place.block >= 39) {
            cr_assert_eq(place.head_found, place.block == 40 ? HEAD_OTHER : HEAD_ZERO);
            cr_assert_eq(place.blank, place.block != 40 && place.block != 41);
        }
    }
    store_close(store);
}

Test(segment_scan, reads_either_copy_of_the_header)
{
    for (uint32_t broken = 0; broken < 4; broken++) {
        struct store *store = filled(1);
        struct segment_head heads[SEGMENT_HEAD_BLOCKS];
        enum err errs[SEGMENT_HEAD_BLOCKS];
        bool blank;
        for (uint32_t i = 0; i < 2; i++) {
            sim_disk_sector(&store->disk, 1, i * DISK_BLOCK)[20] ^= (uint8_t)(broken >> i & 1);
        }
        struct segment_scan scan = scan_of(store, BLOCKS);
        segment_scan_heads(&scan, heads, errs, &blank);
        for (uint32_t i = 0; i < 2; i++) {
            cr_assert_eq(errs[i], (broken >> i & 1) != 0 ? ERR_FORMAT : ERR_OK);
            cr_assert(errs[i] != ERR_OK || heads[i].first_batch == 1);
        }
        cr_assert_not(blank);
        store_close(store);
    }
}

Test(segment_scan, ends_before_a_block_when_told_so)
{
    struct store *store = filled(3);
    struct segment_scan scan = scan_of(store, BLOCKS);
    struct scan_place place = { .block = 0 };
    struct segment_head heads[SEGMENT_HEAD_BLOCKS];
    enum err errs[SEGMENT_HEAD_BLOCKS];
    bool blank;

    segment_scan_until(&scan, store->log.at.block + 1);
    segment_scan_heads(&scan, heads, errs, &blank);
    while (segment_scan_next(&scan, &place) == ERR_OK) {
        cr_assert_leq(place.block, store->log.at.block);
    }
    cr_assert_eq(place.block, store->log.at.block);
    cr_assert(place.blank);
    cr_assert_eq(scan.bytes_read, (store->log.at.block + 1) * DISK_BLOCK);
    store_close(store);
}
