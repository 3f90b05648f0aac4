/* snapshot_io_test.c: what is written can be read; a part is made when it is first written to, and waits while the disk makes another file. */
#include "storage/snapshot_io.h"

#include "sim/world/disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT (2u << 20)

static struct sim_disk disk;
static struct snapshot_io io;
static void *memory;
static uint64_t now;
static uint32_t calls;
static enum err result;

static void on_done(void *context, enum err err)
{
    (void)context;
    calls++;
    result = err;
}

static void take(struct arena *arena, const struct sim_disk_config *config)
{
    sim_disk_init(&disk, arena, config);
    snapshot_io_take(&io, arena, &disk.disk, SEGMENT);
}

static void begin(const struct sim_disk_faults *faults, uint32_t segments_max)
{
    struct sim_disk_config config = { .seed = 5, .segment_bytes = SEGMENT, .segments_max = segments_max, .faults = *faults };
    struct arena measure, arena;

    arena_init_measure(&measure);
    take(&measure, &config);
    memory = aligned_alloc(DISK_BLOCK, (measure.used + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    take(&arena, &config);
    io.done = on_done;
    calls = 0;
    now = 0;
}

static void run(void)
{
    for (uint32_t i = 0; i < 100 && io.busy; i++) {
        snapshot_io_kick(&io);
        sim_disk_step(&disk, ++now);
    }
}

Test(snapshot_io, reads_what_was_written_and_zeros_behind_it)
{
    struct snapshot_run one = { .slot = 1, .place = { 2, 3 }, .bytes = 5000 };

    begin(&(struct sim_disk_faults){ 0 }, 2);
    memset(io.data, 7, SNAPSHOT_IO_BYTES);
    snapshot_io_write(&io, &one);
    run();
    cr_assert_eq(calls, 1);
    cr_assert_eq(result, ERR_OK);
    memset(io.data, 0x55, SNAPSHOT_IO_BYTES);
    cr_assert_eq(snapshot_io_read_now(&io, &one), ERR_OK);
    cr_assert_eq(io.data[4999], 7);
    cr_assert(bytes_are_zero(io.data + 5000, 2 * DISK_BLOCK - 5000));
    io.data[0] = 0;
    snapshot_io_read(&io, &one);
    run();
    cr_assert_eq(result, ERR_OK);
    cr_assert_eq(io.data[0], 7);
    free(memory);
}

Test(snapshot_io, waits_while_the_disk_makes_another_file)
{
    struct snapshot_run one = { .slot = 0, .place = { 0, 1 }, .bytes = 10 };

    begin(&(struct sim_disk_faults){ 0 }, 2);
    static struct snapshot_io second;
    second = io;
    second.done = on_done;
    struct snapshot_run two = { .slot = 2, .place = { 0, 1 }, .bytes = 10 };
    snapshot_io_write(&second, &two);
    snapshot_io_write(&io, &one);
    cr_assert(second.preparing);
    cr_assert(io.wants_prepare);
    snapshot_io_kick(&io);
    cr_assert(io.wants_prepare, "still refused");
    sim_disk_step(&disk, ++now);
    run();
    cr_assert_eq(calls, 2);
    cr_assert_eq(result, ERR_OK);
    free(memory);
}

Test(snapshot_io, says_what_went_wrong)
{
    struct snapshot_run one = { .slot = 0, .place = { 0, 1 }, .bytes = 10 };

    begin(&(struct sim_disk_faults){ .full = 1000000 }, 2);
    snapshot_io_write(&io, &one);
    run();
    cr_assert_eq(result, ERR_NO_SPACE);
    snapshot_io_read(&io, &one);
    cr_assert_eq(calls, 2, "at once");
    cr_assert_eq(result, ERR_NOT_FOUND);
    free(memory);
    begin(&(struct sim_disk_faults){ .short_write = 1000000 }, 2);
    snapshot_io_write(&io, &one);
    run();
    cr_assert_eq(result, ERR_IO, "a short write is a failure");
    free(memory);
}

static int32_t full_result;
static bool full_at_prepare, full_made;
static struct disk_request *full_request;

static enum err full_prepare(struct disk *base, struct disk_request *request)
{
    (void)base;
    full_made = true;
    full_request = request;
    return ERR_OK;
}

static enum err full_write(struct disk *base, struct disk_request *request)
{
    (void)base;
    full_request = full_made ? request : NULL;
    return full_made ? ERR_OK : ERR_NOT_FOUND; /* so it is made first */
}

/* full_complete tells the preparation, then the write, if there is one, how they ended. */
static void full_complete(void)
{
    full_request->completion.done(&full_request->completion, full_at_prepare ? full_result : 0, 0);
    if (!full_at_prepare) {
        full_request->completion.done(&full_request->completion, full_result, 0);
    }
}

/* A quota that is used up and a disk that is full are one thing to whoever runs the replica; neither is a failure of the disk. */
Test(snapshot_io, a_quota_is_a_full_disk)
{
    static const struct { int32_t result; bool at_prepare; enum err err; } table[] = {
        { -ENOSPC, true, ERR_NO_SPACE }, { -EDQUOT, true, ERR_NO_SPACE }, { -EIO, true, ERR_IO },
        { -ENOSPC, false, ERR_NO_SPACE }, { -EDQUOT, false, ERR_NO_SPACE }, { -EIO, false, ERR_IO },
    };
    struct snapshot_run one = { .slot = 0, .place = { 0, 1 }, .bytes = 10 };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin(&(struct sim_disk_faults){ 0 }, 2);
        struct disk_ops ops = *disk.disk.ops;
        ops.prepare = full_prepare;
        ops.write_start = full_write;
        disk.disk.ops = &ops;
        full_result = table[i].result;
        full_at_prepare = table[i].at_prepare;
        full_made = false;
        snapshot_io_write(&io, &one);
        full_complete();
        cr_assert_eq(calls, 1, "row %zu", i);
        cr_assert_eq(result, table[i].err, "row %zu", i);
        free(memory);
    }
}

Test(snapshot_io, a_head_may_say_anything)
{
    struct snapshot_run far = { .slot = 0, .place = { 0, SEGMENT / DISK_BLOCK - 1 }, .bytes = 2 * DISK_BLOCK }, none = { .slot = 0, .place = { 0, 0 }, .bytes = 0 };
    struct snapshot_head head;

    begin(&(struct sim_disk_faults){ 0 }, 2);
    cr_assert_eq(snapshot_io_read_now(&io, &far), ERR_FORMAT);
    cr_assert_eq(snapshot_io_read_now(&io, &none), ERR_FORMAT);
    cr_assert_eq(snapshot_io_head(&io, 0, &head), ERR_NOT_FOUND);
    free(memory);
}
