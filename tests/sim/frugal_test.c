/* frugal_test.c: an isolated command is judged in a calm cluster, of any size and with reserves; a cost above the bounds is seen, and what was disturbed is
 * not judged. */
#include "sim/oracle/frugal.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

static struct world world;
static struct world_plan plan;

static void open_calm(uint32_t members, bool reserves)
{
    world_plan_calm(&plan);
    plan.members_count = members;
    plan.reserves = reserves;
    plan.fast_crypto = true;
    world_open(&world, &plan);
    world_run_to(&world, 10 * MS);
    world_submit(&world, 2, 0, false);
    cr_assert(world_run_until_rest(&world, 60 * S), "%s", world.failure.text);
}

Test(frugal, a_calm_cluster_of_any_size_keeps_to_the_bounds)
{
    static const uint32_t sizes[] = { 4, 5, 6, 7, 10 };

    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        open_calm(sizes[i / 2], i % 2 == 1);
        cr_expect(frugal_play(&world), "n = %u: %s", sizes[i / 2], world.failure.text);
        cr_expect_eq(world.measured, 1, "n = %u", sizes[i / 2]);
        world_close(&world);
    }
}

static void judge(bool broken, const char *rule, void (*spend)(struct frugal *frugal))
{
    static struct frugal frugal;
    bool judged = false;

    open_calm(4, false);
    world_submit(&world, 1, 0, false);
    world_run_to(&world, world.now_ns + S);
    frugal_begin(&frugal, &world);
    spend(&frugal);
    world_submit(&world, 1, 0, false);
    world_run_to(&world, world.now_ns + S);
    cr_assert_eq(frugal_end(&frugal, &world, &judged), !broken, "%s: %s", rule, world.failure.text);
    cr_assert_eq(strncmp(world.failure.text, rule, strlen(rule)), 0, "%s", world.failure.text);
    cr_assert_eq(judged, strcmp(rule, "") != 0 || !broken);
    world_close(&world);
}

static void messages(struct frugal *frugal) { frugal->messages -= 16; }
static void batches(struct frugal *frugal) { frugal->batches[2] -= 1; }
static void checks(struct frugal *frugal) { frugal->checks[0] -= 6; }
static void clocks(struct frugal *frugal) { frugal->clocks[1] -= 4; }
static void segment(struct frugal *frugal)
{
    batches(frugal);
    frugal->segments[2] -= 1;
}
static void note(struct frugal *frugal)
{
    batches(frugal);
    frugal->repairs[2]++; /* it is another by then */
}
static void nothing(struct frugal *frugal) { (void)frugal; }

Test(frugal, more_of_anything_is_seen)
{
    judge(true, "N1: ", messages);
    judge(true, "N2: ", batches);
    judge(true, "N3: ", checks);
    judge(true, "N4: ", clocks);
    judge(false, "", segment); /* Its opening is a batch more. */
    judge(false, "", note); /* S5: a damaged place was settled. */
    judge(false, "", nothing);
}

/* begin_calm begins to judge a calm cluster behind its first command. */
static void begin_calm(struct frugal *frugal)
{
    open_calm(4, false);
    world_submit(&world, 1, 0, false);
    world_run_to(&world, world.now_ns + S);
    frugal_begin(frugal, &world);
}

/* assert_unjudged ends it: what was disturbed is no fault, and counts as nothing. */
static void assert_unjudged(struct frugal *frugal)
{
    bool judged = true;

    cr_assert(frugal_end(frugal, &world, &judged), "%s", world.failure.text);
    cr_assert_not(judged);
    world_close(&world);
}

Test(frugal, says_nothing_of_a_command_beside_which_a_view_ended)
{
    static struct frugal frugal;

    begin_calm(&frugal);
    world_pause(&world, 0);
    world_submit(&world, 1, 1, false);
    world_run_to(&world, world.now_ns + 2 * S);
    world_resume(&world, 0);
    world_run_to(&world, world.now_ns + 2 * S);
    assert_unjudged(&frugal);
}

/* Seed 70, first act: the statement of a checkpoint whose certificate had been lost was said again beside a command, waited for the log, and brought the proof of the newest block onto the
 * disk by a batch of its own. */
Test(frugal, says_nothing_of_a_command_beside_which_a_checkpoint_was_stated_again)
{
    static struct frugal frugal;

    begin_calm(&frugal);
    frugal.statements -= 1;
    frugal.batches[2] -= 1;
    world_submit(&world, 1, 0, false);
    world_run_to(&world, world.now_ns + S);
    assert_unjudged(&frugal);
}

/* ask_for lets r2 ask r1 for a block, as often as the bound allows messages. */
static void ask_for(uint64_t height)
{
    static struct message message;
    static uint8_t bytes[512];
    struct writer writer;

    message = (struct message){ .type = MESSAGE_FETCH, .fetch = { .height = height } };
    writer_init(&writer, bytes, sizeof bytes);
    message_encode(&message, &writer);
    cr_assert_not(writer.failed);
    for (uint32_t i = 0; i < 15; i++) {
        (void)oracle_sent(&world.oracle, 2, &(struct port_message){ .type = MESSAGE_FETCH, .head = bytes_of(bytes, writer.offset) }, 1);
    }
}

/* Seed 8410189, first act: a log had lost a block that nobody has any more, and asked everybody for it in rounds while a command was judged. */
Test(frugal, does_not_charge_a_command_for_what_a_log_lost_S5)
{
    static struct frugal frugal;

    for (uint32_t ahead = 0; ahead < 2; ahead++) {
        bool judged = false;
        begin_calm(&frugal);
        ask_for(frugal.height + ahead);
        world_submit(&world, 1, 0, false);
        world_run_to(&world, world.now_ns + S);
        cr_assert_eq(frugal_end(&frugal, &world, &judged), ahead == 0, "what is asked for ahead of the asker is the command's: %s", world.failure.text);
        cr_assert(judged);
        world_close(&world);
    }
}

/* carrying gives a server whose append behind a new snapshot is on its way (K2), NULL when none has one. */
static const struct host *carrying(void)
{
    for (uint32_t i = 0; i < plan.members_count; i++) {
        if (world.hosts[i].driver.carried_lsn != 0) {
            return &world.hosts[i];
        }
    }
    return NULL;
}

static struct frugal at_begin;

/* begin_at lets a calm cluster make snapshots until `found` gives a server, and begins to judge there. Gives: the server. */
static const struct host *begin_at(const struct host *(*found)(void))
{
    const uint64_t step_ns = MS / 100; /* shorter than any write */

    world_plan_calm(&plan);
    plan.fast_crypto = true;
    plan.snapshot_bytes = 1;
    plan.snapshot_blocks = 1;
    plan.limits.checkpoint_blocks = 3;
    world_open(&world, &plan);
    for (uint32_t i = 0; i < 500000 && found() == NULL; i++) {
        if (i < 3000 && i % 1000 == 0) {
            world_submit(&world, 1, 0, false);
        }
        world_run_to(&world, world.now_ns + step_ns);
    }
    const struct host *host = found();
    cr_assert_not_null(host, "a snapshot is made once its checkpoint is certified");
    frugal_begin(&at_begin, &world);
    return host;
}

/* end_three_appends_later has a command executed, during which the server also appends behind its snapshot, and judges. */
static void end_three_appends_later(const struct host *host)
{
    uint64_t batches = at_begin.batches[host->plan.member];
    bool judged = false;

    world_submit(&world, 1, 0, false);
    world_run_to(&world, world.now_ns + S);
    cr_assert_eq(host->superblocks.current.sequence, at_begin.saves[host->plan.member], "nothing else is saved");
    cr_assert_eq(host->driver.log.counters.batches - batches, 3, "the append, the vote, the commit vote");
    cr_expect(frugal_end(&at_begin, &world, &judged), "%s", world.failure.text);
    cr_assert(judged);
    world_close(&world);
}

/* Seed 7100112: the append behind a snapshot was on its way when a command was sent, and its batch was taken for the command's. */
Test(frugal, does_not_charge_a_command_for_a_snapshot_that_was_made_before_it)
{
    const struct host *host = begin_at(carrying);

    end_three_appends_later(host);
}

/* half_saved gives a server whose superblock is durable by its first pair of copies and names a snapshot, of which its driver hears after the second pair. NULL when none has one. */
static const struct host *half_saved(void)
{
    for (uint32_t i = 0; i < plan.members_count; i++) {
        if (world.hosts[i].driver.snapshots.stage == SNAPSHOTS_INSTALL && world.hosts[i].superblocks.stage == SUPERBLOCK_LAST_PAIR) {
            return &world.hosts[i];
        }
    }
    return NULL;
}

/* Seed 9531413, first act: the superblock that names a snapshot was half saved when a command was sent, and the append behind it was taken for the command's. */
Test(frugal, does_not_charge_a_command_for_a_snapshot_whose_superblock_is_half_saved_K2)
{
    const struct host *host = begin_at(half_saved);

    cr_assert_eq(at_begin.saves[host->plan.member], host->superblocks.current.sequence);
    end_three_appends_later(host);
}
