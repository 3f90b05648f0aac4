/* pool_test.c: what comes in, how it is checked, and that everybody is answered (R1, R3). Blocks: pool_block_test.c. */
#include "consensus/pool/pool.h"

#include "consensus/pool/pool_priv.h"
#include "tests/base/stop_kit.h"
#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct pool_kit *kit;

static void open_kit(void)
{
    kit = pool_kit_open(NULL);
}

static void close_kit(void)
{
    pool_kit_close(kit);
}

TestSuite(pool, .init = open_kit, .fini = close_kit);

#define COMMAND(...) (&(struct app_kit_command){ __VA_ARGS__ })

Test(pool, admits_a_good_command_and_makes_it_live)
{
    cr_assert_eq(pool_kit_add(kit, 7, 1, COMMAND(.account = 5, .nonce = 1)), CODE_OK);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_live_count(kit->pool), 0, "not before its signature is checked");
    cr_assert_eq(pool_kit_verify(kit), 1);
    pool_kit_expect(kit, 7, CODE_OK);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_live_count(kit->pool), 1);
    cr_assert_eq(pool_ready(kit->pool).commands, 1);
    cr_assert_eq(pool_live_oldest_ns(kit->pool), kit->now.mono_ns);
}

/* R1: refused with a reason, at once; nothing remains. */
Test(pool, refuses_at_once_what_needs_no_signature_check)
{
    static const struct { struct app_kit_command command; uint16_t code; const char *why; } table[] = {
        { { .account = 1, .nonce = 0 }, CODE_NONCE_LOW, "nonces begin at 1" },
        { { .account = 9, .nonce = 3 }, CODE_NONCE_LOW, "executed already" },
        { { .account = 9, .nonce = 3 + POOL_NONCE_WINDOW + 1 }, CODE_NONCE_GAP, "one beyond the window" },
        { { .account = 9, .nonce = UINT64_MAX }, CODE_NONCE_GAP, "far beyond the window" },
        { { .account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME }, CODE_EXPIRED, "over now" },
        { { .account = 1, .nonce = 1, .valid_until_ms = 1 }, CODE_EXPIRED, "over long ago" },
        { { .account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + COMMAND_VALID_MS_MAX + 1 }, CODE_EXPIRY_FAR, "a millisecond too far" },
        { { .account = 1, .nonce = 1, .cost_us = 50001 }, CODE_LENGTH, "no block could hold its cost" },
        { { .account = 1, .nonce = 1, .payload = 13000 }, CODE_LENGTH, "longer than any command" },
    };

    kit->app.accounts[9].nonce = 3;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(pool_kit_add(kit, 1, 1, &table[i].command), table[i].code, "%s", table[i].why);
    }
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
}

Test(pool, takes_what_is_on_the_right_side_of_each_bound)
{
    kit->app.accounts[9].nonce = 3;
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 9, .nonce = 4)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 9, .nonce = 3 + POOL_NONCE_WINDOW)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 3, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 4, 1, COMMAND(.account = 2, .nonce = 1, .valid_until_ms = APP_KIT_TIME + COMMAND_VALID_MS_MAX)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 5, 1, COMMAND(.account = 3, .nonce = 1, .cost_us = 50000)), CODE_OK);
}

Test(pool, measures_expiry_by_the_later_of_block_time_and_wall)
{
    pool_executed(kit->pool, kit->now, 1, APP_KIT_TIME + 100);
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 100)), CODE_EXPIRED);
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 101)), CODE_OK);
}

Test(pool, tells_how_long_a_command_is_and_what_may_be_tried_again)
{
    struct pool_source member = { .member = 2 };
    size_t first = app_kit_make(COMMAND(.account = 1, .nonce = 1, .payload = 100), kit->bytes);
    size_t second = app_kit_make(COMMAND(.account = 2, .nonce = 1), kit->bytes + first);

    struct pool_answer answer = pool_add(kit->pool, kit->now, &member, bytes_of(kit->bytes, first + second));
    cr_assert_eq(answer.code, CODE_OK);
    cr_assert_eq(answer.bytes, first, "a member's commands follow each other");
    struct pool_source client = { .token = 1, .client = 1 };
    answer = pool_add(kit->pool, kit->now, &client, bytes_of(kit->bytes, first + second));
    cr_assert_eq(answer.code, CODE_LENGTH, "a client's is all there is");
    cr_assert_eq(answer.retry_after_ms, 0);
    answer = pool_add(kit->pool, kit->now, &client, bytes_of("rubbish", 7));
    cr_assert_eq(answer.code, CODE_LENGTH);
    cr_assert_eq(answer.bytes, 0);
    cr_assert(hash_is_zero(&answer.id));
    cr_assert_eq(pool_kit_add(kit, 9, 1, COMMAND(.account = 3, .nonce = 99)), CODE_NONCE_GAP);
}

/* R1: the code tells which signature is bad. */
Test(pool, refuses_by_the_first_bad_signature)
{
    static const struct { uint32_t signatures, bad; uint16_t code; } table[] = {
        { 1, 1, CODE_SIG }, { 3, 4, CODE_COSIG }, { 3, 7, CODE_SIG }, { 3, 6, CODE_COSIG }, { 8, 128, CODE_POP }, { 8, 0, CODE_OK },
    };

    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(pool_kit_add(kit, i + 1, 1, COMMAND(.account = 20 + i, .nonce = 1, .signatures = table[i].signatures, .bad = table[i].bad)), CODE_OK);
    }
    cr_assert_eq(pool_kit_verify(kit), 1 + 3 + 3 + 3 + 8 + 8);
    for (uint32_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        pool_kit_expect(kit, i + 1, table[i].code);
    }
    cr_assert_eq(pool_status(kit->pool).commands, 1);
}

/* R1: nothing waits for company; what waits when the verifiers come free goes together. */
Test(pool, wants_a_batch_at_once_and_a_second_beside_it_only_when_many_wait)
{
    const struct sig_item *items = NULL;
    uint32_t first = 9, second = 9, third = 9, count = 0;
    bool good[POOL_SECOND_BATCH];

    memset(good, 1, sizeof good);
    cr_assert_eq(pool_verify_due_ns(kit->pool), UINT64_MAX);
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_verify_due_ns(kit->pool), 0, "R1");
    cr_assert(pool_verify_take(kit->pool, kit->now, &first, &items, &count));
    cr_assert_eq(count, 1);
    for (uint32_t i = 0; i < POOL_SECOND_BATCH; i++) {
        cr_assert_eq(pool_verify_due_ns(kit->pool), UINT64_MAX, "%u", i);
        cr_assert_not(pool_verify_take(kit->pool, kit->now, &second, &items, &count));
        cr_assert_eq(pool_kit_add(kit, i + 2, 2 + i / 64, COMMAND(.account = 100 + i, .nonce = 1)), CODE_OK);
    }
    cr_assert_eq(pool_verify_due_ns(kit->pool), 0);
    cr_assert(pool_verify_take(kit->pool, kit->now, &second, &items, &count));
    cr_assert_eq(count, POOL_SECOND_BATCH);
    cr_assert_neq(first, second);
    cr_assert_eq(pool_kit_add(kit, 900, 9, COMMAND(.account = 900, .nonce = 1)), CODE_OK);
    cr_assert_not(pool_verify_take(kit->pool, kit->now, &third, &items, &count), "no third");
    pool_verified(kit->pool, kit->now, second, good, POOL_SECOND_BATCH);
    cr_assert_eq(pool_verify_due_ns(kit->pool), UINT64_MAX, "one command waits for the first batch");
    pool_verified(kit->pool, kit->now, first, good, 1);
    cr_assert_eq(pool_verify_due_ns(kit->pool), 0, "R1: the verifiers are free");
    cr_assert_eq(pool_kit_verify(kit), 1);
    cr_assert_eq(pool_status(kit->pool).batches, 3);
}

/* R1: one source has its turn, not the others'. */
Test(pool, takes_turns_between_sources_when_it_verifies)
{
    const struct sig_item *items = NULL;
    uint32_t batch = 9, count = 0;
    static uint8_t digests[3][32];

    for (uint32_t i = 0; i < 150; i++) {
        cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 100 + i, .nonce = 1)), CODE_OK);
    }
    for (uint32_t i = 1; i <= 2; i++) {
        cr_assert_eq(pool_kit_add(kit, i, i, COMMAND(.account = i, .nonce = 1)), CODE_OK);
        struct command command = app_kit_parse(bytes_of(kit->bytes, app_kit_make(COMMAND(.account = i, .nonce = 1), kit->bytes)));
        memcpy(digests[i], command.signatures[0].digest.bytes, 32);
    }
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    cr_assert_eq(count, 152);
    uint32_t found = 0;
    for (uint32_t i = 0; i < 3; i++) {
        found += memcmp(items[i].digest, digests[1], 32) == 0 || memcmp(items[i].digest, digests[2], 32) == 0;
    }
    cr_assert_eq(found, 2, "each of the three is among the first three");
}

/* --- The same command again, and rivals (R3) ----------------------------------------------------------------------------- */

Test(pool, answers_both_who_sent_the_same_command)
{
    const struct app_kit_command *command = COMMAND(.account = 1, .nonce = 1);

    cr_assert_eq(pool_kit_add(kit, 1, 1, command), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, command), CODE_OK);
    cr_assert_eq(pool_status(kit->pool).commands, 1);
    cr_assert_eq(pool_kit_verify(kit), 1);
    pool_kit_expect(kit, 1, CODE_OK);
    pool_kit_expect(kit, 2, CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 3, 9, command), CODE_OK);
    pool_kit_expect(kit, 1, REFUSAL_SHARE); /* the oldest is displaced */
    pool_kit_expect(kit, 3, CODE_OK);
    pool_kit_expect_none(kit);
}

Test(pool, checks_equal_commands_of_two_sources_once)
{
    const struct app_kit_command *command = COMMAND(.account = 1, .nonce = 1);

    cr_assert_eq(pool_kit_add(kit, 0, 2, command), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 1, 1, command), CODE_OK);
    cr_assert_eq(pool_status(kit->pool).commands, 2, "it does not wait for another's turn");
    cr_assert_eq(pool_kit_verify(kit), 1);
    pool_kit_expect(kit, 1, CODE_OK);
    cr_assert_eq(pool_status(kit->pool).commands, 1);
    cr_assert(pool_forward_waiting(kit->pool), "the client's interest was kept");
}

/* Signatures are not part of the id: garbage under a good command's id must not get the good one refused. */
Test(pool, judges_the_same_id_with_other_signatures_on_its_own)
{
    cr_assert_eq(pool_kit_add(kit, 0, 2, COMMAND(.account = 1, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 5, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2);
    pool_kit_expect(kit, 5, CODE_OK);
    cr_assert_eq(pool_live_count(kit->pool), 1);
}

Test(pool, joins_the_same_id_that_verified_first_whatever_its_signatures)
{
    cr_assert_eq(pool_kit_add(kit, 4, 2, COMMAND(.account = 1, .nonce = 1, .mark = 9)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 5, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2);
    pool_kit_expect(kit, 4, CODE_OK);
    pool_kit_expect(kit, 5, CODE_OK);
    cr_assert_eq(pool_status(kit->pool).commands, 1);
}

Test(pool, lets_the_first_verified_of_two_rivals_win)
{
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 1, .nonce = 1, .salt = 2)), REFUSAL_BUSY, "one unverified for each source");
    cr_assert_eq(pool_kit_add(kit, 3, 2, COMMAND(.account = 1, .nonce = 1, .salt = 3)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2);
    pool_kit_expect(kit, 1, CODE_OK);
    pool_kit_expect(kit, 3, REFUSAL_RIVAL);
    cr_assert_eq(pool_kit_add(kit, 4, 1, COMMAND(.account = 1, .nonce = 1, .salt = 4)), REFUSAL_RIVAL, "R3: held, and not executed: its nonce is not low yet");
    pool_kit_expect_none(kit);
}

Test(pool, forgets_a_rival_whose_signature_is_bad)
{
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .salt = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 3, 2, COMMAND(.account = 1, .nonce = 1, .salt = 3)), CODE_OK);
    (void)pool_kit_verify(kit);
    pool_kit_expect(kit, 1, CODE_SIG);
    pool_kit_expect(kit, 3, CODE_OK);
}

/* --- Shares (R4, section 13) ---------------------------------------------------------------------------------------------- */

static uint64_t give_until(uint64_t token, uint32_t from, uint32_t account, uint32_t count, uint32_t payload, uint16_t code)
{
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(pool_kit_add(kit, token == 0 ? 0 : token + i, from, COMMAND(.account = account + i, .nonce = 1, .payload = payload)), CODE_OK, "%u", i);
    }
    cr_assert_eq(pool_kit_add(kit, token == 0 ? 0 : token + count, from, COMMAND(.account = account + count, .nonce = 1, .payload = payload)), code);
    return token + count;
}

Test(pool, gives_a_client_its_places_and_no_more)
{
    uint64_t token = give_until(1, 1, 0, 64, 0, REFUSAL_SHARE);
    (void)give_until(token, 2, 100, 64, 0, REFUSAL_SHARE);
}

Test(pool, lets_a_missing_nonce_displace_the_highest_that_waits_for_it)
{
    for (uint32_t i = 0; i < 32; i++) { /* two accounts, each without its first nonce */
        pool_kit_admit(kit, 1 + i, 1, COMMAND(.account = 1, .nonce = 2 + i));
        pool_kit_admit(kit, 101 + i, 1, COMMAND(.account = 2, .nonce = 2 + i));
    }
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_eq(pool_kit_add(kit, 201, 1, COMMAND(.account = 3, .nonce = 1)), REFUSAL_SHARE, "nothing of this account waits");
    cr_assert_eq(pool_kit_add(kit, 202, 1, COMMAND(.account = 1, .nonce = 34)), REFUSAL_SHARE, "nor anything above it");
    cr_assert_eq(pool_kit_add(kit, 203, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    pool_kit_expect(kit, 32, REFUSAL_SHARE); /* nonce 33 of account 1 */
    (void)pool_kit_verify(kit);
    pool_kit_expect(kit, 203, CODE_OK);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_live_count(kit->pool), 32, "its 31 successors are live with it");
    cr_assert_eq(pool_status(kit->pool).commands, 64);
}

Test(pool, lets_a_missing_nonce_of_a_member_displace_too_and_never_what_is_anothers)
{
    uint32_t share = kit->config.commands / 2 / 3;

    for (uint32_t i = 0; i < share; i++) {
        cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 10 + i / 40, .nonce = 2 + i % 40)), CODE_OK);
    }
    while (pool_kit_verify(kit) > 0) {
    }
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 9, .nonce = 60)); /* of a client: not the member's to displace */
    cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 9, .nonce = 1)), REFUSAL_BUSY);
    cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 10, .nonce = 1)), CODE_OK);
    while (pool_kit_verify(kit) > 0) {
    }
    cr_assert_eq(pool_live_count(kit->pool), 40, "nonces 1 to 40; 41 went");
}

Test(pool, bounds_the_memory_of_a_client)
{
    (void)give_until(1, 1, 0, 2, 8192, REFUSAL_SHARE); /* two pages of a small pool */
    cr_assert_eq(pool_kit_add(kit, 99, 2, COMMAND(.account = 99, .nonce = 1, .payload = 8192)), CODE_OK);
}

Test(pool, keeps_what_belongs_to_others_whatever_a_member_sends)
{
    uint32_t share = kit->config.commands / 2 / 3;

    (void)give_until(0, 3, 0, share, 0, REFUSAL_BUSY);
    (void)give_until(0, 2, 1000, share, 0, REFUSAL_BUSY);
    for (uint32_t client = 0; client < 8; client++) {
        (void)give_until(1 + client * 64, client, 2000 + client * 100, 64, 0, REFUSAL_SHARE);
    }
    cr_assert_eq(pool_kit_add(kit, 9999, 50, COMMAND(.account = 3999, .nonce = 1)), REFUSAL_BUSY, "own clients have their half");
    while (pool_kit_verify(kit) > 0) {
    }
    pool_check(kit->pool);
}

Test(pool, keeps_memory_of_others_whatever_a_member_sends)
{
    uint32_t taken = 0;

    while (pool_kit_add(kit, 0, 3, COMMAND(.account = taken, .nonce = 1, .payload = 8192)) == CODE_OK) {
        taken++;
    }
    cr_assert_gt(taken, 4);
    cr_assert_lt(taken, 20);
    cr_assert_eq(pool_kit_add(kit, 0, 2, COMMAND(.account = 3000, .nonce = 1, .payload = 8192)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 3001, .nonce = 1, .payload = 8192)), CODE_OK);
}

Test(pool, gives_one_origin_half_of_all_places)
{
    for (uint32_t i = 0; i < APP_KIT_ACCOUNTS; i++) {
        kit->app.accounts[i].origin = 7;
    }
    uint32_t admitted = 0;
    for (uint32_t from = 0; from < 4; from++) {
        for (uint32_t i = 0; i < 170; i++) {
            admitted += pool_kit_add(kit, 0, from, COMMAND(.account = from * 200 + i, .nonce = 1)) == CODE_OK;
        }
    }
    while (pool_kit_verify(kit) > 0) {
    }
    cr_assert_eq(admitted, 4 * 170, "before the check nobody can spend an organisation's share");
    cr_assert_eq(pool_live_count(kit->pool), 512);
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 3000, .nonce = 1)), REFUSAL_SHARE);
    kit->app.accounts[3001].origin = 8;
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 3001, .nonce = 1)), CODE_OK);
}

/* Organisations are numbered from 1, and 0 is of nobody's: there is one number more than there are organisations. */
Test(pool, has_a_place_for_the_last_organisation)
{
    kit->app.accounts[1].origin = ORGANISATIONS_MAX;
    kit->app.accounts[2].origin = 0;
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 2, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2);
    pool_check(kit->pool);
    cr_assert_eq(pool_kit_select(kit), 2);
}

/* Keys that nobody registered sign as well as others. */
Test(pool, lets_a_missing_nonce_displace_within_a_full_origin)
{
    for (uint32_t i = 0; i < APP_KIT_ACCOUNTS; i++) {
        kit->app.accounts[i].origin = 7;
    }
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 5, .nonce = 2));
    for (uint32_t from = 0; from < 4; from++) {
        for (uint32_t i = 0; i < 170; i++) {
            (void)pool_kit_add(kit, 0, from, COMMAND(.account = 100 + from * 200 + i, .nonce = 1));
            (void)pool_kit_verify(kit);
        }
    }
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 6, .nonce = 1)), REFUSAL_SHARE);
    cr_assert_eq(pool_kit_add(kit, 3, 1, COMMAND(.account = 5, .nonce = 1)), CODE_OK);
    pool_kit_expect(kit, 1, REFUSAL_SHARE);
    (void)pool_kit_verify(kit);
    pool_kit_expect(kit, 3, CODE_OK);
}

Test(pool, leaves_room_when_strangers_fill_what_they_can)
{
    uint32_t taken = 0;

    for (uint32_t i = 0; i < 512; i++) {
        kit->app.accounts[i].code = CODE_SENDER_UNKNOWN;
        uint16_t code = pool_kit_add(kit, 1 + i, i / 64, COMMAND(.account = i, .nonce = 1));
        cr_assert(code == CODE_OK || code == CODE_SENDER_UNKNOWN, "%u", code);
        taken += code == CODE_OK;
    }
    cr_assert_eq(taken, 512 / 8);
    cr_assert_eq(pool_kit_add(kit, 9000, 99, COMMAND(.account = 3000, .nonce = 1)), CODE_OK, "a known sender has room");
    while (pool_kit_verify(kit) > 0) {
    }
    for (uint32_t i = 0; i < 512; i++) {
        kit->app.accounts[i].code = CODE_OK;
    }
    for (uint64_t height = 1; height <= 3; height++) {
        pool_executed(kit->pool, kit->now, height, kit->now.wall_ms);
    }
    pool_check(kit->pool);
    kit->app.accounts[600].code = CODE_SENDER_UNKNOWN;
    cr_assert_eq(pool_kit_add(kit, 9001, 98, COMMAND(.account = 600, .nonce = 1)), CODE_OK, "they are known now, and others may wait");
}

static void take_all_outcomes(uint32_t expected)
{
    struct pool_outcome outcome;
    uint32_t count = 0;

    while (pool_next_outcome(kit->pool, &outcome)) {
        count++;
    }
    cr_assert_eq(count, expected);
}

Test(pool, refuses_clients_while_answers_are_not_taken)
{
    const struct app_kit_command *command = COMMAND(.account = 1, .nonce = 1);
    uint64_t token = 1;

    pool_kit_admit(kit, token, 1, command);
    while (pool_kit_add(kit, ++token, 1, command) == CODE_OK) {
        cr_assert_lt(token, 100000);
    }
    cr_assert_eq(pool_deadline_ns(kit->pool), 0, "answers wait");
    take_all_outcomes(pool_status(kit->pool).outcomes);
    cr_assert_eq(pool_kit_add(kit, token, 1, command), CODE_OK);
}

/* --- Not live (R1) -------------------------------------------------------------------------------------------------------- */

Test(pool, lets_a_command_wait_for_an_earlier_nonce)
{
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    pool_kit_admit(kit, 3, 1, COMMAND(.account = 1, .nonce = 3));
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_eq(pool_status(kit->pool).waiting, 2);
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_live_count(kit->pool), 3, "the run is complete");
    cr_assert_eq(pool_status(kit->pool).waiting, 0);
}

Test(pool, refuses_after_30_s_what_never_became_live)
{
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_deadline_ns(kit->pool), kit->now.mono_ns + POOL_WAIT_NS);
    pool_kit_time(kit, POOL_WAIT_NS / MS - 1);
    pool_on_time(kit->pool, kit->now);
    pool_kit_expect_none(kit);
    pool_kit_time(kit, 1);
    pool_on_time(kit->pool, kit->now);
    pool_kit_expect(kit, 2, REFUSAL_WAITED);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
    cr_assert_eq(pool_deadline_ns(kit->pool), UINT64_MAX, "J4: nothing is waited for");
}

Test(pool, says_after_30_s_what_a_command_waited_for_R1)
{
    static const enum code codes[] = { CODE_SENDER_UNKNOWN, CODE_KEY_NOT_CURRENT, CODE_VOUCH_MISSING, CODE_RATE };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        kit->app.accounts[1 + i].code = codes[i];
        pool_kit_admit(kit, 2 + i, 1, COMMAND(.account = (uint32_t)(1 + i), .nonce = 1));
        pool_kit_time(kit, 1);
    }
    pool_kit_time(kit, POOL_WAIT_NS / MS);
    pool_on_time(kit->pool, kit->now);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        pool_kit_expect(kit, 2 + i, codes[i]);
    }
    pool_kit_expect_none(kit);
}

Test(pool, refuses_a_live_command_when_it_expires_and_its_successors_wait)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 500));
    pool_kit_admit(kit, 2, 1, COMMAND(.account = 1, .nonce = 2));
    cr_assert_eq(pool_live_count(kit->pool), 2);
    pool_kit_time(kit, 500);
    pool_on_time(kit->pool, kit->now);
    pool_kit_expect(kit, 1, CODE_EXPIRED);
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_eq(pool_status(kit->pool).waiting, 1);
    pool_check(kit->pool);
}

Test(pool, looks_again_when_the_clock_was_set_back)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1, .valid_until_ms = APP_KIT_TIME + 500));
    pool_kit_time(kit, 500);
    kit->now.wall_ms -= 400;
    pool_on_time(kit->pool, kit->now);
    pool_kit_expect_none(kit);
    cr_assert_eq(pool_deadline_ns(kit->pool), kit->now.mono_ns + 400 * MS);
}

Test(pool, judges_a_sender_without_tokens_again_in_time)
{
    kit->app.accounts[1].code = CODE_RATE;
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_live_count(kit->pool), 0, "J8: what cannot commit is no reason to do anything");
    cr_assert_eq(pool_deadline_ns(kit->pool), kit->now.mono_ns + 250 * MS);
    pool_kit_time(kit, 250);
    pool_on_time(kit->pool, kit->now);
    cr_assert_eq(pool_live_count(kit->pool), 0);
    kit->app.accounts[1].code = CODE_OK;
    pool_kit_time(kit, 250);
    pool_on_time(kit->pool, kit->now);
    cr_assert_eq(pool_live_count(kit->pool), 1);
    cr_assert(pool_forward_waiting(kit->pool), "now it is worth forwarding");
}

/* R1: what would only be refused after its 30 s is refused now, with the time after which it can succeed. */
Test(pool, waits_for_tokens_no_longer_than_a_command_may_wait)
{
    struct pool_source source = { .token = 1, .client = 1 };
    size_t size = app_kit_make(COMMAND(.account = 1, .nonce = 1), kit->bytes);

    kit->app.accounts[1].code = CODE_RATE;
    kit->app.accounts[1].wait_ms = POOL_WAIT_NS / MS + 1;
    struct pool_answer answer = pool_add(kit->pool, kit->now, &source, bytes_of(kit->bytes, size));
    cr_assert_eq(answer.code, CODE_RATE);
    cr_assert_eq(answer.retry_after_ms, POOL_WAIT_NS / MS + 1);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
    kit->app.accounts[1].wait_ms = UINT64_C(1) << 40;
    answer = pool_add(kit->pool, kit->now, &source, bytes_of(kit->bytes, size));
    cr_assert_eq(answer.retry_after_ms, UINT32_MAX);
    kit->app.accounts[1].wait_ms = POOL_WAIT_NS / MS;
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_status(kit->pool).commands, 1);
    pool_kit_time(kit, POOL_WAIT_NS / MS);
    pool_on_time(kit->pool, kit->now);
    pool_kit_expect(kit, 1, CODE_RATE);
    cr_assert_eq(pool_status(kit->pool).commands, 0);
}

Test(pool, judges_an_unknown_sender_again_when_a_block_is_executed)
{
    kit->app.accounts[1].code = CODE_SENDER_UNKNOWN;
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    cr_assert_eq(pool_live_count(kit->pool), 0);
    cr_assert_eq(pool_deadline_ns(kit->pool), kit->now.mono_ns + POOL_WAIT_NS, "time alone changes nothing about it");
    kit->app.accounts[1].code = CODE_OK;
    pool_executed(kit->pool, kit->now, 1, kit->now.wall_ms);
    cr_assert_eq(pool_live_count(kit->pool), 1);
    pool_check(kit->pool);
}

/* Many newcomers become known in one block, and no other follows: all of them are asked about, a few at a time, and then nothing is waited for but their 30 s. */
Test(pool, judges_all_that_wait_again_after_a_block_whether_or_not_another_follows)
{
    enum { NEWCOMERS = 100 };

    for (uint32_t i = 0; i < NEWCOMERS; i++) {
        kit->app.accounts[1 + i].code = CODE_SENDER_UNKNOWN;
        pool_kit_admit(kit, 0, i % 4, COMMAND(.account = 1 + i, .nonce = 1));
    }
    for (uint32_t i = 0; i < NEWCOMERS; i++) {
        kit->app.accounts[1 + i].code = i == 7 ? CODE_SENDER_UNKNOWN : CODE_OK;
    }
    pool_executed(kit->pool, kit->now, ++kit->height, kit->now.wall_ms);
    uint32_t live = pool_live_count(kit->pool);
    for (uint32_t turn = 0; live < NEWCOMERS - 1; turn++) {
        cr_assert_lt(turn, 10);
        cr_assert_eq(pool_deadline_ns(kit->pool), kit->now.mono_ns + 250 * MS);
        pool_kit_time(kit, 250);
        pool_on_time(kit->pool, kit->now);
        pool_check(kit->pool);
        cr_assert_leq(pool_live_count(kit->pool) - live, 32, "a few at a time");
        live = pool_live_count(kit->pool);
    }
    cr_assert_gt(pool_deadline_ns(kit->pool), kit->now.mono_ns + 20000 * MS, "J4: nothing but its end");
}

/* The newcomer's command comes while the block that makes him known is executed, and its signature is judged after it. No other block follows. */
Test(pool, judges_again_what_was_executed_while_a_signature_was_checked)
{
    static const enum code before[] = { CODE_SENDER_UNKNOWN, CODE_RATE, CODE_KEY_NOT_CURRENT };
    const struct sig_item *items = NULL;
    uint32_t batch = 0, count = 0;

    for (uint32_t i = 0; i < 3; i++) {
        bool good = true;
        kit->app.accounts[1 + i].code = before[i];
        cr_assert_eq(pool_kit_add(kit, 1 + i, 1, COMMAND(.account = 1 + i, .nonce = 1)), CODE_OK);
        cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
        kit->app.accounts[1 + i].code = CODE_OK;
        kit->app.accounts[1 + i].origin = 5;
        pool_executed(kit->pool, kit->now, ++kit->height, kit->now.wall_ms);
        pool_verified(kit->pool, kit->now, batch, &good, 1);
        pool_check(kit->pool);
        pool_kit_expect(kit, 1 + i, CODE_OK);
        cr_assert_eq(pool_live_count(kit->pool), 1 + i, "%s", code_name(before[i]));
    }
    cr_assert_eq(kit->pool->strangers, 0);
    cr_assert_eq(kit->pool->origins[5].commands, 3, "its origin is that of the state which knows it");
    cr_assert_eq(pool_kit_select(kit), 3);
}

Test(pool, drains_new_commands_and_keeps_old_ones)
{
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    pool_drain(kit->pool);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 2, .nonce = 1)), REFUSAL_DRAINING);
    cr_assert_eq(pool_kit_add(kit, 0, 2, COMMAND(.account = 3, .nonce = 1)), CODE_OK, "members know by themselves");
    (void)pool_kit_verify(kit);
    pool_kit_expect(kit, 1, CODE_OK);
    cr_assert_eq(pool_kit_select(kit), 2);
}

Test(pool, knows_what_was_verified_here_byte_for_byte)
{
    pool_kit_admit(kit, 1, 1, COMMAND(.account = 1, .nonce = 1));
    struct command same = app_kit_parse(bytes_of(kit->bytes, app_kit_make(COMMAND(.account = 1, .nonce = 1), kit->bytes)));
    cr_assert(pool_has_verified(kit->pool, &same));
    struct command other = app_kit_parse(bytes_of(kit->bytes, app_kit_make(COMMAND(.account = 1, .nonce = 1, .mark = 3), kit->bytes)));
    cr_assert_not(pool_has_verified(kit->pool, &other), "the same id with other signatures");
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 2, .nonce = 1)), CODE_OK);
    struct command waits = app_kit_parse(bytes_of(kit->bytes, app_kit_make(COMMAND(.account = 2, .nonce = 1), kit->bytes)));
    cr_assert_not(pool_has_verified(kit->pool, &waits), "held, but not checked");
}

/* The same bytes are judged twice: in a block, whose signatures are summed up, and for a client. One of the two must be wrong. */
static void judge_twice(const void *state)
{
    static bool verdicts[REQUEST_BATCH_MAX];
    const struct sig_item *items = NULL;
    uint32_t batch = 0, count = 0;
    bool agreed = *(const bool *)state;

    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    pool_note_valid(kit->pool, &items[0]);
    verdicts[0] = agreed;
    pool_verified(kit->pool, kit->now, batch, verdicts, count);
}

Test(pool, stops_when_a_signature_that_was_valid_is_found_bad_I15)
{
    cr_assert_not(kit_stops(judge_twice, &(bool){ true }));
    cr_assert(kit_stops(judge_twice, &(bool){ false }), "I15");
}

Test(pool, refuses_memory_for_too_few_commands, .signal = SIGABRT)
{
    struct pool_config config = kit->config;

    config.commands = POOL_COMMANDS_MIN - 1;
    (void)pool_footprint(&config);
}

static uint8_t seed_byte;

static void set_seed(struct pool_config *config)
{
    memset(config->seed, seed_byte, sizeof config->seed);
}

/* A factor of zero would put everything into one bucket. */
Test(pool, spreads_its_tables_whatever_the_seed)
{
    for (uint32_t seed = 0; seed < 256; seed += 51) {
        seed_byte = (uint8_t)seed;
        struct pool_kit *other = pool_kit_open(set_seed);
        for (uint32_t i = 0; i < 11; i++) {
            cr_assert_neq(other->pool->keys[i], 0);
            for (uint32_t j = 0; j < i; j++) {
                cr_assert_neq(other->pool->keys[i], other->pool->keys[j]);
            }
        }
        pool_kit_close(other);
    }
}
