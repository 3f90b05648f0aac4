/* petition_test.c: what people ask for is well formed, is the same whenever it is drawn, and is of every kind. */
#include "sim/world/petition.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 4, .limits = { 0, 65536, 100, 200, 8000, 1000, 256, 10000 }, .consents = true };
static struct cast cast;

static void setup(void)
{
    crypto_start();
    cast_make(&cast, &plan);
}

static void teardown(void)
{
    cast_close(&cast);
}

TestSuite(petition, .init = setup, .fini = teardown);

Test(petition, every_command_is_one_that_a_replica_reads)
{
    static struct cast_command command;
    static struct command_body body;
    uint32_t kinds[COMMAND_TYPE_MAX + 1] = { 0 }, cosigned = 0;

    for (uint32_t number = 0; number < 100 * cast_senders(&plan); number++) {
        struct envelope envelope;
        command = (struct cast_command){ .nonce = 1 + number / cast_senders(&plan), .valid_until_ms = CAST_GENESIS_MS + 2 * CAST_VALID_MS };
        cast_sign(&cast, number % cast_senders(&plan), &command);
        struct bytes bytes = bytes_of(command.bytes, envelope_size(bytes_of(command.bytes, command.size)));
        cr_assert_eq(envelope_decode(&envelope, bytes), CODE_OK);
        cr_assert_eq(command_body_decode(&body, envelope.type, envelope.body.data, envelope.body.size), VERDICT_OK, "%s of sender %u", command_type_name(envelope.type),
                     number % cast_senders(&plan));
        cr_assert_eq(cast_sender(&cast, envelope.sender), number % cast_senders(&plan));
        kinds[envelope.type]++;
        cosigned += envelope.cosigners_count;
    }
    static const uint8_t all[] = { COMMAND_POINTER_ADD, COMMAND_POINTER_DECIDE, COMMAND_POINTER_STATUS, COMMAND_GRANT, COMMAND_REVOKE, COMMAND_ACCESS_REQUEST, COMMAND_DISCLOSE,
        COMMAND_PATIENT_SET };
    for (size_t i = 0; i < sizeof all; i++) {
        cr_assert_gt(kinds[all[i]], 10, "%s", command_type_name(all[i]));
    }
    cr_assert_gt(cosigned, 10);
}

Test(petition, whoever_joins_registers_first)
{
    static struct cast_command command;
    struct cast_plan joins = plan;
    struct cast_actor *newcomer;
    struct envelope envelope;

    joins.joins = true;
    teardown();
    cast_make(&cast, &joins);
    for (uint32_t i = 0; i < joins.actors_count; i++) {
        newcomer = &cast.actors[i];
        command = (struct cast_command){ .nonce = 1, .valid_until_ms = CAST_GENESIS_MS + 2 * CAST_VALID_MS };
        cast_sign(&cast, CAST_NEWCOMER * joins.actors_count + i, &command);
        struct bytes bytes = bytes_of(command.bytes, envelope_size(bytes_of(command.bytes, command.size)));
        cr_assert_eq(envelope_decode(&envelope, bytes), CODE_OK);
        cr_assert_eq(envelope.type, COMMAND_PATIENT_REGISTER);
        cr_assert_eq(envelope.cosigners_count, 1);
        cr_assert_eq(memcmp(envelope.sender, newcomer->newcomer, sizeof newcomer->newcomer), 0);
        cr_assert_eq(cast_own_patient(&joins, cast_sender(&cast, envelope.sender)), joins.actors_count + i);
    }
}

Test(petition, is_the_same_whenever_it_is_drawn)
{
    static struct petition a, b;
    struct cast_command command = { .nonce = 7, .valid_until_ms = CAST_GENESIS_MS + 2 * CAST_VALID_MS };

    for (uint32_t sender = 0; sender < cast_senders(&plan); sender++) {
        petition_draw(&cast, sender, &command, &a);
        petition_draw(&cast, sender, &command, &b);
        cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    }
}
