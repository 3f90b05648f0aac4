/* trace_test.c: the story is the same text for the same steps, and tells no more than was asked for. */
#include "sim/world/trace.h"

#include <criterion/criterion.h>
#include <string.h>

Test(trace, a_line_names_time_and_replica)
{
    struct trace trace;

    trace_init(&trace, TRACE_STORY);
    trace_line(&trace, TRACE_STORY, 12500000, 3, "votes for block %d", 7);
    trace_line(&trace, TRACE_STORY, 999, TRACE_WORLD, "nobody");
    cr_assert_str_eq(trace.text, "       12.500 ms  r3  votes for block 7\n        0.000 ms  --  nobody\n");
    trace_close(&trace);
}

Test(trace, tells_no_more_than_its_level)
{
    struct trace trace;
    struct trace_mark commit = { .mark = MARK_COMMITTED, .height = 4, .value = 2 }, vote = { .mark = MARK_VOTED, .height = 4 };

    trace_init(&trace, TRACE_TURNS);
    trace_line(&trace, TRACE_MESSAGES, 0, 0, "gets a vote");
    trace_mark(&trace, 0, 1, &vote, true);
    trace_mark(&trace, 0, 1, &commit, true);
    trace_mark(&trace, 0, 2, &commit, false);
    cr_assert_str_eq(trace.text, "        0.000 ms  r1  commits block 4 by commit votes\n", "the first commit of a height alone");
    trace_close(&trace);
}

Test(trace, has_a_sentence_for_every_mark)
{
    for (int i = 0; i < MARK_COUNT; i++) {
        struct trace trace;
        struct trace_mark mark = { .mark = (enum mark)i, .view = 1, .height = 2, .value = 1, .about = 3 };
        trace_init(&trace, TRACE_MESSAGES);
        trace_mark(&trace, 0, 0, &mark, false);
        cr_assert_not_null(strchr(trace.text, '\n'), "%s", mark_word((enum mark)i));
        trace_close(&trace);
    }
}

Test(trace, grows_as_far_as_it_must)
{
    struct trace trace;

    trace_init(&trace, TRACE_STORY);
    for (uint32_t i = 0; i < 10000; i++) {
        trace_line(&trace, TRACE_STORY, i, i % 10, "line %u", i);
    }
    cr_assert_eq(strlen(trace.text), trace.size);
    cr_assert_not_null(strstr(trace.text, "line 9999\n"));
    trace_close(&trace);
}
