/* file.c: see file.h. */
#include "cli/file.h"

#include "base/exit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BESIDE_TRIES = 100 }; /* neighbours that a process left behind before, or another thread has */

enum err file_err(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case EEXIST:
    case ENOTEMPTY:
        return ERR_EXISTS;
    default:
        return ERR_IO;
    }
}

static enum err read_all(int fd, uint8_t *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ERR_IO;
        }
        done += (size_t)got;
    }
    return ERR_OK;
}

enum err file_read(struct file *file, const char *path)
{
    struct stat status;

    *file = (struct file){ NULL, 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* A pipe that nobody writes must not hold us. */
    if (fd < 0) {
        return errno == ENXIO || errno == ENODEV ? ERR_UNSUPPORTED : file_err(errno);
    }
    enum err err = fstat(fd, &status) != 0 ? ERR_IO : S_ISREG(status.st_mode) ? ERR_OK : ERR_UNSUPPORTED;
    if (err == ERR_OK && (uint64_t)status.st_size > FILE_BYTES_MAX) {
        err = ERR_FULL;
    }
    if (err == ERR_OK) {
        file->size = (size_t)status.st_size;
        file->data = malloc(file->size + 1);
        err = file->data == NULL ? ERR_NO_MEMORY : read_all(fd, file->data, file->size);
    }
    close(fd);
    if (err != ERR_OK) {
        file_close(file);
        return err;
    }
    file->data[file->size] = '\0';
    return ERR_OK;
}

void file_close(struct file *file)
{
    free(file->data);
    *file = (struct file){ NULL, 0 };
}

static enum err write_all(int fd, const uint8_t *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t put = write(fd, data + done, size - done);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return file_err(errno);
        }
        done += (size_t)put;
    }
    return fsync(fd) == 0 ? ERR_OK : file_err(errno);
}

static enum err flush_directory(const char *path)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return file_err(errno);
    }
    int code = fsync(fd);
    close(fd);
    return code == 0 ? ERR_OK : ERR_IO;
}

/* open_beside makes a neighbour of the path that was not there, whoever else makes some. Gives: a descriptor, or -1 with errno. */
static int open_beside(const char *path, char beside[PATH_MAX], uint32_t mode)
{
    int fd = -1;

    for (unsigned i = 0; i < BESIDE_TRIES && fd < 0; i++) {
        if (snprintf(beside, PATH_MAX, "%s.new-%d-%u", path, (int)getpid(), i) >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
        if (fd < 0 && errno != EEXIST) {
            return -1;
        }
    }
    return fd;
}

bool file_free(const char *path)
{
    struct stat status;

    return lstat(path, &status) != 0;
}

/* put_in_place gives the neighbour its name. link fails where rename would replace, so two processes cannot both believe that they made the file. */
static enum err put_in_place(const char *beside, const char *path, bool fresh)
{
    struct stat status;

    if (!fresh && lstat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return ERR_EXISTS;
    }
    return (fresh ? link(beside, path) : rename(beside, path)) == 0 ? ERR_OK : file_err(errno);
}

enum err file_write(const char *path, const void *data, size_t size, uint32_t mode, bool fresh)
{
    char beside[PATH_MAX];

    if (fresh && !file_free(path)) {
        return ERR_EXISTS;
    }
    int fd = open_beside(path, beside, mode);
    if (fd < 0) {
        return file_err(errno);
    }
    enum err err = write_all(fd, data, size);
    close(fd);
    err = err == ERR_OK ? put_in_place(beside, path, fresh) : err;
    unlink(beside);
    return err == ERR_OK ? flush_directory(path) : err;
}

/* lock_name gives PATH.lock. Gives: false when it is too long. */
static bool lock_name(char name[PATH_MAX], const char *path)
{
    return snprintf(name, PATH_MAX, "%s.lock", path) < PATH_MAX;
}

enum err file_lock(int *fd, const char *path)
{
    char name[PATH_MAX];
    struct stat held, named;

    *fd = -1;
    if (!lock_name(name, path)) {
        return ERR_NOT_FOUND;
    }
    int lock = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (lock < 0) {
        return file_err(errno);
    }
    bool mine = flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &held) == 0 && lstat(name, &named) == 0; /* Whoever had it may have removed it before we held it. */
    if (!mine || held.st_ino != named.st_ino || held.st_dev != named.st_dev) {
        close(lock);
        return ERR_AGAIN;
    }
    *fd = lock;
    return ERR_OK;
}

void file_unlock(int fd, const char *path)
{
    char name[PATH_MAX];

    if (fd >= 0 && lock_name(name, path)) {
        unlink(name);
        close(fd);
    }
}

int file_exit(enum err err)
{
    if (err == ERR_OK) {
        return EXIT_FINE;
    }
    if (err == ERR_PERMISSION) {
        return EXIT_PERMISSION;
    }
    if (err == ERR_EXISTS) {
        return EXIT_REFUSED;
    }
    return err == ERR_NO_SPACE || err == ERR_NO_MEMORY || err == ERR_FULL || err == ERR_IO ? EXIT_RESOURCE : EXIT_CONFIGURATION;
}

const char *file_problem(enum err err)
{
    static const struct { enum err err; const char *text; } problems[] = {
        { ERR_NOT_FOUND, "there is no such file or directory" }, { ERR_PERMISSION, "it cannot be opened with these rights" },
        { ERR_FULL, "it is longer than any that is read" },      { ERR_NO_SPACE, "no space is left" },
        { ERR_NO_MEMORY, "there is not enough memory for it" },  { ERR_UNSUPPORTED, "it is not a regular file" },
        { ERR_IO, "reading or writing it failed" },
        { ERR_EXISTS, "it is there already, and nothing that is there is overwritten: name another file, or move this one away" },
    };

    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        if (problems[i].err == err) {
            return problems[i].text;
        }
    }
    return err_name(err);
}
