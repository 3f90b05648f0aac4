/* assert.c: the one way in which Ward stops itself. It allocates nothing and takes no lock, so that it works in any state. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void assert_fail(const char *file, int line, const char *expression)
{
    char text[512];
    int length = snprintf(text, sizeof text, "ward: assertion failed: %s:%d: %s\n", file, line, expression);

    if (length > (int)sizeof text - 1) {
        length = (int)sizeof text - 1;
    }
    if (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, (size_t)length);
        (void)written; /* There is nothing left to do about a closed standard error. */
    }
    abort();
}
