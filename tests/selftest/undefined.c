/* undefined.c: a planted fault. It overflows a signed integer; MODE=debug must stop it. */
#include <limits.h>

int main(int argc, char **argv)
{
    volatile int sum = INT_MAX;

    (void)argv;
    sum = sum + argc;
    return sum == 0;
}
