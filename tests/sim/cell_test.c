#include "sim/explore/cell.h"

#include "sim/world/stamp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct cast cast;
static struct script script;
static struct cell leader, follower;

static void setup(void)
{
    struct cast_plan plan = { .seed = 1, .members_count = 4, .actors_count = 1, .limits = config_limits_default() };

    plan.limits.batch_us = 0;
    plan.limits.block_commands_max = 1;
    plan.limits.block_bytes_max = 65536;
    stamp_use(true);
    cast_make(&cast, &plan);
    script_open(&script, &cast);
    cell_open(&leader, &script, 0, 1, 0);
    cell_open(&follower, &script, 1, 1, 0);
}

static void teardown(void)
{
    cell_close(&leader);
    cell_close(&follower);
    script_close(&script);
    cast_close(&cast);
    stamp_use(false);
}

static uint32_t line_of(const char *name)
{
    uint32_t line = script_find(&script, name);

    cr_assert_lt(line, SCRIPT_LINES_MAX, "nobody said: %s", name);
    return line;
}

/* vote_of makes the vote of a member that is no cell. */
static uint32_t vote_of(uint32_t member)
{
    static struct message vote;
    uint8_t body[256];
    struct writer writer;

    vote.type = MESSAGE_VOTE;
    vote.vote.ballot = script.ballots[script.lines[line_of("r0 votes f 0/1 0a")].said].ballot;
    struct hash32 digest = ballot_digest(&cast.chain_id, &vote.vote.ballot);
    stamp_make(cast.config.members[member].sign_key, digest.bytes, vote.vote.signature);
    writer_init(&writer, body, sizeof body);
    message_encode(&vote, &writer);
    return script_line(&script, member, 1, &vote, bytes_of(body, writer.offset));
}

Test(cell, proposes_and_votes_by_itself_before_anybody_speaks, .init = setup, .fini = teardown)
{
    cr_assert_eq(leader.begun.said_count, 2);
    cr_assert_str_eq(script.lines[leader.begun.said[0]].name, "r0 proposes v0 0a on r 0/0 root");
    cr_assert_str_eq(script.lines[leader.begun.said[1]].name, "r0 votes f 0/1 0a");
    cr_assert_eq(follower.begun.said_count, 0);
    cr_assert_str_empty(leader.begun.broken);
}

Test(cell, is_put_back_to_what_it_was, .init = setup, .fini = teardown)
{
    struct hash32 before = replica_digest(follower.replica);
    struct cell_image *image = cell_save(&follower);
    struct cell_step first, again;

    cell_hear(&follower, line_of("r0 proposes v0 0a on r 0/0 root"), &first);
    cr_assert_eq(first.said_count, 1, "its vote");
    struct hash32 after = replica_digest(follower.replica);
    cr_assert_not(hash_equal(&before, &after));
    cell_load(&follower, image);
    struct hash32 back = replica_digest(follower.replica);
    cr_assert(hash_equal(&before, &back));
    cell_hear(&follower, line_of("r0 proposes v0 0a on r 0/0 root"), &again);
    cr_assert_eq(memcmp(first.said, again.said, sizeof first.said), 0);
    back = replica_digest(follower.replica);
    cr_assert(hash_equal(&after, &back));
    free(image);
}

/* replica_digest: who voted first does not show, nor do times and counters. */
Test(cell, comes_to_one_digest_by_two_orders, .init = setup, .fini = teardown)
{
    struct cell_image *image = cell_save(&leader);
    uint32_t one = vote_of(1), two = vote_of(2);
    struct cell_step step;

    cell_hear(&leader, one, &step);
    struct hash32 waiting = replica_digest(leader.replica);
    cell_hear(&leader, two, &step);
    cr_assert_geq(step.said_count, 2, "CERT, and its own commit vote");
    struct hash32 first = replica_digest(leader.replica);
    cell_load(&leader, image);
    cell_hear(&leader, two, &step);
    struct hash32 other = replica_digest(leader.replica);
    cr_assert_not(hash_equal(&waiting, &other), "whose vote is here shows");
    cell_hear(&leader, one, &step);
    struct hash32 second = replica_digest(leader.replica);
    cr_assert(hash_equal(&first, &second));
    free(image);
}

Test(cell, gives_the_view_up_when_its_time_is_over, .init = setup, .fini = teardown)
{
    struct cell_step step;

    cell_expire(&follower, &step);
    cr_assert(step.expired);
    cr_assert_eq(step.said_count, 1);
    cr_assert_str_eq(script.lines[step.said[0]].name, "r1 timeout v0 high r 0/0 root");
    cell_hear(&follower, line_of("r0 proposes v0 0a on r 0/0 root"), &step);
    cr_assert_eq(step.said_count, 0, "I7, T1: no vote after it");
    cr_assert_str_empty(step.broken);
}
