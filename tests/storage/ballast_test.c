/* ballast_test.c: the ballast takes real space, is made once, and gives it back. */
#include "storage/ballast.h"

#include "tests/storage/dir_kit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1u << 20)

static char path[DIR_PATH_BYTES];
static struct datadir dir;

static void start(void)
{
    dir_make(path);
    cr_assert_eq(datadir_open(&dir, path, true, true), ERR_OK, "%s", dir.reason);
}

static void stop(void)
{
    datadir_close(&dir);
    dir_remove(path);
}

TestSuite(ballast, .init = start, .fini = stop);

Test(ballast, takes_space_once_and_gives_it_back)
{
    cr_assert_eq(ballast_bytes(&dir), 0);
    enum err err = ballast_make(&dir, 2 * MIB);
    if (err == ERR_UNSUPPORTED) {
        cr_skip_test("this file system reserves nothing");
    }
    cr_assert_eq(err, ERR_OK);
    cr_assert_geq(ballast_bytes(&dir), 2 * MIB);
    cr_assert_eq(ballast_make(&dir, 2 * MIB), ERR_OK);
    cr_assert_eq(ballast_drop(&dir), ERR_OK);
    cr_assert_eq(ballast_bytes(&dir), 0);
    cr_assert_eq(ballast_drop(&dir), ERR_OK, "dropping nothing is no failure");
}

Test(ballast, that_does_not_fit_leaves_nothing_behind)
{
    struct stat st;
    enum err err = ballast_make(&dir, UINT64_C(1) << 46);

    cr_assert(err == ERR_NO_SPACE || err == ERR_UNSUPPORTED || err == ERR_IO, "64 TiB fit nowhere: %d", (int)err);
    cr_assert_neq(fstatat(dir.root, "ballast", &st, 0), 0);
}

/* What an earlier start left, shorter than asked for now, is made whole. */
Test(ballast, of_another_size_is_made_anew)
{
    int fd = openat(dir.root, "ballast", O_CREAT | O_WRONLY, 0600);

    cr_assert_eq(write(fd, "x", 1), 1);
    close(fd);
    enum err err = ballast_make(&dir, MIB);
    cr_assert(err == ERR_OK || err == ERR_UNSUPPORTED);
    cr_assert(err != ERR_OK || ballast_bytes(&dir) >= MIB);
}
