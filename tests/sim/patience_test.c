/* patience_test.c: a timer that does not grow with the views that end is seen, and one that does not shrink again. */
#include "sim/oracle/patience.h"

#include "sim/oracle/oracle.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct failure failure;
static struct patience patience;

static void setup(void)
{
    struct config_limits limits = { .batch_us = 5000, .view_ms_min = 200, .view_ms_max = 8000 };

    failure = (struct failure){ 0 };
    patience_init(&patience, 2, &limits, &failure);
}

static void teardown(void)
{
    patience_close(&patience);
}

TestSuite(patience, .init = setup, .fini = teardown);

static void fail_views(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        patience_entered(&patience, 1);
    }
}

static void expect(const char *text)
{
    cr_assert_eq(failure.kind, text == NULL ? FAILURE_NONE : FAILURE_LIVENESS, "%s", failure.text);
    cr_assert(text == NULL || strstr(failure.text, text) != NULL, "%s", failure.text);
}

Test(patience, grows_with_each_view_that_brings_nothing_T5)
{
    fail_views(3);
    patience_look(&patience, 1, 1680 * MS);
    patience_look(&patience, 0, 210 * MS);
    expect(NULL);
    patience_look(&patience, 1, 1679 * MS);
    expect("at least 1680 ms");
}

Test(patience, ends_at_its_bound_T5)
{
    fail_views(40);
    patience_look(&patience, 1, 8000 * MS);
    expect(NULL);
    patience_look(&patience, 1, 7999 * MS);
    expect("at least 8000 ms");
}

Test(patience, falls_behind_a_commit_T5)
{
    fail_views(5);
    patience_committed(&patience, 1);
    patience_look(&patience, 1, 1010 * MS);
    expect(NULL);
    patience_look(&patience, 1, 1011 * MS);
    expect("at most 1010 ms");
}

Test(patience, view_with_a_commit_counts_as_none_T5)
{
    patience_committed(&patience, 1);
    fail_views(1);
    patience_look(&patience, 1, 210 * MS);
    expect(NULL);
    fail_views(1);
    patience_look(&patience, 1, 2020 * MS);
    expect(NULL);
    patience_look(&patience, 1, 2021 * MS);
    expect("at most 2020 ms");
}

Test(patience, link_may_end_an_outage_T5)
{
    fail_views(4);
    patience_linked(&patience, 1);
    patience_look(&patience, 1, 210 * MS);
    patience_look(&patience, 1, 3360 * MS);
    expect(NULL);
}

Test(patience, what_a_life_took_over_is_not_known)
{
    patience_committed(&patience, 1);
    fail_views(3);
    patience_began(&patience, 1);
    patience_look(&patience, 1, 210 * MS);
    patience_look(&patience, 1, 8000 * MS);
    expect(NULL);
}
