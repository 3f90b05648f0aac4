#include "storage/disk_dir.h"
#include "storage/recovery.h"
#include "storage/segment_log.h"
#include "storage/superblock.h"
#include "tests/storage/dir_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEGMENT (64u * DISK_BLOCK)

struct bench {
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    enum dir_backend backend;
    struct dir_turner turner;
    struct arena arena;
    struct disk_dir disk;
    struct superblock_store superblocks;
    struct segment_log log;
    struct recovery_outcome outcome;
    uint64_t lsn, durable;
    uint64_t durable_calls;
    uint64_t records;
    enum err failed;
};

static void never(struct completion *completion, int32_t result, uint32_t flags)
{
    (void)completion;
    (void)result;
    (void)flags;
    cr_assert(false, "a request that was not begun has no completion");
}

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static void durable(void *context, uint64_t lsn, uint64_t duration_ns)
{
    struct bench *bench = context;

    (void)duration_ns;
    bench->durable = lsn;
    bench->durable_calls++;
}

static void failed(void *context, enum err err) { ((struct bench *)context)->failed = err; }

static void count_record(void *context, const struct recovered_record *record)
{
    struct bench *bench = context;

    for (size_t i = 0; i < record->payload.size; i++) {
        cr_assert_eq(record->payload.data[i], (uint8_t)record->height);
    }
    bench->records++;
    cr_assert_eq(record->height, bench->records);
}

static void bench_take(struct bench *bench)
{
    struct segment_log_config config = {
        .segment_bytes = SEGMENT, .queue_batches = 4, .index_entries = 64, .now_ns = no_time, .durable = durable, .failed = failed, .context = bench
    };

    cr_assert_eq(disk_dir_init(&bench->disk, &bench->arena, &bench->dir, SEGMENT, 2), ERR_OK);
    superblock_store_init(&bench->superblocks, &bench->arena, &bench->disk.disk);
    segment_log_init(&bench->log, &bench->arena, &bench->disk.disk, &config);
}

static void superblock_done(void *context, enum err err) { *(enum err *)context = err; }

static void superblock_put(struct bench *bench, const struct superblock *superblock)
{
    enum err err = ERR_AGAIN;

    cr_assert_eq(superblock_store_write(&bench->superblocks, superblock, superblock_done, &err), ERR_OK);
    while (err == ERR_AGAIN && turner_turn(&bench->turner)) {
    }
    cr_assert_eq(err, ERR_OK);
}

/* Opens the store as a process would; the first time it is made. */
static void bench_boot(struct bench *bench, bool create)
{
    struct recovery_sink sink = { count_record, bench };

    bench->records = 0;
    enum err err = datadir_open(&bench->dir, bench->path, create, true);
    cr_assert_eq(err, ERR_OK, "%s", bench->dir.reason);
    cr_assert(!create || datadir_format(&bench->dir) == ERR_OK);
    bench->arena.used = 0;
    memset(bench->arena.data, 0, bench->arena.size);
    bench_take(bench);
    turner_start(&bench->turner, bench->backend, &bench->disk);
    if (create) {
        struct superblock superblock = { .segment_bytes = SEGMENT, .first_segment = 1, .limit_view = LOG_VIEW_LIMIT_STEP };
        cr_assert_eq(superblock_store_open(&bench->superblocks), ERR_NOT_FOUND);
        cr_assert_eq(datadir_instance(superblock.instance), ERR_OK);
        superblock_put(bench, &superblock);
    }
    cr_assert_eq(superblock_store_open(&bench->superblocks), ERR_OK);
    cr_assert_eq(recovery_run(&bench->log, &bench->superblocks.current, &sink, &bench->outcome), ERR_OK);
    segment_log_start(&bench->log, bench->superblocks.current.instance, &bench->outcome.position);
    bench->lsn = bench->durable = bench->outcome.position.lsn;
}

static void bench_down(struct bench *bench)
{
    while (bench->log.preparing && turner_turn(&bench->turner)) {
    }
    turner_stop(&bench->turner);
    datadir_close(&bench->dir);
}

static struct bench *bench_open(enum dir_backend backend)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->backend = backend;
    dir_make(bench->path);
    size_t bytes = 16u << 20;
    arena_init(&bench->arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    bench_boot(bench, true);
    return bench;
}

static void bench_close(struct bench *bench)
{
    bench_down(bench);
    dir_remove(bench->path);
    free(bench->arena.data);
    free(bench);
}

static void append(struct bench *bench, uint32_t bytes)
{
    static uint8_t payload[200000];
    struct capsule capsule = *segment_log_capsule(&bench->log);
    struct bytes part = bytes_of(payload, bytes);
    struct log_record record = { .kind = RECORD_BLOCK, .height = bench->lsn + 1, .parts = &part, .parts_count = 1 };

    memset(payload, (int)(uint8_t)record.height, bytes);
    capsule.vote_kind = 1;
    capsule.vote_height = record.height;
    cr_assert_eq(segment_log_append(&bench->log, &capsule, &record, 1, &bench->lsn), ERR_OK);
}

static void wait_durable(struct bench *bench)
{
    segment_log_kick(&bench->log);
    while (bench->durable < bench->lsn) {
        cr_assert(turner_turn(&bench->turner), "a completion within 10 s");
        cr_assert_eq(bench->failed, ERR_OK);
    }
}

ON_EACH_QUEUE(disk_dir, exactly_one_write_and_one_flush_per_batch)
ParameterizedTest(enum dir_backend *backend, disk_dir, exactly_one_write_and_one_flush_per_batch)
{
    struct bench *bench = bench_open(*backend);

    append(bench, 1000);
    wait_durable(bench); /* it also opens the first segment */
    struct disk_counters before = bench->disk.disk.counters;
    uint64_t calls = bench->durable_calls;
    for (int i = 0; i < 10; i++) {
        append(bench, 1000);
        append(bench, 2000);
        wait_durable(bench);
    }
    const struct disk_counters *after = &bench->disk.disk.counters;
    cr_assert_eq(after->writes - before.writes, 10);
    cr_assert_eq(after->flushes - before.flushes, 10);
    cr_assert_eq(after->bytes_written - before.bytes_written, 10 * DISK_BLOCK, "two records in one block");
    cr_assert_eq(bench->durable_calls - calls, 10);
    bench_close(bench);
}

static unsigned not_handed_over(struct bench *bench) { return bench->backend == DIR_URING ? io_uring_sq_ready(&bench->turner.ring) : 0; }

ON_EACH_QUEUE(disk_dir, what_waits_for_a_write_is_under_way_as_soon_as_that_is_done)
ParameterizedTest(enum dir_backend *backend, disk_dir, what_waits_for_a_write_is_under_way_as_soon_as_that_is_done)
{
    struct bench *bench = bench_open(*backend);

    append(bench, 1000);
    wait_durable(bench);
    uint64_t at_once = bench->disk.disk.counters.writes_at_once, calls = bench->durable_calls;
    append(bench, 1000);
    segment_log_kick(&bench->log);
    cr_assert_eq(not_handed_over(bench), bench->backend == DIR_URING, "the first goes when the loop sleeps");
    append(bench, 1000);
    segment_log_kick(&bench->log);
    cr_assert_eq(bench->disk.disk.counters.writes_at_once, at_once);
    while (bench->durable_calls == calls) {
        cr_assert(turner_turn(&bench->turner));
    }
    cr_assert_eq(bench->disk.disk.counters.writes_at_once - at_once, 1);
    cr_assert_eq(not_handed_over(bench), 0, "the second does not wait for that");
    wait_durable(bench);
    cr_assert_eq(bench->durable_calls - calls, 2);
    bench_close(bench);
}

ON_EACH_QUEUE(disk_dir, a_log_over_many_segments_is_there_after_a_restart)
ParameterizedTest(enum dir_backend *backend, disk_dir, a_log_over_many_segments_is_there_after_a_restart)
{
    struct bench *bench = bench_open(*backend);
    uint64_t appended = 0;

    for (int life = 0; life < 3; life++) {
        for (int i = 0; i < 40; i++) {
            append(bench, (uint32_t)i * 700);
            wait_durable(bench);
            appended++;
        }
        bench_down(bench);
        bench_boot(bench, false);
        cr_assert_eq(bench->records, appended);
        cr_assert_eq(bench->outcome.sign, SIGN_FREELY);
        cr_assert_eq(bench->outcome.damage_count, 0);
        cr_assert_eq(bench->outcome.torn, 0);
    }
    cr_assert_gt(bench->log.at.segment, 5);
    bench_close(bench);
}

ON_EACH_QUEUE(disk_dir, segments_are_full_size_and_zero_before_their_first_write)
ParameterizedTest(enum dir_backend *backend, disk_dir, segments_are_full_size_and_zero_before_their_first_write)
{
    struct bench *bench = bench_open(*backend);
    uint8_t *block = aligned_alloc(DISK_BLOCK, DISK_BLOCK);
    uint64_t bytes;

    append(bench, 10);
    wait_durable(bench);
    while (!bench->log.at.next_ready && turner_turn(&bench->turner)) {
    }
    uint32_t next = bench->log.at.segment_next;
    cr_assert_eq(bench->disk.disk.ops->size_bytes(&bench->disk.disk, next, &bytes), ERR_OK);
    cr_assert_eq(bytes, SEGMENT);
    for (uint32_t at = 0; at < SEGMENT; at += DISK_BLOCK) {
        cr_assert_eq(bench->disk.disk.ops->read(&bench->disk.disk, next, at, block, DISK_BLOCK), ERR_OK);
        cr_assert(bytes_are_zero(block, DISK_BLOCK));
    }
    cr_assert_neq(bench->disk.disk.ops->read(&bench->disk.disk, next, SEGMENT, block, DISK_BLOCK), ERR_OK, "nothing beyond the end");
    free(block);
    bench_close(bench);
}

ON_EACH_QUEUE(disk_dir, missing_segments_are_said_to_be_missing)
ParameterizedTest(enum dir_backend *backend, disk_dir, missing_segments_are_said_to_be_missing)
{
    struct bench *bench = bench_open(*backend);
    struct disk *disk = &bench->disk.disk;
    uint8_t *block = aligned_alloc(DISK_BLOCK, DISK_BLOCK);
    struct disk_request request = { .completion = { never }, .file = 99, .bytes = DISK_BLOCK, .data = block };
    uint64_t bytes;

    cr_assert_eq(disk->ops->size_bytes(disk, 99, &bytes), ERR_NOT_FOUND);
    cr_assert_eq(disk->ops->read(disk, 99, 0, block, DISK_BLOCK), ERR_NOT_FOUND);
    cr_assert_eq(disk->ops->settle(disk, 99), ERR_NOT_FOUND);
    cr_assert_eq(disk->ops->discard(disk, 99), ERR_NOT_FOUND);
    cr_assert_eq(disk->ops->read_start(disk, &request), ERR_NOT_FOUND);
    cr_assert_eq(disk->ops->write_start(disk, &request), ERR_NOT_FOUND);
    free(block);
    bench_close(bench);
}

/* A segment has its full size before it has its name, so one that is shorter was cut, and what was cut off may have been acknowledged. */
ON_EACH_QUEUE(disk_dir, a_segment_that_was_cut_short_is_not_taken_for_one_that_ends_there)
ParameterizedTest(enum dir_backend *backend, disk_dir, a_segment_that_was_cut_short_is_not_taken_for_one_that_ends_there)
{
    for (uint32_t lost = 0; lost < 3; lost++) { /* batches that lay behind the cut; of the first of several the capsule before knows the bound */
        struct bench *bench = bench_open(*backend);
        char name[DATADIR_NAME_BYTES];
        uint64_t lsn = 0;
        uint32_t end = 0;

        for (uint32_t i = 0; i < 4; i++) {
            append(bench, 1000);
            wait_durable(bench);
            lsn = i + lost < 4 ? bench->lsn : lsn;
            end = i + lost < 4 ? bench->log.at.block : end;
        }
        uint32_t segment = bench->log.at.segment;
        bench_down(bench);
        datadir_segment_name(segment, name);
        cr_assert_eq(datadir_open(&bench->dir, bench->path, false, true), ERR_OK);
        int file = openat(bench->dir.log, name, O_RDWR);
        cr_assert_eq(ftruncate(file, (off_t)end * DISK_BLOCK), 0);
        close(file);
        datadir_close(&bench->dir);
        bench_boot(bench, false);
        cr_assert_eq(bench->outcome.position.lsn, lsn, "what is before the cut is there");
        cr_assert_eq(bench->outcome.sign, SIGN_ABOVE_LIMIT, "%u lost", lost);
        cr_assert(bench->log.at.move, "nothing more is written into it");
        append(bench, 1000);
        wait_durable(bench);
        cr_assert_gt(bench->log.at.segment, segment);
        bench_close(bench);
    }
}

/* The lock on a segment outlives its process for as long as one of its writes is in the kernel; here another description holds it. */
ON_EACH_QUEUE(disk_dir, a_segment_that_another_process_can_still_write_to_is_not_written)
ParameterizedTest(enum dir_backend *backend, disk_dir, a_segment_that_another_process_can_still_write_to_is_not_written)
{
    struct bench *bench = bench_open(*backend);

    append(bench, 10);
    wait_durable(bench);
    while (!bench->log.at.next_ready && turner_turn(&bench->turner)) {
    }
    char name[DATADIR_NAME_BYTES];
    datadir_segment_name(bench->log.at.segment, name);
    int other = openat(bench->dir.log, name, O_RDWR);
    cr_assert_neq(flock(other, LOCK_EX | LOCK_NB), 0, "whoever writes holds the lock");
    datadir_segment_name(bench->log.at.segment_next, name);
    close(other);
    other = openat(bench->dir.log, name, O_RDWR);
    cr_assert_eq(flock(other, LOCK_EX | LOCK_NB), 0);
    for (int i = 0; i < 8 && bench->failed == ERR_OK; i++) {
        append(bench, 100000);
        segment_log_kick(&bench->log);
        while (bench->failed == ERR_OK && bench->durable < bench->lsn && turner_turn(&bench->turner)) {
        }
    }
    cr_assert_eq(bench->failed, ERR_CONFLICT);
    close(other);
    bench_close(bench);
}

ON_EACH_QUEUE(disk_dir, a_killed_process_loses_nothing_that_it_was_told_is_durable)
ParameterizedTest(enum dir_backend *backend, disk_dir, a_killed_process_loses_nothing_that_it_was_told_is_durable)
{
    int pipes[2];

    for (int round = 0; round < 3; round++) {
        struct bench *bench = bench_open(*backend);
        bench_down(bench);
        cr_assert_eq(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) {
            bench_boot(bench, false);
            for (;;) {
                append(bench, 3000);
                append(bench, 9000);
                wait_durable(bench);
                ssize_t told = write(pipes[1], &bench->durable, sizeof bench->durable);
                (void)told;
            }
        }
        uint64_t told = 0;
        for (int i = 0; i < 5 + round * 7; i++) {
            cr_assert_eq(read(pipes[0], &told, sizeof told), (ssize_t)sizeof told);
        }
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        close(pipes[1]);
        for (uint64_t more; read(pipes[0], &more, sizeof more) == (ssize_t)sizeof more;) {
            told = more; /* what it was told before the signal reached it */
        }
        close(pipes[0]);
        bench_boot(bench, false);
        cr_assert_geq(bench->records, told);
        cr_assert_eq(bench->outcome.sign, SIGN_FREELY);
        cr_assert_eq(bench->outcome.damage_count, 0);
        append(bench, 100);
        wait_durable(bench);
        bench_close(bench);
    }
}
