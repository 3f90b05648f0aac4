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
#include <sys/stat.h>
#include <unistd.h>

static enum err err_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case EEXIST:
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
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    enum err err = fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ? ERR_IO : ERR_OK;
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
            return err_of_errno(errno);
        }
        done += (size_t)put;
    }
    return fsync(fd) == 0 ? ERR_OK : err_of_errno(errno);
}

static enum err flush_directory(const char *path)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    int code = fsync(fd);
    close(fd);
    return code == 0 ? ERR_OK : ERR_IO;
}

enum err file_write(const char *path, const void *data, size_t size, uint32_t mode, bool fresh)
{
    char beside[PATH_MAX];

    if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside) {
        return ERR_INVALID;
    }
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    enum err err = write_all(fd, data, size);
    close(fd);
    if (err == ERR_OK) {
        /* link fails where rename would replace, so two processes cannot both believe that they made the file. */
        int code = fresh ? link(beside, path) : rename(beside, path);
        err = code == 0 ? ERR_OK : err_of_errno(errno);
    }
    unlink(beside);
    return err == ERR_OK ? flush_directory(path) : err;
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
        { ERR_EXISTS, "it is there already" },                   { ERR_FULL, "it is longer than any that is read" },
        { ERR_NO_SPACE, "no space is left" },                    { ERR_NO_MEMORY, "there is not enough memory for it" },
    };

    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        if (problems[i].err == err) {
            return problems[i].text;
        }
    }
    return err_name(err);
}
