/* random.c: the kernel's random source, the one place where crypto reaches outside itself. */
#include "crypto/keys.h"

#include "base/assert.h"

#include <errno.h>
#include <sys/random.h>

void random_fill(void *data, size_t size)
{
    uint8_t *bytes = data;

    while (size > 0) { /* ends: each round either fills at least one byte, or was interrupted by a signal */
        ssize_t filled = getrandom(bytes, size, 0);

        if (filled < 0) {
            ASSERT(errno == EINTR);
            continue;
        }
        ASSERT(filled > 0);
        bytes += filled;
        size -= (size_t)filled;
    }
}
