/* gates_test.c: questions that wait: who has a place, who must go, and which read serves which question. */
#include "node/gates.h"

#include "tests/base/stop_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct gates gates;
static struct gate_pushed pushed;

/* keep puts a question of a party aside, each of its own client unless said otherwise. */
static struct gate *keep(uint64_t party, uint64_t client, uint64_t id, bool gated)
{
    struct gate *gate = gates_keep(&gates, &(struct gate_owner){ client, party }, gated, &(struct client_question){ id, bytes_of("what", 4) }, &pushed);

    gates_check(&gates);
    return gate;
}

static uint32_t count_read(uint64_t token)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < GATES_MAX; i++) {
        count += gates.list[i].wait == GATE_READ && gates.list[i].read == token;
    }
    return count;
}

Test(gates, a_question_is_kept_as_it_came)
{
    struct gate *gate = keep(1, 7, 5, true);

    cr_assert_eq(gate->wait, GATE_TURN);
    cr_assert_eq(gate->id, 5);
    cr_assert_eq(gate->size, 4);
    cr_assert_eq(memcmp(gate->question, "what", 4), 0);
    cr_assert_eq(pushed.client, 0);
    cr_assert_eq(keep(1, 7, 6, false)->wait, GATE_BLOCK);
    cr_assert_eq(gates_of(&gates, 7), 2);
    gates_forget(&gates, 7);
    cr_assert_eq(gates_of(&gates, 7), 0);
}

Test(gates, whoever_has_fewest_takes_the_newest_of_whoever_has_most)
{
    for (uint64_t i = 0; i < GATES_MAX; i++) {
        cr_assert_not_null(keep(i % 4 == 0 ? 2 : 1, 100 + i, i, true)); /* 16 of party 2, 48 of party 1 */
    }
    cr_assert_null(keep(1, 300, 1, true), "it has most itself");
    for (uint64_t i = 0; i < 15; i++) {
        cr_assert_not_null(keep(3, 400 + i, i, true));
        cr_assert_eq(pushed.id % 4 != 0, true, "party 1 pays: %u", (unsigned)pushed.id);
        cr_assert_eq(pushed.client, 100 + pushed.id);
    }
    cr_assert_not_null(keep(4, 500, 1, true));
    cr_assert_eq(gates.pushed, 16);
}

Test(gates, parts_even_out_and_nobody_is_pushed_for_nothing)
{
    for (uint64_t i = 0; i < GATES_MAX; i++) {
        cr_assert_not_null(keep(1, 1 + i / GATES_CLIENT_MAX, i, false));
    }
    for (uint64_t i = 0; i < GATES_MAX / 2; i++) {
        cr_assert_not_null(keep(2, 50, i, false), "question %u", (unsigned)i);
        cr_assert_eq(pushed.id, GATES_MAX - 1 - i, "the newest goes first");
    }
    cr_assert_null(keep(2, 50, 99, false), "both have half");
    cr_assert_null(keep(1, 1, 99, false));
}

Test(gates, a_read_serves_all_that_came_before_it_and_none_that_came_after_Q5)
{
    cr_assert_eq(gates_begin_read(&gates), 0, "nobody waits");
    (void)keep(1, 1, 1, true);
    (void)keep(2, 2, 2, true);
    (void)keep(2, 2, 3, false);
    uint64_t first = gates_begin_read(&gates);
    cr_assert_neq(first, 0);
    cr_assert_eq(count_read(first), 2);
    (void)keep(1, 1, 4, true);
    cr_assert_eq(count_read(first), 2);
    uint64_t second = gates_begin_read(&gates);
    cr_assert_neq(second, first);
    cr_assert_eq(count_read(second), 1);
}

Test(gates, any_number_of_questions_has_a_few_reads_under_way)
{
    uint64_t tokens[GATES_READS_MAX];

    for (uint32_t i = 0; i < GATES_READS_MAX; i++) {
        (void)keep(1 + i, 1 + i, i, true);
        tokens[i] = gates_begin_read(&gates);
        cr_assert_neq(tokens[i], 0);
    }
    for (uint32_t i = 0; i < 20; i++) {
        (void)keep(20 + i, 20 + i, i, true);
    }
    cr_assert_eq(gates_begin_read(&gates), 0, "enough are under way");
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        gates.list[i].wait = gates.list[i].wait == GATE_READ && gates.list[i].read == tokens[1] ? GATE_NONE : gates.list[i].wait;
    }
    gates_end_read(&gates, tokens[1]);
    uint64_t next = gates_begin_read(&gates);
    cr_assert_eq(count_read(next), 20, "one for all that waited");
    gates_check(&gates);
}

static void end_unknown(const void *state)
{
    (void)state;
    gates_end_read(&gates, 9);
}

Test(gates, a_read_ends_once)
{
    cr_assert(kit_stops(end_unknown, NULL));
}
