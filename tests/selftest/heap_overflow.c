/* heap_overflow.c: a planted fault. It writes one byte behind a block of the heap; MODE=debug must stop it. */
#include <stdlib.h>

int main(int argc, char **argv)
{
    volatile char *volatile block = malloc(8); /* the outer volatile: the compiler forgets the size; the inner: it keeps the write */

    (void)argv;
    if (block == NULL) {
        return 0;
    }
    block[7 + argc] = 1; /* argc is 1, which the compiler does not know */
    free((void *)block);
    return 0;
}
