/* naming.c: see naming.h. */
#include "sim/world/naming.h"

#include "base/assert.h"

#include <string.h>

uint32_t naming_find(const struct naming *names, uint32_t count, const char *word)
{
    uint32_t i = 0;

    ASSERT(word != NULL);
    while (i < count && strcmp(names[i].word, word) != 0) {
        i++;
    }
    return i;
}
