#include "sim/explore/explore.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct explore explore;

static struct explore_plan plan_of(uint32_t liar, uint32_t views, uint32_t heights, uint32_t variants)
{
    return (struct explore_plan){ .liar = liar, .views = views, .heights = heights, .variants = variants, .states_max = 1000000 };
}

static struct explore_result run(const struct explore_plan *plan)
{
    explore_open(&explore, plan);
    explore_run(&explore);
    struct explore_result result = explore.result;
    explore_close(&explore);
    return result;
}

/* C1 and C2 with every order of messages; with a liar every equivocation, and every vote that it gives or keeps back. */
Test(explore, exhausts_one_view_of_two_heights_without_a_broken_rule)
{
    static const struct { uint32_t liar, variants; } rows[] = { { EXPLORE_NOBODY, 1 }, { 0, 1 }, { 3, 1 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct explore_plan plan = plan_of(rows[i].liar, 1, 2, rows[i].variants);
        struct explore_result result = run(&plan);
        cr_assert_eq(result.end, EXPLORE_EXHAUSTED, "liar %u: %s", rows[i].liar, result.failure.text);
        cr_assert_geq(result.committing, 2, "both heights commit");
        cr_assert_gt(result.states, 50);
        cr_assert_gt(result.audited, 0, "equal digests were put to the test");
    }
}

/* Two blocks of one liar at one place: whoever votes for the one does not vote for the other (V2, I3), and one alone is certified (I4). */
Test(explore, exhausts_two_blocks_of_one_height)
{
    struct explore_plan plan = plan_of(0, 1, 1, 2);
    struct explore_result result = run(&plan);

    cr_assert_eq(result.end, EXPLORE_EXHAUSTED, "%s", result.failure.text);
    cr_assert_eq(result.blocks, 3, "the root, and two");
    cr_assert_eq(result.committing, 2, "either of them");
}

/* What sim/explore/moves.c leaves out is nothing: single steps lead to the same words in every combination, the same certificates, the same commits. */
Test(explore, loses_nothing_by_silence)
{
    static const struct { uint32_t liar, heights, variants; } rows[] = { { EXPLORE_NOBODY, 1, 1 }, { 0, 1, 2 }, { 3, 2, 1 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct explore_plan plan = plan_of(rows[i].liar, 1, rows[i].heights, rows[i].variants);
        struct explore_result few = run(&plan);
        plan.plain = true;
        struct explore_result all = run(&plan);
        cr_assert_eq(all.end, EXPLORE_EXHAUSTED);
        cr_assert_gt(all.states, few.states);
        cr_assert_eq(all.speeches, few.speeches);
        cr_assert_eq(all.scenes, few.scenes);
        cr_assert_eq(all.committing, few.committing);
    }
}

/* Two views: an opening, timeouts (T1 to T3), certificates of the old view in the new one (V7, C3). More of them than here: `ward-sim explore`. */
Test(explore, goes_through_a_change_of_view)
{
    struct explore_plan plan = plan_of(0, 2, 1, 1);

    plan.states_max = 800;
    struct explore_result result = run(&plan);
    cr_assert_eq(result.end, EXPLORE_CUT_STATES, "%s", result.failure.text);
    cr_assert_gt(result.scenes, 5);
}

Test(explore, finds_the_same_states_again)
{
    struct explore_plan plan = plan_of(0, 1, 1, 2);
    struct explore_result first = run(&plan), second = run(&plan);

    cr_assert_eq(first.states, second.states);
    cr_assert_eq(first.steps, second.steps);
    cr_assert_eq(first.columns, second.columns);
    cr_assert_eq(first.core_steps, second.core_steps);
}

/* The over-budget control: two of four sign everything, so one rank has two certificates (I4). */
Test(explore, sees_a_liar_too_many_and_writes_how_to_see_it_again)
{
    struct explore_plan plan = plan_of(0, 1, 1, 2), read;
    char *text = NULL;
    size_t size = 0;

    plan.over = true;
    explore_open(&explore, &plan);
    explore_run(&explore);
    cr_assert_eq(explore.result.end, EXPLORE_BROKEN);
    struct failure failure = explore.result.failure;
    cr_assert_not_null(strstr(failure.text, "I4"), "%s", failure.text);
    FILE *stream = open_memstream(&text, &size);
    cr_assert(explore_write(&explore, stream));
    fclose(stream);
    explore_close(&explore);

    const char *decisions = explore_plan_read(&read, text);
    cr_assert_not_null(decisions);
    explore_open(&explore, &read);
    cr_assert_eq(explore_replay(&explore, decisions), 0);
    cr_assert_eq(explore.result.failure.kind, FAILURE_SAFETY);
    cr_assert_str_eq(explore.result.failure.text, failure.text);
    explore_close(&explore);
    free(text);
}

Test(explore, tells_which_decision_does_not_fit)
{
    static const char text[] = "ward exploration 1\nliar 0 views 1 heights 1 variants 2 learns 0 over 0\n"
                               "r1 hears r0 proposes v0 0a on r 0/0 root\n# a remark\nr2 hears r0 cert f 0/1 0a\n";
    struct explore_plan plan;
    const char *decisions = explore_plan_read(&plan, text);

    cr_assert_not_null(decisions);
    explore_open(&explore, &plan);
    cr_assert_eq(explore_replay(&explore, decisions), 5, "one vote is no certificate");
    cr_assert_eq(explore.result.failure.kind, FAILURE_NONE);
    explore_close(&explore);
}

Test(explore, reads_plans_within_their_bounds_only)
{
    static const struct { const char *text; bool fits; } rows[] = {
        { "ward exploration 1\nliar 4 views 2 heights 2 variants 3 learns 1 over 0\n", true },
        { "ward exploration 2\nliar 4 views 2 heights 2 variants 3 learns 1 over 0\n", false },
        { "ward exploration 1\nliar 5 views 2 heights 2 variants 3 learns 1 over 0\n", false },
        { "ward exploration 1\nliar 4 views 0 heights 2 variants 3 learns 1 over 0\n", false },
        { "ward exploration 1\nliar 4 views 2 heights 3 variants 3 learns 1 over 0\n", false },
        { "ward exploration 1\nliar 4 views 2 heights 2 variants 4 learns 1 over 0\n", false },
        { "ward exploration 1\nliar 4 views 2 heights 2 variants 3 learns 1 over 0 more\n", false },
        { "ward exploration 1\nliar 4 views 2\n", false },
        { "", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct explore_plan plan;
        cr_assert_eq(explore_plan_read(&plan, rows[i].text) != NULL, rows[i].fits, "row %zu", i);
    }
}
