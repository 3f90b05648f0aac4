#include "storage/disk_dir.h"
#include "storage/snapshot.h"
#include "storage/format.h"
#include "tests/storage/dir_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT (16u * DISK_BLOCK)

struct told {
    struct disk_request request; /* first */
    int calls;
    int32_t result;
};

static char path[DIR_PATH_BYTES];
static struct datadir dir;
static struct dir_turner turner;
static struct arena arena;
static struct disk_dir disk;

static void done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct told *told = (struct told *)(void *)completion;

    (void)flags;
    told->calls++;
    told->result = result;
}

static void start(enum dir_backend backend, uint32_t pool_target)
{
    size_t bytes = 2u << 20;

    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK, "%s", dir.reason);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    arena_init(&arena, aligned_alloc(ARENA_ALIGN, bytes), bytes);
    memset(arena.data, 0, bytes);
    cr_assert_eq(disk_dir_init(&disk, &arena, &dir, SEGMENT, pool_target), ERR_OK);
    turner_start(&turner, backend, &disk);
}

static void stop(void)
{
    turner_stop(&turner);
    datadir_close(&dir);
    free(arena.data);
}

static int32_t prepare(uint32_t segment)
{
    struct told told = { .request = { .completion = { done }, .file = segment } };

    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &told.request), ERR_OK);
    while (told.calls == 0 && turner_turn(&turner)) {
    }
    cr_assert_eq(told.calls, 1);
    return told.result;
}

static uint32_t in_pool(void)
{
    uint32_t highest;

    cr_assert_eq(datadir_pool(&dir, &highest), ERR_OK);
    return highest;
}

ON_EACH_QUEUE(disk_dir_pool, fills_to_its_target_and_again_after_each_segment)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, fills_to_its_target_and_again_after_each_segment)
{
    dir_make(path);
    start(*backend, 2);
    for (uint32_t segment = 1; segment <= 5; segment++) {
        cr_assert_eq(prepare(segment), 0);
    }
    for (int i = 0; i < 1000 && in_pool() < 2; i++) {
        usleep(10000);
    }
    cr_assert_eq(in_pool(), 2);
    uint32_t numbers[8];
    size_t count;
    cr_assert_eq(datadir_segments(&dir, numbers, 8, &count), ERR_OK);
    cr_assert_eq(count, 5);
    cr_assert_eq(disk.disk.counters.segments_prepared, 5);
    cr_assert_gt(disk.disk.counters.background_flushes, 0);
    stop();
    dir_remove(path);
}

ON_EACH_QUEUE(disk_dir_pool, an_existing_segment_is_never_replaced)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, an_existing_segment_is_never_replaced)
{
    dir_make(path);
    start(*backend, 0);
    cr_assert_eq(prepare(3), 0);
    cr_assert_eq(prepare(3), -EEXIST);
    cr_assert_eq(prepare(4), 0, "and the next one is made all the same");
    stop();
    dir_remove(path);
}

ON_EACH_QUEUE(disk_dir_pool, a_file_of_another_size_and_a_gap_in_the_pool_do_no_harm)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, a_file_of_another_size_and_a_gap_in_the_pool_do_no_harm)
{
    char name[DATADIR_NAME_BYTES];
    struct stat st;

    dir_make(path);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK);
    for (uint32_t number = 1; number <= 3; number += 2) { /* 1 and 3, both too short; 2 is missing */
        datadir_segment_name(number, name);
        int fd = openat(dir.pool, name, O_CREAT | O_RDWR, 0600);
        cr_assert_eq(ftruncate(fd, DISK_BLOCK), 0);
        close(fd);
    }
    datadir_close(&dir);
    start(*backend, 0);
    cr_assert_eq(prepare(1), 0);
    datadir_segment_name(1, name);
    cr_assert_eq(fstatat(dir.log, name, &st, 0), 0);
    cr_assert_eq(st.st_size, SEGMENT);
    cr_assert_eq(in_pool(), 0);
    stop();
    dir_remove(path);
}

static bool is_zeros(int directory, const char *name)
{
    static uint8_t bytes[SEGMENT];
    int fd = openat(directory, name, O_RDONLY);

    cr_assert_geq(fd, 0);
    ssize_t got = pread(fd, bytes, sizeof bytes, 0);
    close(fd);
    return got == SEGMENT && bytes_are_zero(bytes, sizeof bytes);
}

static void retired_wait(uint32_t segment)
{
    char name[DATADIR_NAME_BYTES];
    struct stat st;

    datadir_segment_name(segment, name);
    for (uint32_t i = 0; i < 2000; i++) {
        pthread_mutex_lock(&disk.mutex);
        bool over = disk.retired == 0;
        pthread_mutex_unlock(&disk.mutex);
        if (over) {
            break;
        }
        usleep(1000);
    }
    cr_assert_neq(fstatat(dir.log, name, &st, 0), 0, "it is gone from the log");
}

ON_EACH_QUEUE(disk_dir_pool, a_retired_segment_becomes_zeros_in_the_pool_while_that_has_room)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, a_retired_segment_becomes_zeros_in_the_pool_while_that_has_room)
{
    char name[DATADIR_NAME_BYTES];

    dir_make(path);
    start(*backend, 0);
    cr_assert_eq(prepare(1), 0);
    datadir_segment_name(1, name);
    int fd = openat(dir.log, name, O_RDWR);
    cr_assert_eq(pwrite(fd, "somebody's record", 17, 4096), 17);
    close(fd);
    pthread_mutex_lock(&disk.mutex);
    disk.pool_target = 1;
    pthread_mutex_unlock(&disk.mutex);
    cr_assert_eq(disk.disk.ops->retire(&disk.disk, 1), ERR_OK);
    retired_wait(1);
    cr_assert_eq(in_pool(), 1);
    cr_assert(is_zeros(dir.pool, name), "whatever it held");
    stop();
    dir_remove(path);
}

ON_EACH_QUEUE(disk_dir_pool, a_retired_segment_is_removed_when_the_pool_is_full)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, a_retired_segment_is_removed_when_the_pool_is_full)
{
    struct stat st;

    dir_make(path);
    start(*backend, 0);
    cr_assert_eq(prepare(1), 0);
    cr_assert_eq(disk.disk.ops->retire(&disk.disk, 1), ERR_OK);
    retired_wait(1);
    cr_assert_eq(in_pool(), 0);
    cr_assert_neq(fstatat(dir.pool, "retired", &st, 0), 0);
    stop();
    dir_remove(path);
}

ON_EACH_QUEUE(disk_dir_pool, a_part_of_a_snapshot_has_a_directory_of_its_own)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, a_part_of_a_snapshot_has_a_directory_of_its_own)
{
    struct stat st;

    dir_make(path);
    start(*backend, 0);
    cr_assert_eq(prepare(snapshot_file(1, 2)), 0);
    cr_assert_eq(fstatat(dir.snap, "1-0002.snp", &st, 0), 0);
    cr_assert_eq(st.st_size, SEGMENT);
    uint32_t numbers[4];
    size_t count = 9;
    cr_assert_eq(disk.disk.ops->segments(&disk.disk, numbers, 4, &count), ERR_OK);
    cr_assert_eq(count, 0, "it is no segment of the log");
    stop();
    dir_remove(path);
}

ON_EACH_QUEUE(disk_dir_pool, a_second_preparation_waits_for_the_first)
ParameterizedTest(enum dir_backend *backend, disk_dir_pool, a_second_preparation_waits_for_the_first)
{
    struct told first = { .request = { .completion = { done }, .file = 1 } }, second = { .request = { .completion = { done }, .file = 2 } };

    dir_make(path);
    start(*backend, 0);
    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &first.request), ERR_OK);
    cr_assert_eq(disk.disk.ops->prepare(&disk.disk, &second.request), ERR_AGAIN);
    while (first.calls == 0 && turner_turn(&turner)) {
    }
    cr_assert_eq(first.result, 0);
    cr_assert_eq(second.calls, 0);
    stop();
    dir_remove(path);
}
