/* leak.c: a planted fault. Linked into a program of Ward it loses a block of the heap before main. */
#include <stdlib.h>

__attribute__((constructor)) static void lose(void)
{
    void *volatile block = malloc(57);

    block = NULL;
    (void)block;
}
