#include "sim/world/disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT (16u * DISK_BLOCK)
#define ALWAYS 1000000u

struct told {
    struct disk_request request; /* first: the completion leads here */
    int calls;
    int32_t result;
};

static struct sim_disk disk;
static struct arena arena;
static uint8_t *buffer; /* 4 blocks */

static void done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct told *told = (struct told *)(void *)completion;

    (void)flags;
    told->calls++;
    told->result = result;
}

static void fresh(uint64_t seed, struct sim_disk_faults faults)
{
    struct sim_disk_config config = { .seed = seed, .segment_bytes = SEGMENT, .segments_max = 3, .faults = faults };
    size_t bytes = 1u << 20;

    free(arena.data);
    arena_init(&arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    memset(arena.data, 0, bytes);
    sim_disk_init(&disk, &arena, &config);
    buffer = disk_buffer_take(&arena, 4);
}

static struct told make(uint32_t file, uint32_t block, uint32_t blocks, uint8_t fill)
{
    struct told told = { .request = { .completion = { done }, .file = file, .bytes = blocks * DISK_BLOCK, .offset = block * DISK_BLOCK, .data = buffer } };

    memset(buffer, fill, 4 * DISK_BLOCK);
    return told;
}

static void prepare(uint32_t segment)
{
    struct told told = make(segment, 0, 1, 0);

    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns + 1000000000);
    cr_assert_eq(told.result, 0);
}

Test(sim_disk, tells_which_blocks_are_being_written)
{
    fresh(1, (struct sim_disk_faults){ .delay_ns_min = 10, .delay_ns_max = 10 });
    struct told pair = make(DISK_SUPERBLOCK, 2, 2, 1), one = make(DISK_SUPERBLOCK, 0, 1, 1);

    cr_assert_eq(sim_disk_writing(&disk, DISK_SUPERBLOCK), 0);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &pair.request), ERR_OK);
    cr_assert_eq(sim_disk_writing(&disk, DISK_SUPERBLOCK), 0xcu);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &one.request), ERR_OK);
    cr_assert_eq(sim_disk_writing(&disk, DISK_SUPERBLOCK), 0xdu);
    cr_assert_eq(sim_disk_writing(&disk, 1), 0);
    sim_disk_step(&disk, 1000);
    cr_assert_eq(sim_disk_writing(&disk, DISK_SUPERBLOCK), 0);
}

static bool filled_with(uint32_t file, uint32_t sector, uint8_t fill)
{
    const uint8_t *at = sim_disk_sector(&disk, file, (uint64_t)sector * DISK_SECTOR);

    for (uint32_t i = 0; i < DISK_SECTOR; i++) {
        if (at[i] != fill) {
            return false;
        }
    }
    return true;
}

Test(sim_disk, a_write_is_on_the_medium_when_it_completes_and_not_before)
{
    fresh(1, (struct sim_disk_faults){ .delay_ns_min = 500, .delay_ns_max = 500 });
    prepare(7);
    struct told told = make(7, 2, 2, 0xAB);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    cr_assert_eq(sim_disk_due(&disk), disk.now_ns + 500);
    sim_disk_step(&disk, disk.now_ns + 499);
    cr_assert_eq(told.calls, 0);
    cr_assert(filled_with(7, 16, 0));
    sim_disk_step(&disk, disk.now_ns + 1);
    cr_assert_eq(told.calls, 1);
    cr_assert_eq(told.result, 2 * DISK_BLOCK);
    cr_assert(filled_with(7, 16, 0xAB));
    cr_assert_eq(sim_disk_due(&disk), UINT64_MAX);
    free(arena.data);
}

Test(sim_disk, a_buffer_that_is_reused_too_early_shows)
{
    fresh(1, (struct sim_disk_faults){ 0 });
    prepare(1);
    struct told told = make(1, 2, 1, 0xAB);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    memset(buffer, 0xCD, DISK_BLOCK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert(filled_with(1, 16, 0xCD));
    free(arena.data);
}

Test(sim_disk, a_crash_decides_each_sector_of_what_was_under_way)
{
    static const struct { struct sim_disk_faults faults; bool old, new, zero, other; } rows[] = {
        { { 0 }, true, true, false, false },
        { { .crash_zero = ALWAYS }, false, false, true, false },
        { { .crash_garbage = ALWAYS }, false, false, false, true },
        { { .crash_zero = 300000, .crash_garbage = 300000 }, true, true, true, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t old = 0, new = 0, zero = 0, other = 0;
        fresh(i, rows[i].faults);
        prepare(1);
        struct told told = make(1, 0, 4, 0x11);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
        sim_disk_step(&disk, disk.now_ns);
        struct told second = make(1, 0, 4, 0x22);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &second.request), ERR_OK);
        sim_disk_crash(&disk);
        cr_assert_eq(second.calls, 0, "it never completes");
        for (uint32_t sector = 0; sector < 32; sector++) {
            bool is_old = filled_with(1, sector, 0x11), is_new = filled_with(1, sector, 0x22), is_zero = filled_with(1, sector, 0);
            old += is_old;
            new += is_new;
            zero += is_zero;
            other += !is_old && !is_new && !is_zero;
        }
        cr_assert_eq(old > 0, rows[i].old, "row %zu", i);
        cr_assert_eq(new > 0, rows[i].new, "row %zu", i);
        cr_assert_eq(zero > 0, rows[i].zero, "row %zu", i);
        cr_assert_eq(other > 0, rows[i].other, "row %zu", i);
        cr_assert(filled_with(1, 32, 0), "nothing beyond the write");
    }
    free(arena.data);
}

Test(sim_disk, a_kill_lets_writes_finish)
{
    fresh(1, (struct sim_disk_faults){ 0 });
    prepare(1);
    struct told told = make(1, 2, 1, 0xAB);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_kill(&disk);
    cr_assert_eq(told.calls, 0);
    cr_assert(filled_with(1, 16, 0xAB));
    free(arena.data);
}

Test(sim_disk, each_fault_of_a_write_does_what_it_says)
{
    fresh(5, (struct sim_disk_faults){ 0 });
    prepare(1);
    struct told told = make(1, 2, 4, 0xAB);
    disk.config.faults.write_error = ALWAYS;
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, -EIO);
    disk.config.faults = (struct sim_disk_faults){ .short_write = ALWAYS };
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_lt(told.result, (int32_t)(4 * DISK_BLOCK));
    cr_assert_geq(told.result, 0);
    disk.config.faults = (struct sim_disk_faults){ .misdirected_write = ALWAYS };
    told = make(1, 8, 1, 0x77);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, DISK_BLOCK);
    cr_assert_not(filled_with(1, 64, 0x77));
    cr_assert(filled_with(1, 72, 0x77));
    free(arena.data);
}

Test(sim_disk, a_lost_flush_is_cut_by_a_crash_unless_a_later_write_completed)
{
    for (int later = 0; later < 2; later++) {
        fresh(3, (struct sim_disk_faults){ .lost_flush = ALWAYS });
        prepare(1);
        struct told told = make(1, 2, 4, 0xAB);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
        sim_disk_step(&disk, disk.now_ns);
        disk.config.faults.lost_flush = 0;
        if (later == 1) {
            struct told second = make(1, 10, 1, 0xCD);
            cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &second.request), ERR_OK);
            sim_disk_step(&disk, disk.now_ns);
        }
        sim_disk_crash(&disk);
        uint32_t lost = 0;
        for (uint32_t sector = 16; sector < 48; sector++) {
            lost += filled_with(1, sector, 0);
        }
        cr_assert_eq(lost > 0, later == 0);
    }
    free(arena.data);
}

Test(sim_disk, each_fault_of_a_read_does_what_it_says)
{
    uint8_t *out;

    fresh(5, (struct sim_disk_faults){ 0 });
    out = disk_buffer_take(&arena, 2);
    prepare(1);
    disk.config.faults = (struct sim_disk_faults){ .rot = ALWAYS };
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 0, out, DISK_BLOCK), ERR_OK);
    cr_assert_not(filled_with(1, 0, 0), "the medium itself has rotted");
    cr_assert_eq(memcmp(out, sim_disk_sector(&disk, 1, 0), DISK_BLOCK), 0);
    disk.config.faults = (struct sim_disk_faults){ .misdirected_read = ALWAYS };
    memset(sim_disk_sector(&disk, 1, 5 * DISK_BLOCK), 0x66, DISK_BLOCK);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 4 * DISK_BLOCK, out, DISK_BLOCK), ERR_OK);
    cr_assert_eq(out[0], 0x66);
    disk.config.faults = (struct sim_disk_faults){ .unreadable = ALWAYS };
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 0, out, DISK_BLOCK), ERR_IO);
    disk.config.faults = (struct sim_disk_faults){ 0 };
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 0, out, DISK_BLOCK), ERR_IO, "and stays so");
    struct told told = make(1, 0, 1, 1);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 0, out, DISK_BLOCK), ERR_OK, "until it is written");
    free(arena.data);
}

Test(sim_disk, files_are_listed_in_order_prepared_once_and_run_out)
{
    uint32_t numbers[4];
    size_t count;

    fresh(1, (struct sim_disk_faults){ 0 });
    prepare(9);
    prepare(3);
    struct told told = make(9, 0, 1, 0);
    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, -EEXIST);
    prepare(5);
    told = make(6, 0, 1, 0);
    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, -ENOSPC);
    cr_assert_eq(disk.disk.ops->segments(&disk.disk, numbers, 4, &count), ERR_OK);
    cr_assert_eq(count, 3);
    cr_assert(numbers[0] == 3 && numbers[1] == 5 && numbers[2] == 9);
    cr_assert_eq(disk.disk.ops->segments(&disk.disk, numbers, 2, &count), ERR_FULL);
    cr_assert_eq(disk.disk.ops->discard(&disk.disk, 5), ERR_OK);
    cr_assert_eq(disk.disk.ops->discard(&disk.disk, 5), ERR_NOT_FOUND);
    prepare(6);
    free(arena.data);
}

/* Removing one fault leaves every other decision as it was: draws are named, not streamed. */
Test(sim_disk, decisions_do_not_depend_on_other_decisions)
{
    uint8_t first[32 * DISK_SECTOR];

    for (int variant = 0; variant < 3; variant++) {
        fresh(42, (struct sim_disk_faults){ .rot = variant == 1 ? ALWAYS : 0, .delay_ns_max = variant == 2 ? 999 : 0 });
        uint8_t *out = disk_buffer_take(&arena, 1);
        prepare(1);
        cr_assert_eq(disk.disk.ops->read(&disk.disk, 1, 8 * DISK_BLOCK, out, DISK_BLOCK), ERR_OK);
        struct told told = make(1, 0, 4, 0x22);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
        sim_disk_crash(&disk);
        if (variant == 0) {
            memcpy(first, sim_disk_sector(&disk, 1, 0), sizeof first);
        }
        cr_assert_eq(memcmp(first, sim_disk_sector(&disk, 1, 0), sizeof first), 0, "variant %d", variant);
    }
    free(arena.data);
}

Test(sim_disk, completions_come_in_the_order_of_their_times)
{
    bool swapped = false;

    for (uint64_t seed = 0; seed < 20; seed++) {
        fresh(seed, (struct sim_disk_faults){ .delay_ns_min = 1, .delay_ns_max = 1000 });
        prepare(1);
        struct told a = make(1, 2, 1, 1);
        struct told b = make(1, 3, 1, 1);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &a.request), ERR_OK);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &b.request), ERR_OK);
        sim_disk_step(&disk, sim_disk_due(&disk));
        swapped = swapped || (a.calls == 0 && b.calls == 1);
        sim_disk_step(&disk, disk.now_ns + 1000);
        cr_assert_eq(a.calls, 1);
        cr_assert_eq(b.calls, 1);
    }
    cr_assert(swapped, "the second write was sometimes the first to be done");
    free(arena.data);
}

static enum sector_fate by_turn(void *context, uint32_t file, uint64_t offset, uint32_t sector)
{
    (void)context, (void)file, (void)offset;
    return (enum sector_fate)(sector % SECTOR_FATE_COUNT);
}

/* T11: what a head promised cannot be known when something else stands there; so many may not abstain at once (J5). */
Test(sim_disk, the_head_of_a_batch_is_torn_unless_it_is_spared)
{
    static const struct { uint32_t file; uint32_t block; uint32_t head, other; bool counts; } rows[] = {
        { 7, 2, 16, 17, true },  /* a batch */
        { 7, 0, 16, 0, true },   /* the opening of a segment: its header, twice, then its first batch */
        { DISK_SUPERBLOCK, 0, 0, 1, false },
    };

    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        bool spared = i % 2 == 1, counts = rows[i / 2].counts;
        uint32_t file = rows[i / 2].file, head = rows[i / 2].head, other = rows[i / 2].other;
        fresh(1, (struct sim_disk_faults){ .crash_garbage = ALWAYS });
        if (file != DISK_SUPERBLOCK) {
            prepare(file);
        }
        struct told told = make(file, rows[i / 2].block, 3, 0xAB);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
        disk.heads_spared = spared;
        sim_disk_crash(&disk);
        cr_assert_eq(filled_with(file, head, 0xAB) || filled_with(file, head, 0), spared && counts, "row %zu", i);
        cr_assert_eq(disk.heads_torn, counts && !spared ? 1 : 0, "row %zu: the head alone counts, once", i);
        cr_assert_not(filled_with(file, other, 0xAB) || filled_with(file, other, 0), "row %zu: the sectors beside it are torn all the same", i);
    }
    free(arena.data);
}

Test(sim_disk, a_flush_that_was_a_lie_meets_every_fate_at_a_crash)
{
    fresh(1, (struct sim_disk_faults){ .lost_flush = ALWAYS });
    prepare(7);
    disk.config.faults.lost_flush = 0;
    struct told told = make(7, 0, 2, 0x11);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    disk.config.faults.lost_flush = ALWAYS;
    told = make(7, 0, 2, 0xAB);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, 2 * DISK_BLOCK, "it says that it is durable");
    disk.crash_script = by_turn;
    sim_disk_crash(&disk);
    for (uint32_t sector = 0; sector < 16; sector++) {
        switch ((enum sector_fate)(sector % SECTOR_FATE_COUNT)) {
        case SECTOR_OLD: cr_assert(filled_with(7, sector, 0x11)); break;
        case SECTOR_NEW: cr_assert(filled_with(7, sector, 0xAB)); break;
        case SECTOR_ZERO: cr_assert(filled_with(7, sector, 0)); break;
        case SECTOR_GARBAGE: cr_assert_not(filled_with(7, sector, 0xAB)); break;
        case SECTOR_OTHER: cr_assert(filled_with(7, sector, 0xAB), "another sector of the same write"); break;
        case SECTOR_FATE_COUNT: break;
        }
    }
    told = make(7, 0, 2, 0x22);
    disk.config.faults.lost_flush = 0;
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    sim_disk_crash(&disk);
    cr_assert(filled_with(7, 0, 0x22), "the lie is over");
}

Test(sim_disk, a_broken_block_fails_until_it_is_written_again)
{
    fresh(1, (struct sim_disk_faults){ 0 });
    prepare(7);
    sim_disk_break(&disk, 7, DISK_BLOCK);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 7, 0, buffer, DISK_BLOCK), ERR_OK);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 7, DISK_BLOCK, buffer, DISK_BLOCK), ERR_IO);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 7, 0, buffer, 2 * DISK_BLOCK), ERR_IO, "it spoils a read that holds it");
    struct told told = make(7, 1, 1, 0x33);
    cr_assert_eq(disk.disk.ops->read_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(told.result, -EIO);
    told = make(7, 1, 1, 0x33);
    cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &told.request), ERR_OK);
    sim_disk_step(&disk, disk.now_ns);
    cr_assert_eq(disk.disk.ops->read(&disk.disk, 7, DISK_BLOCK, buffer, DISK_BLOCK), ERR_OK);
}

Test(sim_disk, requests_complete_out_of_the_order_in_which_they_began)
{
    uint32_t overtaken = 0;

    for (uint64_t seed = 0; seed < 20; seed++) {
        fresh(seed, (struct sim_disk_faults){ .delay_ns_min = 1, .delay_ns_max = 1000000 });
        prepare(7);
        struct told first = make(7, 0, 1, 1), second = make(7, 1, 1, 1);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &first.request), ERR_OK);
        cr_assert_eq(disk.disk.ops->write_start(&disk.disk, &second.request), ERR_OK);
        sim_disk_step(&disk, sim_disk_due(&disk));
        overtaken += second.calls == 1 && first.calls == 0;
        sim_disk_crash(&disk);
        cr_assert_eq(first.calls + second.calls, 1, "what a crash cut never completes");
    }
    cr_assert(overtaken > 0 && overtaken < 20);
}
