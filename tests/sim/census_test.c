#include "sim/explore/census.h"

#include "sim/world/stamp.h"

#include <criterion/criterion.h>
#include <string.h>

static struct cast cast;
static struct script script;
static struct census census;
static uint16_t said[4][16];
static struct census_voices voices;

static void setup(void)
{
    struct cast_plan plan = { .seed = 1, .members_count = 4, .actors_count = 1, .limits = config_limits_default() };

    stamp_use(true);
    cast_make(&cast, &plan);
    script_open(&script, &cast);
    voices = (struct census_voices){ .count = 3, .liars = 1, .views = 2 };
}

static void teardown(void)
{
    script_close(&script);
    cast_close(&cast);
    stamp_use(false);
}

/* block makes a block on another one; two variants differ in their time. */
static uint32_t block(uint32_t parent, uint32_t variant)
{
    struct block_header header = { .commands_count = 1, .height = script.blocks[parent].header.height + 1, .parent = script.blocks[parent].hash,
        .time_ms = script.blocks[parent].header.time_ms + 1 + variant };

    return script_block(&script, &header, bytes_of(NULL, 0));
}

static void say(uint32_t member, const struct message *message, bool votes)
{
    said[member][voices.said_count[member]++] = (uint16_t)script_line(&script, member, votes ? 1 : 15, message, bytes_of(message, 1));
    voices.said[member] = said[member];
}

static void vote(uint32_t members, enum vote_kind kind, uint64_t view, uint32_t of)
{
    static struct message message;

    message.type = kind == VOTE_COMMIT ? MESSAGE_COMMITVOTE : MESSAGE_VOTE;
    message.vote.ballot = (struct ballot){ kind, 0, { view, script.blocks[of].header.height }, script.blocks[of].hash };
    for (uint32_t member = 0; member < 3; member++) {
        if ((members >> member & 1) != 0) {
            say(member, &message, true);
        }
    }
}

static void take(void)
{
    census_take(&census, &script, &voices);
    census_conclude(&census, &script);
}

static void assert_broken(const char *rule)
{
    take();
    cr_assert_eq(strncmp(census.broken, rule, strlen(rule)), 0, "%s, not %s", census.broken, rule);
}

Test(census, certifies_what_all_but_the_liar_need_to_say, .init = setup, .fini = teardown)
{
    uint32_t a = block(0, 0);

    vote(1, VOTE_FOLLOWING, 0, a);
    take();
    cr_assert_eq(census.certified_count, 1, "the root alone");
    vote(2, VOTE_FOLLOWING, 0, a);
    take();
    cr_assert_eq(census.certified_count, 2, "I11: two of three, and the liar");
    cr_assert_eq(census.committed, 1);
    cr_assert_str_empty(census.broken);
}

Test(census, commits_by_two_certificates_or_by_commit_votes, .init = setup, .fini = teardown)
{
    uint32_t a = block(0, 0), aa = block(a, 0);

    vote(3, VOTE_FOLLOWING, 0, a);
    vote(6, VOTE_FOLLOWING, 0, aa);
    take();
    cr_assert_eq(census.committed, UINT64_C(1) | UINT64_C(1) << a, "C1");
    vote(5, VOTE_COMMIT, 0, aa);
    take();
    cr_assert_eq(census.committed, UINT64_C(1) | UINT64_C(1) << a | UINT64_C(1) << aa, "C2");
    cr_assert_str_empty(census.broken);
}

Test(census, sees_two_certificates_of_one_rank, .init = setup, .fini = teardown)
{
    vote(3, VOTE_FOLLOWING, 0, block(0, 0));
    vote(6, VOTE_FOLLOWING, 0, block(0, 1));
    assert_broken("I4");
}

Test(census, sees_a_certificate_without_its_parent, .init = setup, .fini = teardown)
{
    vote(3, VOTE_FOLLOWING, 0, block(block(0, 0), 0));
    assert_broken("I5");
}

Test(census, sees_two_openings, .init = setup, .fini = teardown)
{
    vote(3, VOTE_OPENING, 1, 0);
    vote(3, VOTE_OPENING, 1, block(0, 0));
    assert_broken("I5");
}

Test(census, sees_a_certificate_beside_what_is_committed, .init = setup, .fini = teardown)
{
    uint32_t a = block(0, 0), b = block(0, 1);

    vote(3, VOTE_FOLLOWING, 0, a);
    vote(3, VOTE_COMMIT, 0, a);
    vote(5, VOTE_OPENING, 1, b);
    assert_broken("I10");
}

static void time_out(uint32_t member, const struct ballot *high)
{
    static struct message message;

    message.type = MESSAGE_TIMEOUT;
    message.timeout.view = 0;
    message.timeout.high.ballot = *high;
    say(member, &message, false);
}

/* T2: a TC states no less than the lowest of those who suffice for it, whoever they are. */
Test(census, knows_the_lowest_rank_of_a_timeout_certificate, .init = setup, .fini = teardown)
{
    struct ballot root = script.ballots[0].ballot, qc = { VOTE_FOLLOWING, 0, { 0, 1 }, script.blocks[block(0, 0)].hash };

    vote(3, VOTE_FOLLOWING, 0, 1);
    time_out(0, &qc);
    take();
    cr_assert_not(census.ended[0]);
    time_out(1, &qc);
    take();
    cr_assert(census.ended[0]);
    cr_assert_eq(census.ended_rank[0].height, 1, "both state it");
    time_out(2, &root);
    take();
    cr_assert_eq(census.ended_rank[0].height, 1, "the other of any two does");
    time_out(1, &root);
    take();
    cr_assert_eq(census.ended_rank[0].height, 0, "said twice, the lower one counts");
}
