/* junit_test.c: what CI reads: one test for what passed, one for each seed that failed, and no character that XML does not take. */
#include "sim/junit.h"

#include <criterion/criterion.h>
#include <string.h>

static char text[4096];

static void read_back(const struct junit *junit, const struct campaign *campaign)
{
    FILE *file = tmpfile();

    cr_assert_not_null(file);
    cr_assert(junit_write(junit, file, campaign));
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    cr_assert_gt(size, 0);
    text[size] = '\0';
    fclose(file);
}

Test(junit, a_campaign_without_failures_is_one_test)
{
    struct junit junit = { .count = 0 };
    struct campaign campaign = { .seeds = 5, .seed_first = 1, .seed_last = 5, .hash = 255 };

    read_back(&junit, &campaign);
    cr_assert_not_null(strstr(text, "tests=\"1\" failures=\"0\""), "%s", text);
    cr_assert_not_null(strstr(text, "5 of 5 seeds from 1 to 5, hash 00000000000000ff"));
    cr_assert_null(strstr(text, "<failure"));
    junit_close(&junit);
}

Test(junit, a_failure_carries_the_line_to_paste_and_is_escaped)
{
    struct junit junit = { .count = 0 };
    struct campaign campaign = { .seeds = 5, .failed = 1 };

    junit_failed(&junit, 3, "safety", "a < b & \"c\"", "ward-sim run --seed 3");
    read_back(&junit, &campaign);
    cr_assert_not_null(strstr(text, "tests=\"2\" failures=\"1\""), "%s", text);
    cr_assert_not_null(strstr(text, "<testcase classname=\"ward-sim.swarm\" name=\"seed 3\"><failure type=\"safety\" message=\"a &lt; b &amp; &quot;c&quot;\">ward-sim run --seed 3</failure>"), "%s", text);
    junit_close(&junit);
}

Test(junit, a_file_that_takes_nothing_is_told)
{
    struct junit junit = { .count = 0 };
    struct campaign campaign = { .seeds = 1 };

    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_assert_not(junit_write(&junit, full, &campaign));
    fclose(full);
}
