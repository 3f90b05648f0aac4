/* sysfile.c: see sysfile.h. */
#include "base/sysfile.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES 65536

long sysfile_read(const char *root, const char *path, char *text, size_t size)
{
    char whole[SYSFILE_PATH_BYTES];
    size_t used = 0;

    ASSERT(size > 0);
    text[0] = '\0';
    if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, path) >= sizeof whole) {
        return -1;
    }
    int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return -1;
    }
    ssize_t got = 1;
    while (used < size - 1 && got > 0) {
        got = read(fd, text + used, size - 1 - used);
        got = got < 0 && errno == EINTR ? 0 : got;
        used += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    text[used] = '\0';
    return got < 0 ? -1 : (long)used;
}

bool sysfile_line(const char *root, const char *path, const char *prefix, char line[SYSFILE_LINE_BYTES])
{
    char text[TEXT_BYTES];
    const size_t length = strlen(prefix);

    line[0] = '\0';
    if (sysfile_read(root, path, text, sizeof text) < 0) {
        return false;
    }
    for (const char *at = text; at != NULL && *at != '\0';) { /* Each round leaves a line behind. */
        size_t size = strcspn(at, "\n");
        if (size >= length && memcmp(at, prefix, length) == 0) {
            size = size < SYSFILE_LINE_BYTES - 1 ? size : SYSFILE_LINE_BYTES - 1;
            memcpy(line, at, size);
            line[size] = '\0';
            return true;
        }
        at = at[size] == '\n' ? at + size + 1 : NULL;
    }
    return false;
}

bool sysfile_number(const char *root, const char *path, const char *prefix, int64_t *number)
{
    char line[SYSFILE_LINE_BYTES], *end;

    if (!sysfile_line(root, path, prefix, line)) {
        return false;
    }
    const char *at = line + strlen(prefix);
    *number = strtoll(at, &end, 10);
    return end != at;
}
