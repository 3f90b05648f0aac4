/* ballast.c: see ballast.h. */
#include "storage/ballast.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "ballast"

uint64_t ballast_bytes(const struct datadir *dir)
{
    struct stat st;

    ASSERT(dir->root >= 0);
    return fstatat(dir->root, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_blocks * 512u : 0;
}

enum err ballast_make(const struct datadir *dir, uint64_t bytes)
{
    ASSERT(!dir->read_only);
    ASSERT(bytes > 0);
    ASSERT(dir->root >= 0);
    if (ballast_bytes(dir) >= bytes) {
        return ERR_OK;
    }
    int fd = openat(dir->root, NAME, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return datadir_err(errno);
    }
    int code = fallocate(fd, 0, 0, (off_t)bytes) == 0 && fsync(fd) == 0 ? 0 : errno;
    close(fd);
    if (code == 0) {
        return ERR_OK;
    }
    (void)unlinkat(dir->root, NAME, 0);
    return code == EOPNOTSUPP ? ERR_UNSUPPORTED : datadir_err(code);
}

enum err ballast_drop(const struct datadir *dir)
{
    ASSERT(!dir->read_only);
    ASSERT(dir->root >= 0);
    return unlinkat(dir->root, NAME, 0) == 0 || errno == ENOENT ? ERR_OK : ERR_IO;
}
