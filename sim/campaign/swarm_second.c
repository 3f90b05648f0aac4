/* swarm_second.c: the second act of a story: what a cluster lives through that works most of the time. The first act shakes it for some seconds, and hardly
 * a block is made; here commands come in a stream for most of a minute, hundreds of blocks are committed, checkpoints, snapshots and segments follow each other, and
 * of the faults each kind comes once, twice or not at all. Faults have names of their own, so the first act is what it would be without a second. */
#include "sim/campaign/swarm_priv.h"

#include "base/assert.h"

#define MS UINT64_C(1000000)
#define CROWD 7u           /* members; where there are more, commands come as much slower: a block costs as many executions as there are members */
#define RISE_NS (8000 * MS)
#define FIRST_NUMBER 1000u /* of the faults of this act; those of the first are below */

/* sparse gives how many faults of a kind come. */
static uint64_t sparse(const struct swarm_story *story, uint64_t kind)
{
    uint64_t drawn = choice_below(story->plan.seed, &(struct choice){ CHOICE_SWARM, { ASK_SPARSE, kind } }, 6);

    return drawn < 4 ? 0 : drawn - 3;
}

static void faults(struct swarm_story *story)
{
    swarm_draw_pairs(story, SWARM_CRASH, SWARM_START, sparse(story, SWARM_CRASH));
    swarm_draw_pairs(story, SWARM_POWER, SWARM_START, sparse(story, SWARM_POWER));
    swarm_draw_pairs(story, SWARM_PAUSE, SWARM_RESUME, sparse(story, SWARM_PAUSE));
    swarm_draw_pairs(story, SWARM_DRAIN, SWARM_START, sparse(story, SWARM_DRAIN));
    swarm_draw_partitions(story, SWARM_PARTITION, sparse(story, SWARM_PARTITION));
    swarm_draw_partitions(story, SWARM_ONEWAY, sparse(story, SWARM_ONEWAY));
    swarm_draw_valued(story, SWARM_ARM, SWARM_START, sparse(story, SWARM_ARM));
    swarm_draw_valued(story, SWARM_SLOW, SWARM_SLOW, sparse(story, SWARM_SLOW));
    swarm_draw_valued(story, SWARM_LOSE, SWARM_HEAL, sparse(story, SWARM_LOSE));
    swarm_draw_valued(story, SWARM_CUT, SWARM_HEAL, sparse(story, SWARM_CUT));
    swarm_draw_valued(story, SWARM_CLOCK, SWARM_CLOCK, sparse(story, SWARM_CLOCK));
    swarm_draw_clogs(story, sparse(story, SWARM_CLOG));
    swarm_draw_rot(story, sparse(story, SWARM_ROT));
    swarm_draw_fills(story, sparse(story, SWARM_FILL));
    swarm_draw_spoils(story, sparse(story, SWARM_SPOIL));
}

/* rise lets nobody stay down for good: what is armed may fire long after the start that was drawn for it. */
static void rise(struct swarm_story *story)
{
    swarm_add(story, story->act_ns, SWARM_HEAL, 0);
    for (uint64_t at_ns = story->act_ns; at_ns < story->calm_ns; at_ns += RISE_NS) {
        swarm_add(story, at_ns, SWARM_RISE, 0);
    }
}

void swarm_second(struct swarm_story *story)
{
    uint64_t seed = story->plan.seed, length_ns = ONE_OF(seed, ASK_SECOND, 0, 46000, 46000, 48000, 52000) * MS;
    uint64_t thinner = story->plan.members_count < CROWD ? 1 : story->plan.members_count / CROWD;

    ASSERT(story->number == 0);

    if (length_ns == 0) {
        return;
    }
    story->act_ns = story->calm_ns > story->load.end_ns ? story->calm_ns : story->load.end_ns;
    story->number = FIRST_NUMBER;
    story->calm_ns = story->act_ns + length_ns;
    story->stream = (struct workload_load){ .next_ns = story->act_ns, .end_ns = story->calm_ns, .interval_ns = thinner * ONE_OF(seed, ASK_STREAM, 50, 100, 100) * MS,
        .target = WORKLOAD_ANY };
    rise(story);
    faults(story);
}
