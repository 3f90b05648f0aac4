#include "storage/segment_log.h"
#include "storage/superblock.h"
#include "sim/world/disk.h"
#include "tests/storage/golden_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static uint8_t blocks[SUPERBLOCK_COPIES * DISK_BLOCK];

static struct superblock some_superblock(uint64_t sequence)
{
    struct superblock superblock = {
        .version = FORMAT_VERSION,
        .features_compatible = 1,
        .features_read_only = 2,
        .sequence = sequence,
        .previous_sum = 3,
        .replica = 4,
        .segment_bytes = SEGMENT_BYTES_DEFAULT,
        .first_segment = 5,
        .durable_floor = 6,
        .checkpoint_height = 7,
        .epoch = 8,
        .limit_epoch = 9,
        .limit_view = 10,
        .clean = true,
    };

    memset(superblock.cluster.bytes, 0xC1, HASH_BYTES);
    memset(superblock.instance, 0xC2, 16);
    memset(superblock.checkpoint_block.bytes, 0xC3, HASH_BYTES);
    memset(superblock.checkpoint_state.bytes, 0xC4, HASH_BYTES);
    memset(superblock.checkpoint_snapshot.bytes, 0xC5, HASH_BYTES);
    memset(superblock.config.bytes, 0xC6, HASH_BYTES);
    return superblock;
}

static bool superblock_equal(const struct superblock *a, const struct superblock *b)
{
    uint8_t bytes[2][DISK_BLOCK];

    superblock_encode(a, 0, bytes[0]);
    superblock_encode(b, 0, bytes[1]);
    return memcmp(bytes[0], bytes[1], DISK_BLOCK) == 0;
}

Test(superblock, the_first_bounds_what_the_first_batches_may_sign_T11)
{
    struct hash32 cluster = { { 1 } }, config = { { 2 } };
    struct superblock first = superblock_first(&cluster, 3, 1u << 20, &config);

    cr_assert_eq(first.limit_view, LOG_VIEW_LIMIT_STEP);
    cr_assert_eq(first.durable_floor, 0);
    cr_assert_eq(first.first_segment, 1);
    cr_assert(hash_equal(&first.cluster, &cluster));
    cr_assert(hash_equal(&first.config, &config));
    cr_assert_eq(first.replica, 3);
    cr_assert_eq(first.segment_bytes, 1u << 20);
}

Test(superblock, survives_a_round_trip)
{
    struct superblock superblock = some_superblock(11);
    struct superblock back;

    for (uint32_t copy = 0; copy < SUPERBLOCK_COPIES; copy++) {
        superblock_encode(&superblock, copy, blocks);
        cr_assert_eq(superblock_decode(blocks, copy, &back), ERR_OK);
        cr_assert(superblock_equal(&superblock, &back));
        cr_assert_eq(superblock_decode(blocks, (copy + 1) % SUPERBLOCK_COPIES, &back), ERR_FORMAT, "a copy in the wrong place is misdirected");
    }
}

Test(superblock, rejects_every_flip_of_a_byte)
{
    struct superblock superblock = some_superblock(11);
    struct superblock back;

    superblock_encode(&superblock, 1, blocks);
    for (uint32_t at = 0; at < DISK_BLOCK; at++) {
        blocks[at] ^= 0x08;
        cr_assert_eq(superblock_decode(blocks, 1, &back), ERR_FORMAT, "byte %u", at);
        blocks[at] ^= 0x08;
    }
}

Test(superblock, a_newer_format_or_an_unknown_required_feature_is_refused_by_name)
{
    struct superblock superblock = some_superblock(1);
    struct superblock back;

    superblock.version = FORMAT_VERSION + 1;
    superblock_encode(&superblock, 0, blocks);
    cr_assert_eq(superblock_decode(blocks, 0, &back), ERR_VERSION);
    superblock = some_superblock(1);
    superblock.features_required = SUPERBLOCK_REJOINS;
    superblock_encode(&superblock, 2, blocks);
    cr_assert_eq(superblock_decode(blocks, 2, &back), ERR_OK);
    superblock.features_required = SUPERBLOCK_FEATURES_KNOWN + 1;
    superblock_encode(&superblock, 0, blocks);
    cr_assert_eq(superblock_decode(blocks, 0, &back), ERR_VERSION);
}

/* Each copy is one of: bad, or version 1, 2 or 3. All 256 combinations; the expectation counts in its own way. */
Test(superblock, the_highest_version_in_two_equal_copies_is_chosen_in_every_combination)
{
    for (uint32_t combination = 0; combination < 256; combination++) {
        uint32_t count[4] = { 0 };
        for (uint32_t copy = 0; copy < 4; copy++) {
            uint32_t state = combination >> 2 * copy & 3;
            struct superblock superblock = some_superblock(state);
            count[state]++;
            memset(blocks + copy * DISK_BLOCK, 0xEE, DISK_BLOCK);
            if (state > 0) {
                superblock_encode(&superblock, copy, blocks + copy * DISK_BLOCK);
            }
        }
        uint32_t expected = count[3] >= 2 ? 3 : count[2] >= 2 ? 2 : count[1] >= 2 ? 1 : 0;
        struct superblock chosen;
        uint32_t bad_map;
        enum err err = superblock_choose(blocks, &chosen, &bad_map);
        cr_assert_eq(err, expected == 0 ? ERR_NOT_FOUND : ERR_OK, "combination %u", combination);
        for (uint32_t copy = 0; expected != 0 && copy < 4; copy++) {
            cr_assert_eq(bad_map >> copy & 1, (combination >> 2 * copy & 3) != expected);
        }
        cr_assert(expected == 0 || chosen.sequence == expected);
    }
}

Test(superblock, two_copies_of_one_sequence_that_differ_do_not_agree)
{
    struct superblock a = some_superblock(9);
    struct superblock b = some_superblock(9);
    struct superblock chosen;
    uint32_t bad_map;

    b.durable_floor++;
    superblock_encode(&a, 0, blocks);
    superblock_encode(&b, 1, blocks + DISK_BLOCK);
    superblock_encode(&b, 2, blocks + 2 * DISK_BLOCK);
    memset(blocks + 3 * DISK_BLOCK, 0, DISK_BLOCK);
    cr_assert_eq(superblock_choose(blocks, &chosen, &bad_map), ERR_OK);
    cr_assert_eq(chosen.durable_floor, b.durable_floor);
    cr_assert_eq(bad_map, 9);
}

Test(superblock, golden)
{
    struct superblock superblock = some_superblock(11);

    superblock_encode(&superblock, 2, blocks);
    golden_check("v1_superblock", blocks, DISK_BLOCK);
}

/* --- The writer on a disk that is cut ------------------------------------------------------------------------------- */

struct bench {
    struct arena arena;
    struct sim_disk disk;
    struct superblock_store store;
    enum err told;
    int calls;
};

static void told(void *context, enum err err)
{
    struct bench *bench = context;

    bench->told = err;
    bench->calls++;
}

static struct bench *bench_open(uint64_t seed)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct sim_disk_config config = { .seed = seed, .segment_bytes = 16 * DISK_BLOCK, .segments_max = 1 };

    config.faults.crash_garbage = 300000;
    config.faults.crash_zero = 300000;
    arena_init(&bench->arena, aligned_alloc(64, 1 << 20), 1 << 20);
    memset(bench->arena.data, 0, 1 << 20);
    sim_disk_init(&bench->disk, &bench->arena, &config);
    superblock_store_init(&bench->store, &bench->arena, &bench->disk.disk);
    return bench;
}

static void bench_close(struct bench *bench)
{
    free(bench->arena.data);
    free(bench);
}

static void bench_write(struct bench *bench, uint64_t floor, int steps)
{
    struct superblock next = some_superblock(0);

    next.durable_floor = floor;
    bench->calls = 0;
    cr_assert_eq(superblock_store_write(&bench->store, &next, told, bench), ERR_OK);
    for (int i = 0; i < steps; i++) {
        sim_disk_step(&bench->disk, bench->disk.now_ns + 1);
    }
}

Test(superblock, a_write_takes_two_flushes_and_holds_after_the_first)
{
    struct bench *bench = bench_open(1);

    cr_assert_eq(superblock_store_open(&bench->store), ERR_NOT_FOUND, "an empty file");
    bench_write(bench, 100, 1);
    cr_assert_eq(bench->calls, 0);
    cr_assert(superblock_store_is_busy(&bench->store));
    cr_assert_eq(bench->store.current.durable_floor, 100);
    sim_disk_step(&bench->disk, bench->disk.now_ns + 1);
    cr_assert_eq(bench->calls, 1);
    cr_assert_eq(bench->told, ERR_OK);
    cr_assert_eq(bench->disk.disk.counters.flushes, 2);
    cr_assert_eq(superblock_store_open(&bench->store), ERR_OK);
    cr_assert_eq(bench->store.current.durable_floor, 100);
    cr_assert_eq(bench->store.bad_map, 0);
    bench_close(bench);
}

Test(superblock, a_cut_at_any_step_leaves_the_old_or_the_new_version)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct bench *bench = bench_open(seed);
        uint64_t floor = 1;
        bench_write(bench, floor, 2);
        for (int round = 0; round < 8; round++) {
            int steps = (int)((seed + (uint64_t)round) % 3);
            bench_write(bench, floor + 1, steps);
            uint64_t held = bench->store.current.durable_floor;
            sim_disk_crash(&bench->disk);
            superblock_store_init(&bench->store, &(struct arena){ .data = bench->arena.data, .size = bench->arena.size, .used = bench->arena.size / 2 },
                                  &bench->disk.disk);
            cr_assert_eq(superblock_store_open(&bench->store), ERR_OK, "seed %lu round %d", seed, round);
            uint64_t found = bench->store.current.durable_floor;
            cr_assert_geq(found, held, "seed %lu round %d", seed, round);
            cr_assert_leq(found, floor + 1);
            floor = found;
        }
        bench_close(bench);
    }
}

Test(superblock, two_bad_copies_are_rewritten_before_anything_else)
{
    for (uint32_t map = 0; map < 16; map++) {
        uint32_t bad = 0;
        struct bench *bench = bench_open(map);
        bench_write(bench, 5, 2);
        for (uint32_t copy = 0; copy < 4; copy++) {
            if ((map >> copy & 1) != 0) {
                sim_disk_sector(&bench->disk, DISK_SUPERBLOCK, copy * DISK_BLOCK)[40] ^= 1;
                bad++;
            }
        }
        enum err err = superblock_store_open(&bench->store);
        cr_assert_eq(err, bad <= 2 ? ERR_OK : ERR_NOT_FOUND);
        if (err == ERR_OK) {
            cr_assert_eq(bench->store.bad_map, map);
            bench_write(bench, 6, (int)bad);
            cr_assert_eq(bench->store.bad_map, 0);
            cr_assert_eq(bench->store.current.durable_floor, 5, "not before all four are whole again");
            sim_disk_step(&bench->disk, bench->disk.now_ns + 1);
            sim_disk_step(&bench->disk, bench->disk.now_ns + 1);
            cr_assert_eq(bench->calls, 1);
            cr_assert_eq(superblock_store_open(&bench->store), ERR_OK);
            cr_assert_eq(bench->store.current.durable_floor, 6);
        }
        bench_close(bench);
    }
}

Test(superblock, a_failed_write_is_told_once)
{
    struct bench *bench = bench_open(3);

    bench_write(bench, 1, 2);
    bench->disk.config.faults.write_error = 1000000;
    bench_write(bench, 2, 2);
    cr_assert_eq(bench->calls, 1);
    cr_assert_eq(bench->told, ERR_IO);
    cr_assert_not(superblock_store_is_busy(&bench->store));
    bench_close(bench);
}
