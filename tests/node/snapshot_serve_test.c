/* snapshot_serve_test.c: why a member's question for part of a snapshot waits. What is served is in snapshot_fetch_test.c. */
#include "node/snapshot_serve.h"

#include <criterion/criterion.h>

#define NOW_NS UINT64_C(5000000000)

static struct snapshot_serve serve;

Test(snapshot_serve, says_why_a_question_waits)
{
    uint64_t burst_ns = SNAPSHOT_SERVE_BURST * UINT64_C(1000000000) / SNAPSHOT_SERVE_BYTES_PER_S;

    serve.members_count = 4;
    cr_assert_null(snapshot_serve_wait(&serve, 2, NOW_NS), "it asked for nothing");
    serve.members[2].waits = true;
    serve.paid_ns = NOW_NS + burst_ns;
    cr_assert_str_eq(snapshot_serve_wait(&serve, 2, NOW_NS), "turn");
    serve.paid_ns++;
    cr_assert_str_eq(snapshot_serve_wait(&serve, 2, NOW_NS), "rationed");
    cr_assert_null(snapshot_serve_wait(&serve, 1, NOW_NS), "another one's question is not this one's");
}
