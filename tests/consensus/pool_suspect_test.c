/* pool_suspect_test.c: whoever sends bad signatures pays for it, and nobody else (R1). What a source can make the verifiers do is counted. */
#include "tests/consensus/pool_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define COMMAND(...) &(struct app_kit_command){ __VA_ARGS__ }
#define EVIL 40u      /* client number */
#define HONEST 8u     /* clients, from number 1 */
#define HOST 7000u    /* a party of many connections */

static struct pool_kit *kit;

static void set_large(struct pool_config *config)
{
    config->commands = 8192;
}

static void open_kit(void)
{
    kit = pool_kit_open(set_large);
}

static void close_kit(void)
{
    pool_kit_close(kit);
}

TestSuite(pool_suspect, .init = open_kit, .fini = close_kit);

static void pass(uint64_t ns)
{
    kit->now.mono_ns += ns;
}

Test(pool_suspect, is_checked_apart_from_others_after_its_first_bad_signature)
{
    const struct sig_item *items = NULL;
    uint32_t batch = 9, count = 0;
    bool good[4] = { true, true, true, true };

    cr_assert_eq(pool_kit_add(kit, 1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2, "the first time they go together");
    pool_kit_expect(kit, 1, CODE_SIG);
    pool_kit_expect(kit, 2, CODE_OK);
    struct pool_status status = pool_status(kit->pool);
    cr_assert_eq(status.suspects_named, 1, "R1");
    cr_assert_eq(status.batches_spoilt, 1);
    cr_assert_eq(pool_kit_add(kit, 3, EVIL, COMMAND(.account = 901, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 4, 1, COMMAND(.account = 1, .nonce = 2)), CODE_OK);
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    cr_assert_eq(count, 1, "R1: the honest one alone");
    pool_verified(kit->pool, kit->now, batch, good, count);
    pool_kit_expect(kit, 4, CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 1, "then the suspect's");
    pool_kit_expect(kit, 3, CODE_SIG);
    cr_assert_eq(pool_status(kit->pool).batches_spoilt, 1, "it spoils its own");
}

Test(pool_suspect, is_known_again_when_it_comes_back_with_nothing_held)
{
    cr_assert_eq(pool_kit_add(kit, 1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    (void)pool_kit_verify(kit);
    cr_assert_eq(pool_status(kit->pool).commands, 0, "its record is gone");
    for (uint32_t i = 0; i < POOL_SUSPECT_PLACES; i++) {
        cr_assert_eq(pool_kit_add(kit, 10 + i, EVIL, COMMAND(.account = 910 + i, .nonce = 1)), CODE_OK);
    }
    uint64_t parses = kit->app.parses;
    cr_assert_eq(pool_kit_add(kit, 99, EVIL, COMMAND(.account = 990, .nonce = 1)), REFUSAL_SHARE, "R1");
    cr_assert_eq(kit->app.parses, parses, "R1: unread");
    cr_assert_eq(pool_status(kit->pool).suspects_refused, 1);
    cr_assert_eq(pool_kit_add(kit, 98, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK, "others are not meant");
}

Test(pool_suspect, is_forgiven_after_a_while)
{
    cr_assert_eq(pool_kit_add(kit, 1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    (void)pool_kit_verify(kit);
    cr_assert_eq(pool_kit_add(kit, 2, EVIL, COMMAND(.account = 901, .nonce = 1)), CODE_OK);
    pass(POOL_SUSPECT_NS);
    cr_assert_eq(pool_kit_add(kit, 3, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    uint32_t checks = pool_kit_verify(kit);
    cr_assert_eq(checks + pool_kit_verify(kit), 2);
    cr_assert_eq(pool_status(kit->pool).suspect_checks, 0, "R1: nothing is held against it any more");
    for (uint32_t i = 0; i < 2 * POOL_SUSPECT_PLACES; i++) {
        cr_assert_eq(pool_kit_add(kit, 10 + i, EVIL, COMMAND(.account = 910 + i, .nonce = 1)), CODE_OK);
    }
}

Test(pool_suspect, member_with_enough_waiting_is_not_read)
{
    cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_not(pool_is_rationed(kit->pool, kit->now, 3));
    (void)pool_kit_verify(kit);
    for (uint32_t i = 0; i < POOL_SUSPECT_PLACES; i++) {
        cr_assert_not(pool_is_rationed(kit->pool, kit->now, 3));
        cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 910 + i, .nonce = 1)), CODE_OK);
    }
    cr_assert(pool_is_rationed(kit->pool, kit->now, 3), "R1");
    cr_assert_eq(pool_kit_add(kit, 0, 3, COMMAND(.account = 990, .nonce = 1)), REFUSAL_SHARE);
    cr_assert_not(pool_is_rationed(kit->pool, kit->now, 2), "its neighbour is not meant");
    pass(POOL_SUSPECT_NS);
    cr_assert_not(pool_is_rationed(kit->pool, kit->now, 3));
}

/* take takes the batch that is due now, and ends it with verdicts of its own. Gives: its number; *count: its signatures. */
static uint32_t take(uint32_t *count)
{
    static bool verdicts[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX];
    const struct sig_item *items = NULL;
    uint32_t batch = POOL_BATCHES;

    *count = 0;
    if (pool_verify_take(kit->pool, kit->now, &batch, &items, count)) {
        app_kit_verdicts(items, *count, verdicts);
        pool_verified(kit->pool, kit->now, batch, verdicts, *count);
        pool_check(kit->pool);
    }
    return batch;
}

/* from_host lets a client of HOST ask; from_others one that is a party of its own. */
static uint16_t from_host(uint64_t token, uint32_t client, const struct app_kit_command *command)
{
    kit->party = HOST;
    uint16_t code = pool_kit_add(kit, token, client, command);
    kit->party = 0;
    return code;
}

/* name_host has one client of HOST spoil a batch. */
static void name_host(void)
{
    cr_assert_eq(from_host(1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 2);
    pool_kit_expect(kit, 1, CODE_SIG);
    pool_kit_expect(kit, 2, CODE_OK);
    cr_assert_eq(pool_status(kit->pool).batches_spoilt, 1);
    cr_assert_eq(pool_status(kit->pool).parties_doubted, 1);
}

Test(pool_suspect, party_of_it_is_checked_apart_from_others)
{
    uint32_t count;

    name_host();
    cr_assert_eq(from_host(3, EVIL + 1, COMMAND(.account = 901, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(from_host(4, EVIL + 2, COMMAND(.account = 902, .nonce = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 5, 1, COMMAND(.account = 1, .nonce = 2)), CODE_OK);
    cr_assert_lt(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 1, "R1: whoever has nothing to do with it is alone in the common batch");
    pool_kit_expect(kit, 5, CODE_OK);
    cr_assert_geq(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 2, "R1: the doubted together");
    pool_kit_expect(kit, 3, CODE_SIG);
    pool_kit_expect(kit, 4, CODE_OK);
    struct pool_status status = pool_status(kit->pool);
    cr_assert_eq(status.batches_spoilt, 1, "R1: one common batch for the party");
    cr_assert_eq(status.doubted_spoilt, 1);
    cr_assert_eq(status.parties_doubted, 1);
    cr_assert_eq(status.suspects_named, 2);
    cr_assert_eq(status.suspect_checks, 0);
}

Test(pool_suspect, what_waits_of_its_party_leaves_the_common_batches)
{
    uint32_t batch = 9, count = 0;
    const struct sig_item *items = NULL;
    bool verdicts[2] = { false, true };

    cr_assert_eq(from_host(1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert_eq(pool_kit_add(kit, 2, 1, COMMAND(.account = 1, .nonce = 1)), CODE_OK);
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    for (uint32_t i = 1; i < 20; i++) {
        cr_assert_eq(from_host(2 + i, EVIL + i, COMMAND(.account = 900 + i, .nonce = 1, .bad = 1)), CODE_OK);
    }
    cr_assert_eq(pool_kit_add(kit, 30, 2, COMMAND(.account = 2, .nonce = 1)), CODE_OK);
    pool_verified(kit->pool, kit->now, batch, verdicts, count);
    pool_check(kit->pool);
    cr_assert_lt(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 1, "R1");
    cr_assert_geq(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 19, "R1: judged together, apart");
    cr_assert_eq(pool_status(kit->pool).batches_spoilt, 1, "R1");
}

/* A hospital behind one address: one of its machines is broken, the others send as before. */
Test(pool_suspect, honest_client_of_its_party_is_not_rationed)
{
    enum { COMMANDS = 4 * POOL_SUSPECT_CHECKS };
    uint32_t admitted = 0, count;
    struct pool_outcome outcome;

    name_host();
    for (uint32_t i = 0; i < COMMANDS; i++) {
        cr_assert_eq(from_host(100 + i, 50 + i % 16, COMMAND(.account = 10 + i % 1000, .nonce = 1 + i / 1000)), CODE_OK, "R1: not refused");
    }
    while (pool_verify_due_ns(kit->pool) <= kit->now.mono_ns) {
        cr_assert_geq(take(&count), POOL_BATCHES_COMMON);
        cr_assert_leq(count, POOL_DOUBTED_BATCH);
        while (pool_next_outcome(kit->pool, &outcome)) {
            admitted += outcome.admitted;
        }
    }
    cr_assert_eq(admitted, COMMANDS, "R1: all at once, in batches of their own");
    cr_assert_eq(pool_status(kit->pool).suspect_checks, 0);
    cr_assert_eq(pool_status(kit->pool).doubted_checks, COMMANDS);
}

Test(pool_suspect, party_is_forgiven_after_a_while)
{
    uint32_t count;

    name_host();
    cr_assert_eq(from_host(3, EVIL + 1, COMMAND(.account = 901, .nonce = 1)), CODE_OK);
    pass(POOL_SUSPECT_NS);
    cr_assert_eq(from_host(4, EVIL + 2, COMMAND(.account = 902, .nonce = 1)), CODE_OK);
    cr_assert_lt(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 2, "what waited of it comes back");
    cr_assert_eq(pool_status(kit->pool).doubted_checks, 0);
}

Test(pool_suspect, place_of_another_party_is_not_meant)
{
    uint32_t count;

    name_host();
    for (uint32_t i = 0; i < 2 * POOL_SUSPECT_PLACES; i++) {
        cr_assert_eq(pool_kit_add(kit, 10 + i, EVIL, COMMAND(.account = 910 + i, .nonce = 1)), CODE_OK, "R1: the place, not the party");
    }
    cr_assert_lt(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 2 * POOL_SUSPECT_PLACES);
}

/* expect_free: the client at EVIL's place, a party of its own, is no suspect: it may have more waiting than one, and is judged with everybody. */
static void expect_free(uint64_t token)
{
    uint32_t count;

    for (uint32_t i = 0; i < 2 * POOL_SUSPECT_PLACES; i++) {
        cr_assert_eq(pool_kit_add(kit, token + i, EVIL, COMMAND(.account = 910 + i, .nonce = 1)), CODE_OK, "R1: not refused");
    }
    cr_assert_lt(take(&count), POOL_BATCHES_COMMON);
    cr_assert_eq(count, 2 * POOL_SUSPECT_PLACES, "R1: not apart");
    for (uint32_t i = 0; i < 2 * POOL_SUSPECT_PLACES; i++) {
        pool_kit_expect(kit, token + i, CODE_OK);
    }
}

/* The connection ends while the verdict of its command is under way, and one of another host gets its place. */
Test(pool_suspect, verdict_under_way_is_not_held_against_who_has_the_place_by_then)
{
    uint32_t batch = 9, count = 0;
    const struct sig_item *items = NULL;
    bool verdicts[1] = { false };

    cr_assert_eq(from_host(1, EVIL, COMMAND(.account = 900, .nonce = 1, .bad = 1)), CODE_OK);
    cr_assert(pool_verify_take(kit->pool, kit->now, &batch, &items, &count));
    cr_assert_eq(count, 1);
    cr_assert_eq(pool_kit_add(kit, 2, EVIL, COMMAND(.account = 901, .nonce = 1)), CODE_OK);
    pool_verified(kit->pool, kit->now, batch, verdicts, count);
    pool_check(kit->pool);
    pool_kit_expect(kit, 1, CODE_SIG);
    cr_assert_eq(pool_kit_verify(kit), 1);
    pool_kit_expect(kit, 2, CODE_OK);
    expect_free(100);
    struct pool_status status = pool_status(kit->pool);
    cr_assert_eq(status.suspects_named, 1, "R1: who sent it");
    cr_assert_eq(status.parties_doubted, 1);
    cr_assert_eq(status.suspect_checks + status.doubted_checks, 0);
    cr_assert_eq(from_host(200, EVIL + 1, COMMAND(.account = 990, .nonce = 1)), CODE_OK);
    cr_assert_geq(take(&count), POOL_BATCHES_COMMON, "R1: the host that it came from is doubted");
}

/* The same while its commands wait: a suspect that is full leaves, and one of another host comes. */
Test(pool_suspect, what_waits_of_a_suspect_is_not_held_against_who_gets_its_place)
{
    name_host();
    for (uint32_t i = 0; i < POOL_SUSPECT_PLACES; i++) {
        cr_assert_eq(from_host(10 + i, EVIL, COMMAND(.account = 1000 + i, .nonce = 1, .bad = 1)), CODE_OK);
    }
    cr_assert_eq(from_host(50, EVIL, COMMAND(.account = 1100, .nonce = 1)), REFUSAL_SHARE, "R1");
    expect_free(100);
    cr_assert_eq(pool_status(kit->pool).unverified, POOL_SUSPECT_PLACES, "its own are apart still");
    cr_assert_eq(from_host(51, EVIL, COMMAND(.account = 1101, .nonce = 1)), REFUSAL_SHARE, "R1: and it is known again");
}

/* As many parties as are remembered and one more: the one whose time would be over first gives way. */
Test(pool_suspect, parties_that_are_doubted_have_a_bound)
{
    enum { PARTIES = 257 };

    for (uint32_t i = 0; i < PARTIES; i++) {
        pass(1);
        cr_assert_eq(pool_kit_add(kit, 1 + i, 100 + i, COMMAND(.account = 1000 + i, .nonce = 1, .bad = 1)), CODE_OK);
        (void)pool_kit_verify(kit);
        pool_kit_expect(kit, 1 + i, CODE_SIG);
    }
    cr_assert_eq(pool_status(kit->pool).parties_doubted, PARTIES);
    for (uint32_t i = 0; i < 2; i++) { /* other clients of the first party and of the second */
        kit->party = 100 + i;
        cr_assert_eq(pool_kit_add(kit, 1000 + i, 1000 + i, COMMAND(.account = 2000 + i, .nonce = 1)), CODE_OK);
        (void)pool_kit_verify(kit);
        cr_assert_eq(pool_status(kit->pool).doubted_checks, i, "the first is forgotten, the second is not");
    }
}

/* A verifier of bounded speed: each turn it takes what is due, and gives verdicts a turn later. */
struct flood {
    uint32_t evil_sources;
    uint64_t evil_party; /* 0: each is one of its own */
    bool paced;          /* a source sends again when nothing is held against it any more, not before */
    uint32_t turns;
    uint64_t evil_per_turn;
    uint64_t evil_sent, evil_checks, honest_checks, honest_batches, spoilt_turns;
    uint64_t honest_wait_max_ns;
    uint32_t honest_done;
};

static uint32_t nonces[64];
static uint64_t asked_ns[1 << 16];

static void send_honest(uint64_t token)
{
    uint32_t client = 1 + (uint32_t)(token % HONEST), account = 1 + (uint32_t)(token % 64);

    asked_ns[token] = kit->now.mono_ns;
    cr_assert_eq(pool_kit_add(kit, token, client, COMMAND(.account = account, .nonce = ++nonces[account - 1])), CODE_OK, "R1: an honest client is never refused");
}

static void judge_all(struct flood *flood)
{
    static bool verdicts[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX];
    const struct sig_item *items = NULL;
    uint32_t batch = 0, count = 0;

    while (pool_verify_due_ns(kit->pool) <= kit->now.mono_ns && pool_verify_take(kit->pool, kit->now, &batch, &items, &count)) {
        uint64_t bad = 0;
        app_kit_verdicts(items, count, verdicts);
        for (uint32_t i = 0; i < count; i++) {
            bad += !verdicts[i];
        }
        flood->evil_checks += bad;
        flood->honest_checks += count - bad;
        flood->honest_batches += count > bad;
        flood->spoilt_turns += bad > 0 && bad < count;
        pool_verified(kit->pool, kit->now, batch, verdicts, count);
    }
}

static void take_outcomes(struct flood *flood)
{
    struct pool_outcome outcome;

    while (pool_next_outcome(kit->pool, &outcome)) {
        if (outcome.token < 50000) {
            cr_assert(outcome.admitted, "R1: token %llu, code %u", (unsigned long long)outcome.token, outcome.code);
            uint64_t wait_ns = kit->now.mono_ns - asked_ns[outcome.token];
            flood->honest_wait_max_ns = wait_ns > flood->honest_wait_max_ns ? wait_ns : flood->honest_wait_max_ns;
            flood->honest_done++;
        }
    }
}

/* execute_all empties the pool, as blocks would. */
static void execute_all(void)
{
    while (pool_kit_select(kit) > 0) {
        pool_kit_execute(kit);
    }
}

/* send_evil sends the bad signatures of a turn. */
static void send_evil(struct flood *flood, uint32_t turn)
{
    uint64_t count = flood->paced ? turn * flood->evil_sources / (POOL_SUSPECT_NS / MS + 50) - flood->evil_sent : flood->evil_per_turn;

    kit->party = flood->evil_party;
    for (uint64_t i = 0; i < count; i++, flood->evil_sent++) {
        uint32_t number = (uint32_t)flood->evil_sent, account = 1000 + number % 3000, client = EVIL + number % flood->evil_sources;
        uint16_t code = pool_kit_add(kit, 50000 + number, client, COMMAND(.account = account, .nonce = 1 + number / 3000, .bad = 1));
        cr_assert(code == CODE_OK || code == REFUSAL_SHARE || code == REFUSAL_BUSY, "%u", code);
    }
    kit->party = 0;
}

/* run lets honest clients send 2 commands and evil ones 10 in each of 1,000 turns of a millisecond, unless told otherwise: 10,000 bad signatures in a second. */
static void run(struct flood *flood)
{
    uint64_t token = 0;
    uint32_t turns = flood->turns != 0 ? flood->turns : 1000;

    for (uint32_t turn = 0; turn < turns; turn++) {
        pass(MS);
        send_honest(++token);
        send_honest(++token);
        send_evil(flood, turn);
        judge_all(flood);
        take_outcomes(flood);
        if (turn % 20 == 19) {
            execute_all();
        }
    }
    take_outcomes(flood);
    pool_check(kit->pool);
}

Test(pool_suspect, ten_thousand_bad_signatures_in_a_second_cost_a_ration_of_checks)
{
    struct flood flood = { .evil_sources = 1, .evil_per_turn = 10 };

    run(&flood);
    cr_assert_eq(flood.evil_sent, 10000);
    cr_assert_eq(flood.honest_done, 2000, "R1: every honest command is admitted");
    cr_assert_eq(flood.honest_checks, 2000);
    cr_assert_leq(flood.honest_wait_max_ns, 2 * MS, "R1: none waits longer than for the next batch");
    cr_assert_leq(flood.spoilt_turns, 1, "R1: one batch is spoilt, no more: %llu", (unsigned long long)flood.spoilt_turns);
    cr_assert_leq(flood.evil_checks, 10 + POOL_SUSPECT_CHECKS + POOL_SUSPECT_BATCH, "R1: %llu of 10,000", (unsigned long long)flood.evil_checks);
    cr_assert_geq(pool_status(kit->pool).suspects_refused, 9000, "R1: most are refused unread");
}

Test(pool_suspect, ration_is_one_for_all_suspects_together)
{
    struct flood flood = { .evil_sources = 20, .evil_per_turn = 10 };

    run(&flood);
    cr_assert_eq(flood.honest_done, 2000);
    cr_assert_leq(flood.honest_wait_max_ns, 2 * MS);
    cr_assert_leq(flood.spoilt_turns, 2 * 20, "R1: each name spoils at most what it had under way");
    cr_assert_leq(flood.evil_checks, 20 * 10 + POOL_SUSPECT_CHECKS + POOL_SUSPECT_BATCH, "R1: %llu", (unsigned long long)flood.evil_checks);
    cr_assert_eq(pool_status(kit->pool).suspects_named, 20);
}

/* Each connection sends one bad signature just when nothing is held against it any more. */
Test(pool_suspect, connections_of_one_party_spoil_no_more_batches_than_one)
{
    struct flood flood = { .evil_sources = 110, .evil_party = HOST, .paced = true, .turns = 6000 };

    run(&flood);
    cr_assert_gt(flood.evil_sent, 300);
    cr_assert_eq(flood.honest_done, 12000);
    cr_assert_leq(flood.honest_wait_max_ns, 2 * MS);
    cr_assert_leq(flood.spoilt_turns, 3, "R1: one in each 2 s, as one connection would: %llu", (unsigned long long)flood.spoilt_turns);
    cr_assert_leq(pool_status(kit->pool).batches_spoilt, 3);
    cr_assert_eq(pool_status(kit->pool).suspects_named, flood.evil_sent - pool_status(kit->pool).unverified);
}

Test(pool_suspect, without_bad_signatures_nobody_is_rationed)
{
    struct flood flood = { .evil_sources = 1, .evil_per_turn = 0 };

    run(&flood);
    cr_assert_eq(flood.honest_done, 2000);
    cr_assert_eq(pool_status(kit->pool).suspects_named, 0);
    cr_assert_eq(pool_status(kit->pool).suspect_checks, 0);
}

Test(pool_suspect, signature_that_was_verified_in_a_block_is_not_checked_again)
{
    struct command command = app_kit_parse(bytes_of(kit->bytes, app_kit_make(COMMAND(.account = 5, .nonce = 1, .signatures = 2), kit->bytes)));

    for (uint32_t i = 0; i < 2; i++) {
        const struct command_signature *signature = &command.signatures[i];
        pool_note_valid(kit->pool, &(struct sig_item){ signature->key, signature->digest.bytes, signature->signature });
    }
    cr_assert(pool_has_verified(kit->pool, &command), "V5");
    cr_assert_eq(pool_kit_add(kit, 1, 1, COMMAND(.account = 5, .nonce = 1, .signatures = 2)), CODE_OK);
    cr_assert_eq(pool_kit_verify(kit), 0, "V5: no check");
    pool_kit_expect(kit, 1, CODE_OK);
    cr_assert_eq(pool_status(kit->pool).known_commands, 1);
    cr_assert_eq(pool_status(kit->pool).live, 1);
}
