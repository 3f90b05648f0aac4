#include "storage/datadir.h"
#include "storage/disk.h"
#include "storage/format.h"
#include "tests/base/flush_kit.h"
#include "tests/storage/dir_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* build/ may itself lie on a file system that is rightly refused; then there is nothing to test here. */
static void open_or_skip(struct datadir *dir, const char *path)
{
    enum err err = datadir_open(dir, path, true, false);

    if (err == ERR_UNSUPPORTED) {
        dir_remove(path);
        cr_skip_test("build/ is on a file system that is refused: %s", dir->reason);
    }
    cr_assert_eq(err, ERR_OK, "%s", dir->reason);
}

/* A store whose directory is gone after a power cut has promised votes that nobody remembers. */
Test(datadir, the_name_of_a_new_directory_is_durable)
{
    char path[DIR_PATH_BYTES], below[DIR_PATH_BYTES + 8];
    struct datadir dir;

    dir_make(path);
    snprintf(below, sizeof below, "%s/data", path);
    for (int time = 0; time < 2; time++) { /* the second one finds it, as after a kill */
        flush_watch(path, NULL);
        open_or_skip(&dir, below);
        cr_expect_geq(flush_directories(), 1, "time %d", time);
        datadir_close(&dir);
    }
    flush_watch(path, NULL);
    cr_assert_eq(datadir_open(&dir, below, true, false), ERR_OK);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    datadir_close(&dir);
    dir_remove(below);
    dir_remove(path);
}

Test(datadir, a_second_process_is_refused_by_name_until_the_first_is_gone)
{
    char path[DIR_PATH_BYTES];
    struct datadir first;
    struct datadir second;
    char pid[24];

    dir_make(path);
    open_or_skip(&first, path);
    cr_assert_eq(datadir_format(&first), ERR_OK);
    cr_assert_eq(datadir_open(&second, path, false, false), ERR_CONFLICT);
    snprintf(pid, sizeof pid, "pid %d", getpid());
    cr_assert_not_null(strstr(second.reason, pid), "%s", second.reason);
    datadir_close(&first);
    cr_assert_eq(datadir_open(&second, path, false, false), ERR_OK, "%s", second.reason);
    datadir_close(&second);
    dir_remove(path);
}

Test(datadir, the_lock_of_a_killed_process_is_free)
{
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    int ready[2];
    char byte;

    dir_make(path);
    open_or_skip(&dir, path);
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    datadir_close(&dir);
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        bool held = datadir_open(&dir, path, false, false) == ERR_OK;
        ssize_t wrote = write(ready[1], held ? "y" : "n", 1);
        (void)wrote;
        pause();
        _exit(0);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(byte, 'y');
    cr_assert_eq(datadir_open(&dir, path, false, false), ERR_CONFLICT);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_eq(datadir_open(&dir, path, false, false), ERR_OK);
    datadir_close(&dir);
    dir_remove(path);
}

Test(datadir, a_directory_without_a_store_is_not_opened_unless_one_is_made)
{
    char path[DIR_PATH_BYTES];
    char inside[DIR_PATH_BYTES + 8];
    char file[DIR_PATH_BYTES + 16];
    struct datadir dir;

    dir_make(path);
    snprintf(inside, sizeof inside, "%s/new", path);
    cr_assert_eq(datadir_open(&dir, inside, false, false), ERR_NOT_FOUND);
    cr_assert_eq(datadir_open(&dir, path, false, false), ERR_NOT_FOUND);
    open_or_skip(&dir, inside);
    snprintf(file, sizeof file, "%s/LOCK", inside);
    struct datadir other;
    cr_assert_eq(datadir_open(&other, file, true, true), ERR_INVALID, "a file is not a directory");
    cr_assert_eq(datadir_open_read(&other, file), ERR_INVALID);
    cr_assert_not(datadir_has_store(&dir));
    cr_assert_eq(datadir_format(&dir), ERR_OK);
    cr_assert_not(datadir_has_store(&dir), "an empty file is not a store yet");
    cr_assert_eq(datadir_format(&dir), ERR_OK, "so an interrupted start can be made again");
    datadir_close(&dir);
    dir_remove(path);
}

/* One digit of a name that changed: a number that is a part of a snapshot to the disk, and a pool of a thousand million files to be tried one by one. */
Test(datadir, a_name_beyond_all_segments_is_none_and_the_pool_is_no_larger_than_a_pool)
{
    static const char *const names[] = { "4000000001.seg", "1073741824.seg", "4294967295.seg", "0000000003.seg", "0536870911.seg", "0536870912.seg" };
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    uint32_t numbers[8], highest = 0;
    size_t count = 0;

    dir_make(path);
    open_or_skip(&dir, path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        close(openat(dir.log, names[i], O_CREAT | O_RDWR, 0600));
        close(openat(dir.pool, names[i], O_CREAT | O_RDWR, 0600));
    }
    cr_assert_eq(datadir_segments(&dir, numbers, 8, &count), ERR_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(numbers[0], 3);
    cr_assert_eq(numbers[1], DISK_SEGMENT_LAST);
    cr_assert_eq(datadir_pool(&dir, &highest), ERR_OK);
    cr_assert_eq(highest, 3);
    datadir_close(&dir);
    dir_remove(path);
}

Test(datadir, a_written_superblock_or_a_segment_makes_a_store_that_is_never_formatted)
{
    for (int segment = 0; segment < 2; segment++) {
        char path[DIR_PATH_BYTES];
        struct datadir dir;
        dir_make(path);
        open_or_skip(&dir, path);
        cr_assert_eq(datadir_format(&dir), ERR_OK);
        int fd = segment == 1 ? openat(dir.log, "0000000001.seg", O_CREAT | O_RDWR, 0600) : openat(dir.root, "superblock", O_RDWR);
        cr_assert_geq(fd, 0);
        cr_assert_eq(pwrite(fd, "x", 1, 5000), 1);
        close(fd);
        cr_assert(datadir_has_store(&dir));
        cr_assert_eq(datadir_format(&dir), ERR_EXISTS);
        cr_assert_neq(strlen(dir.reason), 0);
        datadir_close(&dir);
        dir_remove(path);
    }
}

Test(datadir, tmpfs_is_refused_with_the_reason_unless_unsafe)
{
    const char *path = "/dev/shm/ward-datadir-test";
    struct datadir dir;
    struct statfs fs;

    if (statfs("/dev/shm", &fs) != 0 || (uint32_t)fs.f_type != 0x01021994) {
        cr_skip_test("/dev/shm is no tmpfs here");
    }
    dir_remove(path);
    cr_assert_eq(datadir_open(&dir, path, true, false), ERR_UNSUPPORTED);
    cr_assert_not_null(strstr(dir.reason, "tmpfs"), "%s", dir.reason);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK);
    cr_assert(dir.unsafe);
    datadir_close(&dir);
    dir_remove(path);
}

Test(datadir, segments_are_listed_in_order_and_nothing_else_is)
{
    static const char *const names[] = { "0000000010.seg", "0000000002.seg", "0536870911.seg", "0000000000.seg", "10.seg", "0000000003.seg~", "4294967296.seg", "x" };
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    uint32_t numbers[600];
    size_t count;

    dir_make(path);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        close(openat(dir.log, names[i], O_CREAT | O_RDWR, 0600));
    }
    cr_assert_eq(datadir_segments(&dir, numbers, 600, &count), ERR_OK);
    cr_assert_eq(count, 3);
    cr_assert(numbers[0] == 2 && numbers[1] == 10 && numbers[2] == DISK_SEGMENT_LAST);
    cr_assert_eq(datadir_segments(&dir, numbers, 2, &count), ERR_FULL);
    for (uint32_t i = 500; i > 10; i--) {
        char name[DATADIR_NAME_BYTES];
        datadir_segment_name(i * 7919 % 100003 + 100, name);
        close(openat(dir.log, name, O_CREAT | O_RDWR, 0600));
    }
    cr_assert_eq(datadir_segments(&dir, numbers, 600, &count), ERR_OK);
    for (size_t i = 1; i < count; i++) {
        cr_assert_lt(numbers[i - 1], numbers[i]);
    }
    cr_assert_gt(count, 400);
    datadir_close(&dir);
    dir_remove(path);
}

Test(datadir, instances_differ_and_space_is_told)
{
    uint8_t a[16];
    uint8_t b[16];
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    struct datadir_space space;

    cr_assert_eq(datadir_instance(a), ERR_OK);
    cr_assert_eq(datadir_instance(b), ERR_OK);
    cr_assert_neq(memcmp(a, b, 16), 0);
    dir_make(path);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK);
    cr_assert_eq(datadir_space(&dir, &space), ERR_OK);
    cr_assert_gt(space.bytes_free, 0);
    cr_assert_leq(space.bytes_free, space.bytes_total);
    datadir_close(&dir);
    dir_remove(path);
}

Test(datadir, looking_at_a_store_takes_no_lock_and_changes_nothing)
{
    char path[DIR_PATH_BYTES];
    struct datadir dir;
    struct datadir look;

    dir_make(path);
    open_or_skip(&dir, path);
    cr_assert_eq(datadir_open_read(&look, path), ERR_OK, "%s", look.reason);
    datadir_close(&look);
    datadir_close(&dir);
    cr_assert_eq(datadir_open_read(&look, "build/there-is-no-such-store"), ERR_NOT_FOUND);
    dir_remove(path);
}
