/* golden_dir_test.c: a whole data directory of format version 1: this build still writes these very bytes, and still reads them. A later version keeps the
 * second test and adds a directory of its own. */
#include "tests/storage/golden_dir_kit.h"

#include "storage/recovery.h"
#include "storage/superblock.h"
#include "tests/storage/dir_kit.h"
#include "tests/storage/golden_kit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench {
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    struct dir_turner turner;
    struct arena arena;
    struct disk_dir disk;
    struct superblock_store superblocks;
    struct segment_log log;
    struct recovery_outcome outcome;
    uint64_t durable, records;
};

static struct bench bench;

static uint64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static void on_durable(void *context, uint64_t lsn, uint64_t duration_ns)
{
    (void)context, (void)duration_ns;
    bench.durable = lsn;
}

static void on_failed(void *context, enum err err)
{
    (void)context;
    cr_assert(false, "the log failed: %d", (int)err);
}

static void on_record(void *context, const struct recovered_record *record)
{
    (void)context;
    bench.records++;
    cr_assert_eq(record->height, bench.records);
    for (size_t i = 0; i < record->payload.size; i++) {
        cr_assert_eq(record->payload.data[i], (uint8_t)record->height);
    }
}

static void on_saved(void *context, enum err err) { *(enum err *)context = err; }

/* boot opens the directory as a start does. */
static void boot(bool create)
{
    struct segment_log_config config = { .segment_bytes = GOLDEN_SEGMENT_BYTES, .queue_batches = 4, .index_entries = 64, .now_ns = no_time, .durable = on_durable, .failed = on_failed };
    struct recovery_sink sink = { on_record, NULL };
    size_t bytes = 8u << 20;

    cr_assert_eq(datadir_open(&bench.dir, bench.path, create, true), ERR_OK, "%s", bench.dir.reason);
    cr_assert(!create || datadir_format(&bench.dir) == ERR_OK);
    arena_init(&bench.arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    memset(bench.arena.data, 0, bytes);
    cr_assert_eq(disk_dir_init(&bench.disk, &bench.arena, &bench.dir, GOLDEN_SEGMENT_BYTES, 0), ERR_OK);
    superblock_store_init(&bench.superblocks, &bench.arena, &bench.disk.disk);
    segment_log_init(&bench.log, &bench.arena, &bench.disk.disk, &config);
    turner_start(&bench.turner, DIR_POSIX, &bench.disk);
    if (create) {
        struct superblock first = { .segment_bytes = GOLDEN_SEGMENT_BYTES, .first_segment = 1, .limit_view = LOG_VIEW_LIMIT_STEP, .instance = { 1, 2, 3, 4 } };
        enum err err = ERR_AGAIN;
        (void)superblock_store_open(&bench.superblocks);
        cr_assert_eq(superblock_store_write(&bench.superblocks, &first, on_saved, &err), ERR_OK);
        while (err == ERR_AGAIN && turner_turn(&bench.turner)) {
        }
        cr_assert_eq(err, ERR_OK);
    }
    cr_assert_eq(superblock_store_open(&bench.superblocks), ERR_OK);
    cr_assert_eq(recovery_run(&bench.log, &bench.superblocks.current, &sink, &bench.outcome), ERR_OK);
    segment_log_start(&bench.log, bench.superblocks.current.instance, &bench.outcome.position);
}

static void append(uint64_t height)
{
    static uint8_t payload[9000];
    struct capsule capsule = *segment_log_capsule(&bench.log);
    struct bytes part = bytes_of(payload, 300 * height);
    struct log_record record = { .kind = RECORD_BLOCK, .height = height, .view = height / 4, .hash.bytes = { (uint8_t)height }, .parts = &part, .parts_count = 1 };
    uint64_t lsn = 0;

    memset(payload, (int)height, sizeof payload);
    capsule.vote_kind = 1;
    capsule.vote_height = height;
    capsule.vote_hash = record.hash;
    cr_assert_eq(segment_log_append(&bench.log, &capsule, &record, 1, &lsn), ERR_OK);
    segment_log_kick(&bench.log);
    while (bench.durable < lsn) {
        cr_assert(turner_turn(&bench.turner));
    }
}

static void down(void)
{
    while (bench.log.preparing && turner_turn(&bench.turner)) {
    }
    turner_stop(&bench.turner);
    datadir_close(&bench.dir);
    free(bench.arena.data);
}

/* compare reads a file of the directory and compares it with the golden one. */
static void compare(int folder, const char *name, uint32_t segment)
{
    uint8_t *data = calloc(1, GOLDEN_SEGMENT_BYTES);
    int fd = openat(folder, name, O_RDONLY);
    ssize_t size = read(fd, data, GOLDEN_SEGMENT_BYTES);

    cr_assert_gt(size, 0, "%s", name);
    golden_check_at(golden_dir_file(segment), data, (size_t)size);
    close(fd);
    free(data);
}

Test(golden_dir, this_version_still_writes_the_same_directory)
{
    char name[DATADIR_NAME_BYTES];

    dir_make(bench.path);
    boot(true);
    for (uint64_t height = 1; height <= GOLDEN_RECORDS; height++) {
        append(height);
    }
    cr_assert_eq(bench.log.at.segment, GOLDEN_SEGMENTS);
    compare(bench.dir.root, "superblock", 0);
    for (uint32_t segment = 1; segment <= GOLDEN_SEGMENTS; segment++) {
        datadir_segment_name(segment, name);
        compare(bench.dir.log, name, segment);
    }
    down();
    dir_remove(bench.path);
}

Test(golden_dir, a_directory_of_version_1_is_read_and_goes_on)
{
    dir_make(bench.path);
    golden_dir_restore(bench.path);
    boot(false);
    cr_assert_eq(bench.records, GOLDEN_RECORDS);
    cr_assert_eq(bench.outcome.sign, SIGN_FREELY);
    cr_assert_eq(bench.outcome.damage_count, 0);
    cr_assert_eq(bench.outcome.torn, 0);
    cr_assert_eq(bench.outcome.position.capsule.vote_height, GOLDEN_RECORDS);
    bench.durable = bench.outcome.position.lsn;
    append(GOLDEN_RECORDS + 1);
    down();
    dir_remove(bench.path);
}
