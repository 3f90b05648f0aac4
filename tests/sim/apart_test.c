/* apart_test.c: whatever becomes of a process, its parent learns it and goes on. */
#include "sim/campaign/apart.h"

#include "base/assert.h"

#include <criterion/criterion.h>
#include <string.h>

enum deed { DEED_ADD, DEED_ASSERT, DEED_LOOP };

struct work {
    enum deed deed;
    int a, b;
};

static void do_work(const void *context, void *result)
{
    const struct work *work = context;

    if (work->deed == DEED_ASSERT) {
        ASSERT(work->a == work->b);
    }
    for (volatile bool on = work->deed == DEED_LOOP; on;) { /* It takes time, as a loop does. */
    }
    *(int *)result = work->a + work->b;
}

Test(apart, a_result_comes_back)
{
    struct apart apart;
    struct work work = { DEED_ADD, 3, 4 };

    apart_open(&apart, sizeof(int));
    apart_begin(&apart, do_work, &work, 20);
    cr_assert_eq(apart_wait(&apart, 1), 0);
    cr_assert_eq(apart.end, APART_DONE);
    cr_assert_eq(*(int *)apart.result, 7);
    cr_assert_eq(apart_wait(&apart, 1), 1, "nobody works any more");
    apart_close(&apart);
}

Test(apart, a_failed_assertion_is_told_by_its_text)
{
    struct apart apart;
    struct work work = { DEED_ASSERT, 3, 4 };
    struct failure failure = { FAILURE_NONE, "" };

    apart_open(&apart, sizeof(int));
    apart_begin(&apart, do_work, &work, 20);
    apart_wait(&apart, 1);
    cr_assert_eq(apart.end, APART_STOPPED);
    apart_judge(&apart, &failure);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(failure.text, "work->a == work->b"), "%s", failure.text);
    work.b = 3;
    apart_begin(&apart, do_work, &work, 20);
    apart_wait(&apart, 1);
    cr_assert_eq(apart.end, APART_DONE, "the room is good for the next");
    apart_close(&apart);
}

Test(apart, a_loop_is_cut_off_while_another_goes_on)
{
    struct apart apart[2];
    struct work work[2] = { { DEED_LOOP, 0, 0 }, { DEED_ADD, 1, 1 } };
    struct failure failure = { FAILURE_NONE, "" };

    for (size_t i = 0; i < 2; i++) {
        apart_open(&apart[i], sizeof(int));
        apart_begin(&apart[i], do_work, &work[i], 1);
    }
    cr_assert_eq(apart_wait(apart, 2), 1);
    cr_assert_eq(apart_wait(apart, 2), 0);
    cr_assert_eq(apart[0].end, APART_ENDLESS);
    apart_judge(&apart[0], &failure);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
    apart_close(&apart[0]);
    apart_close(&apart[1]);
}

Test(apart, one_run_gives_its_result_and_a_stop_its_failure)
{
    struct work work = { DEED_ADD, 3, 4 };
    struct failure failure = { FAILURE_NONE, "" };
    int sum = 0;

    apart_run(&(struct apart_work){ do_work, &work, 20, sizeof sum }, &sum, &failure);
    cr_assert_eq(sum, 7);
    cr_assert_eq(failure.kind, FAILURE_NONE);
    work.deed = DEED_ASSERT;
    apart_run(&(struct apart_work){ do_work, &work, 20, sizeof sum }, &sum, &failure);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}
