/* inquiry_test.c: clients ask servers for state and verify what they get apart from production; an answer with a wrong byte, or of another state, is seen. */
#include "sim/oracle/inquiry.h"

#include "sim/world/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static uint8_t question[QUERY_BYTES_MAX], answer[65536];
static size_t size;

static void setup(void)
{
    struct world_plan plan;

    world_plan_calm(&plan);
    plan.seed = 5;
    plan.actors_count = 3;
    plan.fast_crypto = true;
    plan.limits.checkpoint_blocks = 2;
    world_open(&world, &plan);
    for (uint32_t i = 0; i < 5; i++) {
        world_submit(&world, 3, 0, false);
        cr_assert(world_run_until_rest(&world, world.now_ns + UINT64_C(60000000000)), "%s", world.failure.text);
    }
}

static void teardown(void)
{
    world_close(&world);
}

TestSuite(inquiry, .init = setup, .fini = teardown);

Test(inquiry, every_server_answers_what_can_be_verified)
{
    uint32_t certified = 0;

    for (uint64_t number = 1; number <= 200; number++) {
        certified += inquiry_ask(&world.oracle, &world.hosts[number % 4], number);
        cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
    }
    cr_assert_gt(certified, 50);
}

/* ask lets r1 answer for an actor's record. */
static struct query ask(bool certified)
{
    struct query query = { .kind = QUERY_ACTOR, .certified = certified };
    struct writer writer;

    memcpy(query.acct, world.cast.actors[1].account, ACCT_BYTES);
    writer_init(&writer, question, sizeof question);
    query_encode(&query, &writer);
    cr_assert_eq(host_question(&world.hosts[1], bytes_of(question, writer.offset), false, answer, sizeof answer, &size), 0);
    return query;
}

Test(inquiry, a_wrong_bit_anywhere_in_an_answer_is_seen)
{
    for (int certified = 0; certified < 2; certified++) {
        struct query query = ask(certified == 1);
        inquiry_judge(&world.oracle, 1, &query, bytes_of(answer, size));
        cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
        for (size_t at = 0; at < size; at++) {
            answer[at] ^= 0x10;
            inquiry_judge(&world.oracle, 1, &query, bytes_of(answer, size));
            cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "byte %zu of %zu", at, size);
            world.failure.kind = FAILURE_NONE;
            answer[at] ^= 0x10;
        }
    }
}

Test(inquiry, an_answer_to_another_question_or_of_an_older_state_is_seen)
{
    struct query query = ask(false), other = query;

    memcpy(other.acct, world.cast.actors[2].account, ACCT_BYTES);
    inquiry_judge(&world.oracle, 1, &other, bytes_of(answer, size));
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY);
    world.failure.kind = FAILURE_NONE;
    other = query;
    other.certified = true;
    inquiry_judge(&world.oracle, 1, &other, bytes_of(answer, size));
    cr_assert_eq(world.failure.kind, FAILURE_SAFETY, "an uncertified answer to whoever wants a certificate");
    world.failure.kind = FAILURE_NONE;
    inquiry_judge(&world.oracle, 1, &query, bytes_of(answer, size));
    cr_assert_eq(world.failure.kind, FAILURE_NONE, "%s", world.failure.text);
}
