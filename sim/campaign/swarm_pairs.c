/* swarm_pairs.c: faults of disks beside all others, and pairs of faults that are made to meet (pairs.h).
 *
 * Who loses its disk, and whose disk is spoilt (spoil.h), counts against f with liars and twins, although it lies to nobody: a copy of what was committed is gone, or what was promised. Rot befalls one member that is none of them: of a committed block q - f honest members hold a
 * copy, and at least one of these is not rotten. */
#include "sim/campaign/swarm_priv.h"

#define MS UINT64_C(1000000)
#define NOBODY UINT32_MAX

/* draw_loss: in a quarter of the seeds in which f is not used up, a member loses its disk and starts again, with its key. */
static void draw_loss(struct swarm_story *story)
{
    const struct world_plan *plan = &story->plan;
    struct member_set faulty = swarm_faulty(plan);
    uint32_t member = (uint32_t)choice_below(plan->seed, &(struct choice){ CHOICE_SWARM, { ASK_LOSS, 1 } }, plan->members_count);

    if (swarm_ask(plan->seed, ASK_LOSS, 4) != 0 || member_set_count(&faulty) >= config_faults_max(plan->members_count)) {
        return;
    }
    member = swarm_sound(story, member, NOBODY);
    uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, SWARM_WIPE, 0);
    story->loser = member;
    story->plan.disk.crash_zero = story->plan.disk.crash_garbage = story->plan.disk.crash_other = 0; /* as with liars: one more that may not vote */
    swarm_add(story, at_ns, SWARM_WIPE, member);
    swarm_add(story, at_ns + swarm_while(story, SWARM_WIPE, 0), SWARM_START, member);
}

/* choose_spoilt: in a quarter of the seeds in which f is not used up, the disk of one more member may do worse than rot. */
static void choose_spoilt(struct swarm_story *story)
{
    struct world_plan *plan = &story->plan;
    struct member_set faulty = swarm_faulty(plan);
    uint32_t first = (uint32_t)choice_below(plan->seed, &(struct choice){ CHOICE_SWARM, { ASK_SPOIL, 1 } }, plan->members_count);
    uint32_t count = member_set_count(&faulty) + (story->loser == NOBODY ? 0 : 1);

    if (swarm_ask(plan->seed, ASK_SPOIL, 4) != 0 || count >= config_faults_max(plan->members_count)) {
        return;
    }
    story->spoilt = swarm_sound(story, first, story->loser);
    plan->disk.crash_zero = plan->disk.crash_garbage = plan->disk.crash_other = 0; /* as with liars */
}

/* swarm_draw_spoils: whatever it is, as often as not the power goes right behind it, so that the newest promise is what is spoilt. */
void swarm_draw_spoils(struct swarm_story *story, uint64_t count)
{
    for (uint64_t i = story->number; i < story->number + count && story->spoilt != NOBODY; i++) {
        uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, SWARM_SPOIL, i);
        uint64_t value = choice_below(story->plan.seed, &(struct choice){ CHOICE_CRASH, { SWARM_SPOIL, i, 1 } }, 1000000 * (uint64_t)SPOIL_COUNT);
        swarm_add(story, at_ns, SWARM_SPOIL, story->spoilt)->value = value;
        if (choice_below(story->plan.seed, &(struct choice){ CHOICE_CRASH, { SWARM_SPOIL, i, 2 } }, 2) == 0) {
            swarm_add(story, at_ns + (value % SPOIL_COUNT == SPOIL_WRITE ? 20 * MS : 0), SWARM_POWER, story->spoilt);
            swarm_add(story, at_ns + 20 * MS + swarm_while(story, SWARM_SPOIL, i), SWARM_START, story->spoilt);
        }
    }
}

void swarm_draw_rot(struct swarm_story *story, uint64_t count)
{
    uint64_t seed = story->plan.seed;
    uint32_t first = (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_ROT, 1 } }, story->plan.members_count);
    uint32_t member = swarm_sound(story, first, story->loser);

    member = member == story->spoilt ? swarm_sound(story, member + 1, story->loser) : member;
    for (uint64_t i = story->number; i < story->number + count; i++) {
        uint64_t value = choice_below(seed, &(struct choice){ CHOICE_CRASH, { SWARM_ROT, i, 1 } }, 1000000);
        swarm_add(story, swarm_time(story, CHOICE_CRASH_TIME, SWARM_ROT, i), SWARM_ROT, member)->value = value;
    }
    story->rotter = member;
}

void swarm_draw_fills(struct swarm_story *story, uint64_t count)
{
    for (uint64_t i = story->number; i < story->number + count; i++) {
        uint64_t at_ns = swarm_time(story, CHOICE_CRASH_TIME, SWARM_FILL, i);
        uint32_t member = (uint32_t)choice_below(story->plan.seed, &(struct choice){ CHOICE_CRASH, { SWARM_FILL, i } }, story->plan.members_count);
        swarm_add(story, at_ns, SWARM_FILL, member);
        swarm_add(story, at_ns + swarm_while(story, SWARM_FILL, i), SWARM_ROOM, member);
    }
}

void swarm_disks(struct swarm_story *story)
{
    uint64_t seed = story->plan.seed;

    story->loser = story->rotter = story->spoilt = NOBODY;
    draw_loss(story);
    choose_spoilt(story);
    swarm_draw_spoils(story, ONE_OF(seed, ASK_SPOIL, 2, 4, 8));
    swarm_draw_rot(story, ONE_OF(seed, ASK_ROT, 0, 0, 2, 6));
    swarm_draw_fills(story, ONE_OF(seed, ASK_FILLS, 0, 0, 1, 3));
}

/* --- Pairs ---------------------------------------------------------------------------------------------------------- */

static struct swarm_event *armed(struct swarm_story *story, uint64_t at_ns, uint32_t member, unsigned mark, enum world_action action)
{
    struct swarm_event *event = swarm_add(story, at_ns, SWARM_WHEN, member);

    event->mark = mark;
    event->action = action;
    return event;
}

/* lag lets a member miss what a while brings, and come back. */
static void lag(struct swarm_story *story, uint64_t at_ns, uint64_t until_ns, uint32_t member)
{
    swarm_add(story, at_ns, SWARM_CRASH, member);
    swarm_add(story, until_ns, SWARM_START, member);
}

static void crash_catching_up(struct swarm_story *story, uint64_t at_ns, uint32_t member)
{
    uint64_t back_ns = at_ns + swarm_while(story, SWARM_PAIR, 1) % (1500 * MS) + 200 * MS;

    lag(story, at_ns, back_ns, member);
    armed(story, back_ns, member, MARK_FETCHED, swarm_ask(story->plan.seed, ASK_PAIR, 2) == 0 ? ACTION_CRASH : ACTION_POWER);
    swarm_add(story, back_ns + 400 * MS, SWARM_START, member);
}

/* make_snapshots lets every state be one, and keeps little else, so that whoever lags needs one. */
static void make_snapshots(struct swarm_story *story)
{
    struct world_plan *plan = &story->plan;

    plan->limits.checkpoint_blocks = 8;
    plan->limits.batch_us = 0;
    plan->snapshot_bytes = plan->snapshot_blocks = plan->keep_blocks = 1;
    plan->network.bytes_per_s = plan->network.queue_bytes = 0;
    plan->network.delay_ns_min = MS;
    plan->network.delay_ns_max = 2 * MS;
    story->load.interval_ns = 5 * MS;
    story->load.end_ns = 3000 * MS;
    story->calm_ns = story->calm_ns < 4000 * MS ? 4000 * MS : story->calm_ns;
}

/* in_snapshot: while a member fetches a snapshot it is cut off and heard again, or loses its power. */
static void in_snapshot(struct swarm_story *story, uint32_t member, uint32_t other, bool heals)
{
    make_snapshots(story);
    lag(story, 50 * MS, 2500 * MS, member);
    if (heals) {
        swarm_add(story, 2500 * MS, SWARM_ONEWAY, 0)->side = member_set_one(other);
        armed(story, 2500 * MS, member, WORLD_ON_SNAPSHOT, ACTION_HEAL);
    } else {
        armed(story, 2500 * MS, member, WORLD_ON_SNAPSHOT, ACTION_POWER);
        swarm_add(story, 3200 * MS, SWARM_START, member);
    }
}

/* lose_power cuts the power of all but one while they write, so that a segment of each log ends there, and starts them again. */
static void lose_power(struct swarm_story *story, uint64_t at_ns, uint32_t but)
{
    struct member_set others = member_set_all(story->plan.members_count);

    member_set_remove(&others, but);
    swarm_add(story, at_ns, SWARM_BLACKOUT, 0)->side = others;
    swarm_add(story, at_ns + 60 * MS, SWARM_RISE, 0)->side = others;
}

/* snapshots_cut: logs whose segments are cut short anywhere between two snapshots go behind them, so that a member which was away needs a snapshot; it loses its power while it fetches that, right
 * at the beginning or somewhere in it, and goes on with the same one. Nobody lies, and nothing else befalls anybody in this act: of snapshots that no two members have alike nobody can make use. */
static void snapshots_cut(struct swarm_story *story, uint32_t member, uint32_t other)
{
    uint64_t seed = story->plan.seed, early = swarm_ask(seed, ASK_CUT, 2), into_ns = choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_CUT, 1 } }, 80 * MS);

    make_snapshots(story);
    swarm_forgive(story);
    story->events_count = 0;
    story->plan.network.drop_ppm = story->plan.network.straggle_ppm = story->plan.network.corrupt_ppm = 0;
    story->plan.disk.crash_zero = story->plan.disk.crash_garbage = story->plan.disk.crash_other = 0; /* Else most members would have to abstain (T9). */
    story->plan.snapshot_blocks = 32; /* one is made before the next is due, so that all make the same */
    story->plan.disk.delay_ns_min = MS / 2;
    story->plan.disk.delay_ns_max = MS;
    story->load.interval_ns = 10 * MS;
    story->load.end_ns = 6600 * MS; /* the chain goes on: a silent one makes no new snapshots */
    story->calm_ns = 7000 * MS;
    lag(story, 50 * MS, 5000 * MS, member);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t at_ns = 400 * MS + 700 * i * MS + choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_CUT, 2, i } }, 40 * MS);
        lose_power(story, at_ns, member);
        armed(story, at_ns + 450 * MS, other, MARK_VOTED, ACTION_POWER);
        swarm_add(story, at_ns + 530 * MS, SWARM_START, other);
    }
    if (early == 0) {
        armed(story, 5000 * MS, member, WORLD_ON_SNAPSHOT, ACTION_POWER);
    } else {
        swarm_add(story, 5000 * MS + into_ns, SWARM_POWER, member);
    }
    swarm_add(story, 5150 * MS, SWARM_START, member);
}

static void rot_then_crash(struct swarm_story *story, uint64_t at_ns, uint32_t member)
{
    swarm_add(story, at_ns, SWARM_ROT, member)->value = swarm_ask(story->plan.seed, ASK_PAIR, 1000000);
    swarm_add(story, at_ns + MS, SWARM_POWER, member);
    swarm_add(story, at_ns + MS + swarm_while(story, SWARM_PAIR, 2), SWARM_START, member);
}

/* in_view_change: the leader is away, and when another gives its view up, its disk is full, a clock steps, or a link clogs. */
static void in_view_change(struct swarm_story *story, uint64_t at_ns, uint32_t member, uint32_t leader)
{
    swarm_add(story, at_ns, SWARM_PAUSE, leader);
    swarm_add(story, at_ns + 1200 * MS, SWARM_RESUME, leader);
    armed(story, at_ns, member, MARK_TIMED_OUT, ACTION_FILL);
    swarm_add(story, at_ns + 1500 * MS, SWARM_ROOM, member);
}

static void full_then_crash(struct swarm_story *story, uint64_t at_ns, uint32_t member)
{
    swarm_add(story, at_ns, SWARM_FILL, member);
    swarm_add(story, at_ns + 50 * MS, SWARM_POWER, member);
    swarm_add(story, at_ns + 150 * MS, SWARM_START, member);
    swarm_add(story, at_ns + swarm_while(story, SWARM_PAIR, 3) + 200 * MS, SWARM_ROOM, member);
}

void swarm_pair(struct swarm_story *story)
{
    uint64_t seed = story->plan.seed, at_ns = swarm_time(story, CHOICE_CRASH_TIME, SWARM_PAIR, 0);
    uint32_t first = (uint32_t)choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_PAIR, 1 } }, story->plan.members_count);
    uint32_t member = swarm_sound(story, first, story->loser), other = swarm_sound(story, member + 1, story->loser);

    switch (choice_below(seed, &(struct choice){ CHOICE_SWARM, { ASK_PAIR, 2 } }, 12)) {
    case 0: crash_catching_up(story, at_ns, member); break;
    case 1: in_snapshot(story, member, other, false); break;
    case 2: in_snapshot(story, member, other, true); break;
    case 3: rot_then_crash(story, at_ns, story->rotter); break;
    case 4: in_view_change(story, at_ns, member, 0); break;
    case 5: full_then_crash(story, at_ns, member); break;
    case 10: snapshots_cut(story, member, other); break; /* 6 to 9 are nothing: seeds that are pinned stay what they were */
    default: break; /* none on purpose */
    }
}
