/* inspect_damage_test.c: `ward inspect damage` on the golden directory, whole and damaged in each way: what it says, its exit code, and that it changes nothing. */
#include "base/exit.h"
#include "storage/batch.h"
#include "storage/format.h"
#include "storage/recovery.h"
#include "storage/snapshot.h"
#include "tests/cli/cli_kit.h"
#include "tests/storage/dir_kit.h"
#include "tests/storage/golden_dir_kit.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static char data[128];

static void make(void)
{
    snprintf(data, sizeof data, "%s/data", kit_directory());
    cr_assert_eq(mkdir(data, 0700), 0);
    golden_dir_restore(data);
}

TestSuite(inspect_damage, .init = make);

/* poke changes `size` bytes of a file of the directory: to zeros, or to their complement. */
static void poke(const char *name, off_t at, size_t size, bool zero)
{
    char path[256];
    uint8_t *bytes = calloc(1, size);

    snprintf(path, sizeof path, "%s/%s", data, name);
    int fd = open(path, O_RDWR);
    cr_assert_eq(pread(fd, bytes, size, at), (ssize_t)size, "%s", path);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = zero ? 0 : (uint8_t)~bytes[i];
    }
    cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
    close(fd);
    free(bytes);
}

/* sum gives a digest of all that the directory holds. */
static uint64_t sum(void)
{
    static uint8_t bytes[GOLDEN_SEGMENT_BYTES];
    uint64_t all = 0;

    for (uint32_t i = 0; i <= GOLDEN_SEGMENTS; i++) {
        char path[256];
        snprintf(path, sizeof path, i == 0 ? "%s/superblock" : "%s/log/%010u.seg", data, i);
        int fd = open(path, O_RDONLY);
        ssize_t size = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
        all = all * 31 + XXH3_64bits(bytes, (size_t)size);
        close(fd);
    }
    return all;
}

static json_t *inspect(int code)
{
    uint64_t before = sum();

    cr_assert_eq(kit_run(data, "ward inspect damage %s --json"), code, "%s", kit_output());
    cr_assert_eq(sum(), before, "nothing was changed");
    return kit_json();
}

static json_int_t number(const json_t *report, const char *name) { return json_integer_value(json_object_get(report, name)); }

static bool start_says(const json_t *report, const char *words) { return strstr(json_string_value(json_object_get(report, "start")), words) != NULL; }

static const char *fate(const json_t *report, size_t i) { return json_string_value(json_object_get(json_array_get(json_object_get(report, "damage"), i), "fate")); }

/* last_batch gives where the newest batch of the last segment begins, in blocks, and how long it is. */
static uint32_t last_batch(uint32_t *blocks)
{
    uint32_t block = 0;

    cr_assert_eq(kit_run(data, "ward inspect log %s --batches --json"), EXIT_FINE);
    json_t *report = kit_json(), *batch;
    size_t i;
    json_array_foreach(json_object_get(report, "batch_list"), i, batch)
    {
        block = (uint32_t)number(batch, "block");
        *blocks = (uint32_t)number(batch, "blocks");
    }
    json_decref(report);
    return block;
}

/* A store whose log holds one record as large as a block may be, through the very disk. */
static uint64_t at_zero(void *context) { (void)context; return 0; }
static void is_durable(void *context, uint64_t lsn, uint64_t duration_ns) { (void)duration_ns; *(uint64_t *)context = lsn; }
static void has_failed(void *context, enum err err) { (void)context; cr_assert(false, "%s", err_name(err)); }
static void is_saved(void *context, enum err err) { *(enum err *)context = err; }

static void write_large(const char *path, uint32_t bytes)
{
    static struct recovery_outcome outcome;
    static struct segment_log log;
    static struct dir_turner turner;
    static struct disk_dir disk;
    struct superblock first = { .segment_bytes = 1u << 20, .first_segment = 1, .instance = { 7 }, .limit_view = LOG_VIEW_LIMIT_STEP };
    struct superblock_store superblocks;
    struct datadir dir;
    struct arena arena;
    uint64_t durable = 0, lsn = 0;
    enum err saved = ERR_AGAIN;
    struct segment_log_config config = { .segment_bytes = first.segment_bytes, .queue_batches = 6, .index_entries = 64, .now_ns = at_zero, .durable = is_durable, .failed = has_failed, .context = &durable };
    size_t size = 64u << 20;
    uint8_t *memory = aligned_alloc(ARENA_ALIGN, size), *payload = calloc(1, bytes);

    memset(memory, 0, size);
    arena_init(&arena, memory, size);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK, "%s", dir.reason);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    cr_assert_eq(disk_dir_init(&disk, &arena, &dir, first.segment_bytes, 0), ERR_OK);
    superblock_store_init(&superblocks, &arena, &disk.disk);
    segment_log_init(&log, &arena, &disk.disk, &config);
    turner_start(&turner, DIR_POSIX, &disk);
    cr_assert_eq(superblock_store_open(&superblocks), ERR_NOT_FOUND);
    cr_assert_eq(superblock_store_write(&superblocks, &first, is_saved, &saved), ERR_OK);
    while (saved == ERR_AGAIN && turner_turn(&turner)) {
    }
    cr_assert_eq(recovery_run(&log, &superblocks.current, NULL, &outcome), ERR_OK);
    segment_log_start(&log, first.instance, &outcome.position);
    struct bytes part = bytes_of(payload, bytes);
    struct log_record record = { .kind = RECORD_PAYLOAD, .flags = RECORD_FLAG_DETACHABLE, .height = 1, .parts = &part, .parts_count = 1 };
    cr_assert_eq(segment_log_append(&log, segment_log_capsule(&log), &record, 1, &lsn), ERR_OK);
    segment_log_kick(&log);
    while (durable < lsn && turner_turn(&turner)) {
    }
    cr_assert_eq(durable, lsn);
    while (log.preparing && turner_turn(&turner)) {
    }
    turner_stop(&turner);
    datadir_close(&dir);
    free(payload);
    free(memory);
}

Test(inspect_damage, a_block_of_the_largest_size_is_read_like_any_other, .init = NULL)
{
    snprintf(data, sizeof data, "%s/large", kit_directory());
    write_large(data, 4u << 20);
    cr_assert_eq(kit_run(data, "ward inspect damage %s --json"), EXIT_FINE, "%s", kit_output());
    json_t *report = kit_json();
    cr_assert_eq(number(report, "records_whole"), 1);
    cr_assert_eq(number(report, "damaged"), 0);
    json_decref(report);
}

Test(inspect_damage, a_whole_directory_may_sign)
{
    json_t *report = inspect(EXIT_FINE);

    cr_assert_eq(number(report, "records_whole"), GOLDEN_RECORDS);
    cr_assert_eq(number(report, "damaged"), 0);
    cr_assert_eq(number(report, "torn"), 0);
    cr_assert(start_says(report, "may sign"));
    json_decref(report);
}

Test(inspect_damage, rot_in_the_middle_is_named_by_height_and_a_start_goes_on)
{
    poke("log/0000000002.seg", 3 * DISK_BLOCK + 1000, 1, false);
    json_t *report = inspect(EXIT_INTEGRITY);

    cr_assert_geq(number(report, "damaged"), 1);
    cr_assert_str_eq(fate(report, 0), "rot");
    cr_assert_eq(number(json_array_get(json_object_get(report, "damage"), 0), "segment"), 2);
    cr_assert(start_says(report, "goes on"));
    json_decref(report);
}

Test(inspect_damage, a_cut_at_the_end_is_torn_and_no_damage)
{
    uint32_t blocks = 0, block = last_batch(&blocks);

    cr_assert_geq(blocks, 2);
    poke("log/0000000004.seg", (off_t)(block + 1) * DISK_BLOCK, (blocks - 1) * (size_t)DISK_BLOCK, true);
    json_t *report = inspect(EXIT_FINE);
    cr_assert_eq(number(report, "torn"), 1);
    cr_assert_eq(number(report, "damaged"), 0);
    cr_assert(start_says(report, "cut by a crash"));
    json_decref(report);
}

Test(inspect_damage, rot_in_the_newest_body_is_adopted)
{
    uint32_t blocks = 0, block = last_batch(&blocks);

    poke("log/0000000004.seg", (off_t)(block + 1) * DISK_BLOCK + 100, 1, false);
    json_t *report = inspect(EXIT_INTEGRITY);
    cr_assert_str_eq(fate(report, 0), "adopt");
    cr_assert(start_says(report, "signs only after it fetched"));
    json_decref(report);
}

Test(inspect_damage, rot_in_the_newest_header_abstains_up_to_the_limit)
{
    uint32_t blocks = 0, block = last_batch(&blocks);

    poke("log/0000000004.seg", (off_t)block * DISK_BLOCK + 40, 1, false);
    json_t *report = inspect(EXIT_INTEGRITY);
    cr_assert_str_eq(fate(report, 0), "ambiguous");
    cr_assert(start_says(report, "signs nothing in views up to"));
    json_decref(report);
}

Test(inspect_damage, one_bad_copy_of_the_superblock_is_said_and_three_are_too_many)
{
    poke("superblock", 100, 1, false);
    json_t *report = inspect(EXIT_INTEGRITY);
    cr_assert_eq(number(report, "superblock_copies_bad"), 1);
    cr_assert(start_says(report, "may sign"));
    json_decref(report);
    poke("superblock", DISK_BLOCK + 100, 1, false);
    poke("superblock", 2 * DISK_BLOCK + 100, 1, false);
    cr_assert_eq(kit_run(data, "ward inspect damage %s"), EXIT_INTEGRITY);
}

/* A directory of a later version: every copy of its superblock says 2, with a right sum. */
Test(inspect_damage, a_newer_version_is_refused_in_words)
{
    uint8_t block[DISK_BLOCK];
    char path[256];

    snprintf(path, sizeof path, "%s/superblock", data);
    int fd = open(path, O_RDWR);
    for (off_t copy = 0; copy < 4; copy++) {
        XXH128_canonical_t digest;
        cr_assert_eq(pread(fd, block, sizeof block, copy * DISK_BLOCK), (ssize_t)sizeof block);
        block[20] = 2;
        XXH128_canonicalFromHash(&digest, XXH3_128bits(block + 16, sizeof block - 16));
        memcpy(block, digest.digest, 16);
        cr_assert_eq(pwrite(fd, block, sizeof block, copy * DISK_BLOCK), (ssize_t)sizeof block);
    }
    close(fd);
    uint64_t before = sum();
    cr_assert_eq(kit_run(data, "ward inspect damage %s --json"), EXIT_INTEGRITY);
    cr_assert_not_null(strstr(kit_output(), "newer version of Ward"), "%s", kit_output());
    cr_assert_eq(kit_run(data, "ward inspect log %s --json"), EXIT_INTEGRITY);
    cr_assert_not_null(strstr(kit_output(), "newer version of Ward"));
    cr_assert_eq(sum(), before);
}

/* The same with nothing but a snapshot of a later version, in a slot that nobody names yet: a start would write over it. */
Test(inspect_damage, a_snapshot_of_a_newer_version_is_refused_in_words)
{
    struct snapshot_head head = { .stage = SNAPSHOT_WHOLE, .height = 8, .manifest = { 0, 1 }, .manifest_bytes = 1, .cert = { 0, 2 }, .cert_bytes = 1 };
    uint8_t block[DISK_BLOCK];
    char path[256];

    snprintf(path, sizeof path, "%s/snap", data);
    cr_assert(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    snprintf(path, sizeof path, "%s/snap/1-0000.snp", data);
    snapshot_head_encode(&head, block);
    for (int version = 1; version <= 2; version++) {
        block[12] = (uint8_t)version;
        uint64_t sum = XXH3_64bits(block + 8, sizeof block - 8);
        memcpy(block, &sum, sizeof sum);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        cr_assert_eq(pwrite(fd, block, sizeof block, 0), (ssize_t)sizeof block);
        close(fd);
        cr_assert_eq(kit_run(data, "ward inspect damage %s --json"), version == 1 ? EXIT_FINE : EXIT_INTEGRITY, "%s", kit_output());
        cr_assert_eq(strstr(kit_output(), "a snapshot was written by a newer version of Ward") != NULL, version == 2, "%s", kit_output());
    }
}
