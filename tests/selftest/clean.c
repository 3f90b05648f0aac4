/* clean.c: no fault. Every mode must let it pass, so that the failure of its neighbours means something. */
#include <stdlib.h>

int main(void)
{
    void *volatile block = malloc(8);

    free(block);
    return 0;
}
