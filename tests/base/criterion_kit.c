/* criterion_kit: Criterion readies libgit2 in each process, to draw the difference of two texts that are unequal. It reads every certificate of the
 * machine, which takes longer than most tests. Here nothing is readied, and an unequal pair of texts is printed whole instead. The Makefile also
 * makes a library of this file that stands in for libgit2, so that no test's process loads the true one with all that it needs. */
#include <stddef.h>

int git_libgit2_init(void);
int git_libgit2_shutdown(void);
int git_diff_buffers(void);

int git_libgit2_init(void)
{
    return 1; /* how often it was readied */
}

int git_libgit2_shutdown(void)
{
    return 0;
}

int git_diff_buffers(void)
{
    return -1; /* an error */
}
