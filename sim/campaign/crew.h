/* crew.h: processes that work off the seeds of a campaign side by side, some seeds one after the other in each process, for they use its memory again. When
 * a process stops, the seed that it was at has failed, and another one takes up the seeds behind it. Results are told in the order of seeds,
 * so that a campaign has one hash, however many work on it. */
#ifndef WARD_SIM_CAMPAIGN_CREW_H
#define WARD_SIM_CAMPAIGN_CREW_H

#include "sim/report.h"

#define CREW_JOBS_MAX 64u
#define CREW_SIZES_MAX 16u
#define CREW_BATCH_MAX 16u /* seeds of one process */

struct crew_plan {
    uint64_t seed_first, seed_last;
    uint64_t budget_ns;      /* of wall time, after which no seed begins; 0: none */
    uint32_t shard, shards;  /* every shards-th seed, beginning with the shard-th: 1 .. shards */
    uint32_t jobs;           /* 1 .. CREW_JOBS_MAX */
    uint32_t twice_every;    /* each so many seeds runs twice; 1: all */
    uint32_t sizes[CREW_SIZES_MAX]; /* replicas, in turn by seed */
    uint32_t sizes_count;    /* 0: drawn */
    enum swarm_crypto crypto;
    bool brief;              /* the first act of each story alone */
    const struct scenario *scenario; /* the story of each seed, which draws what chance does in it; NULL: each seed draws its own */
    unsigned seconds;        /* of CPU time for one seed, after which it counts as endless */
    void (*play)(const struct scenario *scenario, struct swarm_result *result); /* plays a story; NULL: swarm_scenario_run */
};

/* What one seed came to. */
struct crew_result {
    struct swarm_case which;
    struct swarm_result result;
    bool twice;                     /* ... it ran */
    uint64_t again_hash, again_events;
};

/* crew_case gives what a plan means by a seed. */
struct swarm_case crew_case(const struct crew_plan *plan, uint64_t seed);

/* crew_one runs one case in a process of its own. A stop of production code is a failure of safety, a run without end one of liveness. */
void crew_one(const struct swarm_case *which, bool twice, unsigned seconds, struct crew_result *result);

/* crew_run works the plan off. `told` hears each result in the order of seeds. */
void crew_run(const struct crew_plan *plan, void (*told)(void *context, const struct crew_result *result), void *context);

#endif
