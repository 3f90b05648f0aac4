/* leak.c: a planted fault. It loses a block of the heap; MODE=debug must report it at the end. */
#include <stdlib.h>

int main(void)
{
    void *volatile block = malloc(8);

    block = NULL;
    return block != NULL;
}
