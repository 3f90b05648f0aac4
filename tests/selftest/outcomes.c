/* outcomes.c: one test for each way in which a test can end. tests/selftest/selftest.sh counts them and compares the tally. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

Test(planted, passes)
{
    cr_assert(1);
}

Test(planted, fails)
{
    cr_assert(0, "planted");
}

Test(planted, stops)
{
    abort();
}

Test(planted, ends)
{
    exit(3);
}

Test(planted, is_skipped)
{
    cr_skip_test("planted");
}

/* Passes in release; in MODE=debug the sanitizer must turn it into a failure, through Criterion's own process per test. */
Test(planted, overflows)
{
    char text[8] = "1234567";
    volatile size_t index = strlen(text) + 1;

    cr_assert(((volatile char *)text)[index] != 1 || index > 0);
}

static void *count_on(void *argument)
{
    volatile int *count = argument;

    *count = *count + 1;
    return NULL;
}

/* Passes but in MODE=thread. */
Test(planted, races)
{
    static volatile int count;
    pthread_t other;

    cr_assert_eq(pthread_create(&other, NULL, count_on, (void *)&count), 0);
    (void)count_on((void *)&count);
    cr_assert_eq(pthread_join(other, NULL), 0);
}

/* Is here to be left out by a filter. */
Test(other, is_filtered_out)
{
    cr_assert(0);
}
