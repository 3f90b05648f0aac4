/* flush_kit.c: see flush_kit.h. */
#include "tests/base/flush_kit.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t watched; /* inode */
static const char *_Atomic named;
static atomic_uint directories, early;

/* fsync in place of libc's, for this whole test program: it does the same, and notes what is watched. */
int fsync(int fd)
{
    struct stat status;
    const char *name = named;

    if (watched != 0 && fstat(fd, &status) == 0) {
        directories += S_ISDIR(status.st_mode) && status.st_ino == watched;
        early += S_ISREG(status.st_mode) && name != NULL && access(name, F_OK) == 0;
    }
    return (int)syscall(SYS_fsync, fd);
}

void flush_watch(const char *directory, const char *name)
{
    struct stat status;

    cr_assert_eq(stat(directory, &status), 0);
    named = name;
    directories = early = 0;
    watched = status.st_ino;
}

unsigned flush_directories(void)
{
    return directories;
}

unsigned flush_named(void)
{
    return early;
}
