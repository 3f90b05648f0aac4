/* file.h: whole files in and out of memory, for tools. */
#ifndef WARD_CLI_FILE_H
#define WARD_CLI_FILE_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define FILE_BYTES_MAX (1u << 30) /* a genesis with a city's worth of initial entities fits many times */

/* A whole file in memory. */
struct file {
    uint8_t *data; /* a NUL stands behind the last byte */
    size_t size;
};

/* file_read reads a regular file. Owns: the caller calls file_close. Fails: ERR_NOT_FOUND, ERR_PERMISSION, ERR_UNSUPPORTED (no regular file), ERR_FULL
 * (too long), ERR_NO_MEMORY, ERR_IO. */
enum err file_read(struct file *file, const char *path);
void file_close(struct file *file);

/* file_free tells whether nothing has this path: no file, and neither a device nor a link that leads nowhere. */
bool file_free(const char *path);

/* file_write writes through a new neighbour that is then given the name, flushed with its directory: afterwards the path holds all of the bytes or what it
 * held before, and no other file has changed. Needs: with `fresh` the path must be free, else it may be that of a regular file, which is replaced.
 * Fails: ERR_EXISTS, ERR_PERMISSION, ERR_NOT_FOUND (directory), ERR_NO_SPACE, ERR_IO. */
enum err file_write(const char *path, const void *data, size_t size, uint32_t mode, bool fresh);

/* file_lock makes and holds PATH.lock, which says that this process alone works with the path. Gives: *fd for file_unlock. Fails: ERR_AGAIN (another process has it), else as
 * file_write. It ends with the process; a file that is left over holds nobody up. */
enum err file_lock(int *fd, const char *path);

/* file_unlock removes it. Needs: fd of file_lock, or -1. */
void file_unlock(int fd, const char *path);

/* file_err gives the error of a number of errno.h, as these functions do. */
enum err file_err(int number);

/* file_exit gives the exit code that fits a failure of these functions. */
int file_exit(enum err err);

/* file_problem gives a failure of these functions in words, such as "there is no such file or directory". Gives: static text. */
const char *file_problem(enum err err);

#endif
