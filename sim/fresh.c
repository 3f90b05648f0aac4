/* fresh.c: see fresh.h. */
#include "sim/fresh.h"

#include "base/assert.h"
#include "base/exit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fresh_exit(int number)
{
    switch (number) {
    case 0:
        return EXIT_FINE;
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return EXIT_CONFIGURATION;
    case EEXIST:
    case ENOTEMPTY:
        return EXIT_REFUSED;
    case EACCES:
    case EPERM:
    case EROFS:
        return EXIT_PERMISSION;
    default:
        return EXIT_RESOURCE;
    }
}

int fresh_fail(const struct order *order, const char *path, int number)
{
    const char *why = number == EEXIST ? "it is there already, and nothing that is there is overwritten: name another file, or move this one away" : strerror(number);

    ASSERT(number != 0);
    return order_fail(order, fresh_exit(number), "%s: %s", path, why);
}

int fresh_refuse(const struct order *order, const char *path)
{
    struct stat status;

    return path != NULL && lstat(path, &status) == 0 ? fresh_fail(order, path, EEXIST) : EXIT_FINE;
}

FILE *fresh_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (fd >= 0 && file == NULL) {
        close(fd);
    }
    return file;
}

int fresh_close(FILE *file, bool well)
{
    errno = 0;
    bool whole = fflush(file) == 0 && !ferror(file) && well;
    int number = errno;

    if (fclose(file) != 0 && whole) {
        whole = false;
        number = errno;
    }
    return whole ? 0 : number != 0 ? number : EIO;
}
