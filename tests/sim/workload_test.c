/* workload_test.c: clients sign once, go to the next replica when nobody answers, and take nothing but a receipt for an answer (R3). */
#include "sim/world/workload.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 2, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 } };
static struct cast cast;
static struct workload workload;
static struct failure failure;
static struct trace trace;
static struct oracle oracle;

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
    failure = (struct failure){ 0 };
    trace_init(&trace, TRACE_NONE);
    oracle_init(&oracle, &cast, &failure);
    workload_init(&workload, &cast, &failure, &trace);
}

static void teardown(void)
{
    workload_close(&workload);
    oracle_close(&oracle);
    trace_close(&trace);
    cast_close(&cast);
}

TestSuite(workload, .init = setup, .fini = teardown);

static void execute(const struct request *request, uint32_t member, uint64_t now_ns)
{
    struct block_header header = { .height = 9, .commands_count = 1 };
    struct block_command command = { .id = request->command.id };
    struct apply_block block = { .header = &header, .commands = &command };

    workload_executed(&workload, now_ns, member, &block);
}

Test(workload, goes_to_the_next_replica_after_250_ms_without_an_answer_R3)
{
    workload_submit(&workload, 10 * MS, 2, false);
    cr_assert_eq(workload_due_ns(&workload), 10 * MS);
    const struct request *request = workload_take(&workload, 10 * MS);
    cr_assert_eq(request->target, 2);
    struct hash32 id = request->command.id;
    cr_assert_null(workload_take(&workload, 10 * MS));
    cr_assert_eq(workload_due_ns(&workload), 260 * MS);
    request = workload_take(&workload, 260 * MS);
    cr_assert_eq(request->target, 3);
    cr_assert(hash_equal(&id, &request->command.id), "the same bytes");
    request = workload_take(&workload, 510 * MS);
    cr_assert_eq(request->target, 0);
}

Test(workload, a_receipt_ends_it_from_whoever_was_asked_and_from_nobody_else)
{
    workload_submit(&workload, 0, 2, false);
    const struct request *request = workload_take(&workload, 0);
    execute(request, 1, 5 * MS);
    cr_assert_not(workload_is_done(&workload), "r1 was not asked");
    execute(request, 2, 6 * MS);
    cr_assert(workload_is_done(&workload));
    cr_assert_eq(request->height, 9);
    cr_assert_eq(workload_due_ns(&workload), UINT64_MAX);
}

Test(workload, waits_longer_once_it_was_admitted)
{
    workload_submit(&workload, 0, 1, false);
    workload_take(&workload, 0);
    workload_admitted(&workload, 1 * MS, 1, 1);
    cr_assert_eq(workload_due_ns(&workload), 2001 * MS);
}

Test(workload, goes_on_when_the_connection_ends)
{
    workload_submit(&workload, 0, 1, false);
    const struct request *request = workload_take(&workload, 0);
    workload_lost(&workload, 5 * MS, 1);
    cr_assert_eq(workload_due_ns(&workload), 25 * MS);
    execute(request, 1, 6 * MS);
    cr_assert_not(workload_is_done(&workload), "no connection, no receipt");
    cr_assert_eq(workload_take(&workload, 25 * MS)->target, 2);
}

Test(workload, a_client_that_knows_one_replica_stays_there)
{
    workload_submit(&workload, 0, 1, true);
    workload_take(&workload, 0);
    cr_assert_eq(workload_take(&workload, 250 * MS)->target, 1);
}

Test(workload, retries_after_a_refusal_that_says_when)
{
    struct refused busy = { REFUSAL_BUSY, 100 };

    workload_submit(&workload, 0, 1, false);
    workload_take(&workload, 0);
    workload_refused(&workload, &oracle, 2 * MS, 1, 1, &busy);
    cr_assert_eq(workload_due_ns(&workload), 102 * MS);
    cr_assert_eq(failure.kind, FAILURE_NONE);
}

Test(workload, a_refusal_for_ever_is_a_failure_R1)
{
    struct refused never = { CODE_SIG, 0 };

    workload_submit(&workload, 0, 1, false);
    workload_take(&workload, 0);
    workload_refused(&workload, &oracle, 2 * MS, 1, 1, &never);
    cr_assert_eq(failure.kind, FAILURE_LIVENESS);
}

Test(workload, a_used_nonce_without_a_block_is_a_failure_I18)
{
    struct refused low = { CODE_NONCE_LOW, 0 };

    workload_submit(&workload, 0, 1, false);
    workload_take(&workload, 0);
    workload_refused(&workload, &oracle, 2 * MS, 1, 1, &low);
    cr_assert_eq(failure.kind, FAILURE_SAFETY);
}

Test(workload, signs_again_before_the_command_expires)
{
    workload_submit(&workload, 0, 1, false);
    const struct request *request = workload_take(&workload, 0);
    struct hash32 first = request->command.id;
    uint64_t valid_until_ms = request->command.valid_until_ms;
    request = workload_take(&workload, 110000 * MS);
    cr_assert_gt(request->command.valid_until_ms, valid_until_ms);
    cr_assert_not(hash_equal(&first, &request->command.id));
    cr_assert_eq(request->command.nonce, 1, "at most one of them can execute");
}

Test(workload, a_load_is_a_command_each_interval_by_actors_in_turn)
{
    struct workload_load load = { 0, 10 * MS, 100 * MS, WORKLOAD_ANY, false };
    uint32_t sent = 0, targets = 0;

    workload_load_start(&workload, &load);
    for (uint64_t due_ns = 0; due_ns < 100 * MS; due_ns = workload_due_ns(&workload)) {
        const struct request *request = workload_take(&workload, due_ns);
        if (request != NULL) {
            sent += request->sendings == 1;
            targets |= 1u << request->target;
        }
    }
    cr_assert_eq(sent, 10);
    cr_assert_eq(workload.nonces[0], 5);
    cr_assert_eq(workload.nonces[1], 5);
    cr_assert(targets != 0 && (targets & (targets - 1)) != 0, "more than one replica");
    cr_assert_not(workload_is_done(&workload));
}
