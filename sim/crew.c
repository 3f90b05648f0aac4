/* crew.c: see crew.h. Results wait in a ring until those of lower seeds are told.
 *
 *     told                 begun
 *      |                     |
 *   ---+--+--+--+--+--+--+---+----->  seeds of this shard, by number
 *      at most WINDOW apart */
#include "sim/crew.h"

#include "base/assert.h"
#include "base/clock.h"
#include "sim/apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW (4u * CREW_JOBS_MAX)

struct crew_work {
    struct swarm_case which;
    bool twice;
};

struct crew {
    const struct crew_plan *plan;
    struct apart *apart;          /* one for each job */
    struct crew_work *work;       /* ... what it works on */
    uint64_t *number;             /* ... the which-th seed of the shard that is */
    struct crew_result *results;  /* WINDOW, by number */
    bool *done;                   /* likewise */
    uint64_t begun, told, count;  /* numbers */
    uint64_t end_ns;
};

struct swarm_case crew_case(const struct crew_plan *plan, uint64_t seed)
{
    return (struct swarm_case){ .seed = seed, .replicas = plan->sizes_count == 0 ? 0 : plan->sizes[seed % plan->sizes_count], .crypto = plan->crypto };
}

/* run_case is what a child does. */
static void run_case(const void *context, void *room)
{
    static struct scenario scenario;
    static struct swarm_result again;
    const struct crew_work *work = context;
    struct crew_result *result = room;

    result->which = work->which;
    swarm_case_scenario(&work->which, &scenario);
    result->result.seed = work->which.seed;
    result->result.replicas = scenario.plan.members_count; /* should it stop before its end */
    result->result.fast_crypto = scenario.plan.fast_crypto;
    result->result.configuration = scenario_digest(&scenario);
    struct swarm_result first;
    swarm_scenario_run(&scenario, &first);
    if (work->twice) {
        swarm_scenario_run(&scenario, &again);
        result->again_hash = again.hash;
        result->again_events = again.events;
    }
    result->twice = work->twice;
    result->result = first;
}

static void judge(const struct apart *apart, struct crew_result *result)
{
    memcpy(result, apart->result, sizeof *result);
    apart_judge(apart, &result->result.failure);
}

void crew_one(const struct swarm_case *which, bool twice, unsigned seconds, struct crew_result *result)
{
    struct crew_work work = { *which, twice };
    struct apart apart;

    apart_open(&apart, sizeof *result);
    apart_begin(&apart, run_case, &work, seconds);
    apart_wait(&apart, 1);
    judge(&apart, result);
    apart_close(&apart);
}

/* --- Many ----------------------------------------------------------------------------------------------------------- */

static void open_crew(struct crew *crew, const struct crew_plan *plan)
{
    uint64_t seeds = plan->seed_last - plan->seed_first + 1;

    ASSERT(plan->jobs >= 1);
    ASSERT(plan->jobs <= CREW_JOBS_MAX);
    ASSERT(plan->shard >= 1);
    ASSERT(plan->shard <= plan->shards);
    *crew = (struct crew){ .plan = plan, .count = seeds >= plan->shard ? (seeds - plan->shard) / plan->shards + 1 : 0 };
    crew->end_ns = plan->budget_ns == 0 ? UINT64_MAX : clock_mono_ns() + plan->budget_ns;
    crew->apart = calloc(plan->jobs, sizeof *crew->apart);
    crew->work = calloc(plan->jobs, sizeof *crew->work);
    crew->number = calloc(plan->jobs, sizeof *crew->number);
    crew->results = calloc(WINDOW, sizeof *crew->results);
    crew->done = calloc(WINDOW, sizeof *crew->done);
    ASSERT(crew->apart != NULL && crew->work != NULL && crew->number != NULL);
    ASSERT(crew->results != NULL && crew->done != NULL);
    for (uint32_t i = 0; i < plan->jobs; i++) {
        apart_open(&crew->apart[i], sizeof(struct crew_result));
    }
}

static void close_crew(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->plan->jobs; i++) {
        apart_close(&crew->apart[i]);
    }
    free(crew->apart);
    free(crew->work);
    free(crew->number);
    free(crew->results);
    free(crew->done);
}

/* begin_more gives work to whoever has none. */
static void begin_more(struct crew *crew)
{
    const struct crew_plan *plan = crew->plan;

    for (uint32_t i = 0; i < plan->jobs; i++) {
        if (crew->apart[i].pid != 0 || crew->begun == crew->count || crew->begun - crew->told >= WINDOW || clock_mono_ns() >= crew->end_ns) {
            continue;
        }
        uint64_t seed = plan->seed_first + plan->shard - 1 + crew->begun * plan->shards;
        crew->work[i] = (struct crew_work){ crew_case(plan, seed), crew->begun % plan->twice_every == 0 };
        crew->number[i] = crew->begun++;
        apart_begin(&crew->apart[i], run_case, &crew->work[i], plan->seconds);
    }
}

void crew_run(const struct crew_plan *plan, void (*told)(void *context, const struct crew_result *result), void *context)
{
    static struct crew crew;

    open_crew(&crew, plan);
    for (;;) {
        begin_more(&crew);
        size_t which = apart_wait(crew.apart, plan->jobs);
        if (which == plan->jobs) {
            break;
        }
        uint64_t slot = crew.number[which] % WINDOW;
        judge(&crew.apart[which], &crew.results[slot]);
        crew.done[slot] = true;
        while (crew.done[crew.told % WINDOW]) {
            crew.done[crew.told % WINDOW] = false;
            told(context, &crew.results[crew.told++ % WINDOW]);
        }
    }
    close_crew(&crew);
}
