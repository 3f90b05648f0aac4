/* tally_test.c: each command ends once; what is sent again and when; gaps and latencies are those of the intended times. */
#include "cli/tally.h"

#include "wire/code.h"

#include <criterion/criterion.h>

enum { COUNT = 16 };

static struct tally tally;
static struct tally_entry entries[COUNT];

#define MS UINT64_C(1000000)

static void start(void)
{
    tally_init(&tally, entries, COUNT);
    for (uint64_t i = 0; i < COUNT; i++) {
        tally_intend(&tally, i, 1000 * MS + i * MS);
    }
}

static void send_all(uint64_t count, uint64_t now_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        tally_sent(&tally, i, (uint32_t)(i % 2), now_ns);
    }
}

static void receive(uint64_t number, uint16_t code, uint64_t height, uint64_t now_ns)
{
    tally_receipt(&tally, number, &(struct client_receipt){ number, 3, code }, height, now_ns);
}

static void refuse(uint64_t number, uint16_t code, uint32_t retry_ms, uint64_t now_ns)
{
    tally_refused(&tally, number, &(struct client_refused){ number, code, retry_ms }, now_ns);
}

static uint64_t due_count(uint64_t now_ns)
{
    uint64_t cursor = 0, count = 0;

    while (tally_due(&tally, &cursor, now_ns) != TALLY_NEVER) {
        count++;
    }
    return count;
}

static void expect_balance(void)
{
    uint64_t sum = 0, by_code = 0;

    for (unsigned i = 0; i < TALLY_STATES; i++) {
        sum += tally.states[i];
    }
    for (unsigned i = 0; i < TALLY_CODES; i++) {
        by_code += tally.committed[i] + tally.refused[i];
    }
    cr_assert_eq(sum, COUNT);
    cr_assert_eq(by_code, tally.states[TALLY_DONE] + tally.states[TALLY_REFUSED]);
}

Test(tally, an_answered_command_is_over_and_counted_by_its_code, .init = start)
{
    send_all(3, 1000 * MS);
    tally_admitted(&tally, 0, 1001 * MS);
    receive(0, CODE_OK, 5, 1004 * MS);
    receive(1, CODE_LIMIT_PENDING, 5, 1004 * MS);
    refuse(2, CODE_SIG, 0, 1004 * MS);
    cr_assert_eq(tally.committed[CODE_OK], 1);
    cr_assert_eq(tally.committed[CODE_LIMIT_PENDING], 1);
    cr_assert_eq(tally.refused[CODE_SIG], 1);
    cr_assert_eq(tally.low, 3);
    cr_assert(tally_complete(&tally));
    cr_assert_eq(due_count(TALLY_NEVER - 1), 0);
    expect_balance();
}

Test(tally, a_second_receipt_that_says_otherwise_is_a_contradiction, .init = start)
{
    send_all(3, 1000 * MS);
    receive(0, CODE_OK, 5, 1001 * MS);
    receive(0, CODE_OK, 5, 1002 * MS);
    cr_assert_eq(tally.repeats, 1);
    cr_assert_eq(tally.contradictions, 0);
    receive(0, CODE_OK, 6, 1003 * MS);
    cr_assert_eq(tally.contradictions, 1, "executed at two heights");
    refuse(1, CODE_SIG, 0, 1003 * MS);
    receive(1, CODE_OK, 6, 1003 * MS);
    cr_assert_eq(tally.contradictions, 2, "refused for good, then executed");
    receive(2, CODE_OK, 6, 1003 * MS);
    cr_assert_not(tally_complete(&tally));
    cr_assert_eq(tally.committed[CODE_OK], 2, "each is counted once");
    expect_balance();
}

Test(tally, without_an_answer_a_command_is_due_after_250_ms_and_admitted_after_2_s, .init = start)
{
    send_all(2, 1000 * MS);
    tally_admitted(&tally, 1, 1010 * MS);
    cr_assert_eq(due_count(1249 * MS), 0);
    cr_assert_eq(due_count(1250 * MS), 1);
    tally_sent(&tally, 0, 1, 1250 * MS);
    cr_assert_eq(tally.resends, 1);
    cr_assert_eq(due_count(1499 * MS), 0);
    cr_assert_eq(due_count(1500 * MS), 1);
    cr_assert_eq(due_count(3009 * MS), 1);
    cr_assert_eq(due_count(3010 * MS), 2);
}

Test(tally, the_end_of_a_connection_makes_its_open_commands_due, .init = start)
{
    send_all(6, 1000 * MS);
    receive(0, CODE_OK, 1, 1001 * MS);
    tally_admitted(&tally, 2, 1001 * MS);
    tally_broken(&tally, 0, 1002 * MS);
    cr_assert_eq(due_count(1002 * MS), 2, "2 and 4; 0 is over, the odd ones went another way");
}

Test(tally, a_refusal_that_names_a_time_pauses, .init = start)
{
    send_all(3, 1000 * MS);
    refuse(0, CODE_RATE, 100, 1000 * MS);
    refuse(1, 1, 0, 1000 * MS);
    refuse(2, CODE_EXPIRED, 0, 1000 * MS);
    cr_assert_eq(tally.states[TALLY_PAUSED], 2);
    cr_assert_eq(due_count(1019 * MS), 0);
    cr_assert_eq(due_count(1020 * MS), 1, "busy: soon");
    cr_assert_eq(due_count(1100 * MS), 2);
    cr_assert_eq(tally.refused[CODE_EXPIRED], 1);
    for (unsigned i = 0; i < TALLY_SENDS_MAX; i++) {
        if (tally.entries[1].state == TALLY_PAUSED) {
            tally_sent(&tally, 1, 0, 2000 * MS);
            refuse(1, 1, 0, 2000 * MS);
        }
    }
    cr_assert_eq(tally.refused[1], 1, "not for ever");
    expect_balance();
    receive(1, CODE_OK, 7, 3000 * MS); /* D4: one of the many was taken after all */
    cr_assert_eq(tally.refused[1], 0);
    cr_assert_eq(tally.committed[CODE_OK], 1);
    receive(2, CODE_OK, 7, 3000 * MS);
    cr_assert_eq(tally.contradictions, 1, "what can never succeed did");
    expect_balance();
}

Test(tally, silence_and_a_replica_that_is_behind_lead_to_the_next_a_full_queue_does_not, .init = start)
{
    send_all(3, 1000 * MS);
    refuse(0, 1, 10, 1000 * MS);
    cr_assert_eq(tally_turn(&tally, 0), 0, "busy");
    refuse(1, 5, 10, 1000 * MS);
    cr_assert_eq(tally_turn(&tally, 1), 1, "behind");
    cr_assert_eq(tally_turn(&tally, 2), 1, "silent so far");
    tally_sent(&tally, 1, 0, 1100 * MS);
    cr_assert_eq(tally_turn(&tally, 1), 2, "silent again");
    refuse(1, 1, 10, 1200 * MS);
    cr_assert_eq(tally_turn(&tally, 1), 1, "the second one has a full queue");
}

Test(tally, a_used_nonce_is_a_lost_receipt_only_for_what_was_sent_before, .init = start)
{
    send_all(3, 1000 * MS);
    refuse(0, CODE_NONCE_LOW, 0, 1001 * MS);
    cr_assert_eq(tally.refused[CODE_NONCE_LOW], 1, "never sent before: somebody else used it");
    for (uint64_t i = 1; i < 3; i++) {
        tally_sent(&tally, i, 0, 1250 * MS);
        refuse(i, CODE_NONCE_LOW, 0, 1251 * MS);
    }
    cr_assert_eq(tally.states[TALLY_LOST], 2);
    cr_assert_eq(tally_open(&tally), 0);
    cr_assert_not(tally_complete(&tally));
    receive(1, CODE_OK, 9, 1252 * MS);
    cr_assert_eq(tally.committed[CODE_OK], 1, "the receipt came after all, by the first way");
    tally_found(&tally, 2, true, CODE_OK);
    cr_assert_eq(tally.committed[CODE_OK], 2);
    cr_assert(tally_complete(&tally));
    expect_balance();
}

Test(tally, latency_counts_from_the_intended_time_of_measured_commands_only, .init = start)
{
    tally_sent(&tally, 0, 0, 1000 * MS);
    receive(0, CODE_OK, 1, 1001 * MS);
    cr_assert_eq(tally.measured, 1);
    tally_measure(&tally, 1002 * MS, 1004 * MS);
    for (uint64_t i = 1; i < 6; i++) {
        tally_sent(&tally, i, 0, 1010 * MS);
    }
    for (uint64_t i = 1; i < 6; i++) {
        receive(i, i == 3 ? CODE_LIMIT_PENDING : CODE_OK, 2, 1020 * MS);
    }
    cr_assert_eq(tally.measured, 1, "number 2; number 3 failed");
    cr_assert_eq(tally.latency.count, 1);
    cr_assert_eq(tally.latency.max, 18 * MS);
    cr_assert_eq(tally.lateness.count, 2);
    cr_assert_eq(tally.lateness.max, 8 * MS);
}

Test(tally, the_longest_gap_is_between_receipts_and_counts_the_open_one, .init = start)
{
    send_all(6, 1000 * MS);
    receive(0, CODE_OK, 1, 1500 * MS);
    tally_gap_start(&tally, 1600 * MS);
    receive(1, CODE_OK, 2, 1700 * MS);
    cr_assert_eq(tally_gap(&tally, 1701 * MS), 200 * MS, "since the last receipt before the start");
    receive(2, CODE_OK, 3, 1750 * MS);
    cr_assert_eq(tally_gap(&tally, 1760 * MS), 200 * MS);
    cr_assert_eq(tally_gap(&tally, 2000 * MS), 250 * MS, "still open");
    for (uint64_t i = 3; i < 6; i++) {
        receive(i, CODE_OK, 4, 1760 * MS);
    }
    cr_assert_eq(tally_gap(&tally, 9000 * MS), 200 * MS, "nothing is waited for");
}

Test(tally, answers_to_what_was_never_sent_change_nothing, .init = start)
{
    receive(0, CODE_OK, 1, 1000 * MS);
    receive(UINT64_MAX, CODE_OK, 1, 1000 * MS);
    refuse(3, CODE_SIG, 0, 1000 * MS);
    tally_admitted(&tally, 4, 1000 * MS);
    cr_assert_eq(tally.states[TALLY_UNSENT], COUNT);
    cr_assert(tally_complete(&tally));
}
