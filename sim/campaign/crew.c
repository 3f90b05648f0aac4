/* crew.c: see crew.h. Results wait in a ring until those of lower seeds are told.
 *
 *     told                 begun
 *      |                     |
 *   ---+--+--+--+--+--+--+---+----->  seeds of this shard, by number
 *      at most WINDOW apart */
#include "sim/campaign/crew.h"

#include "base/assert.h"
#include "base/clock.h"
#include "sim/campaign/apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW (2u * CREW_BATCH_MAX * CREW_JOBS_MAX)

struct crew_work {
    struct swarm_case which;
    const struct scenario *scenario; /* NULL: drawn */
    bool twice;
    void (*play)(const struct scenario *scenario, struct swarm_result *result);
};

/* What a process works off: `count` seeds of the shard from the `first`-th on. */
struct crew_batch {
    const struct crew_plan *plan;
    uint64_t first;
    uint32_t count; /* 0: it has no work */
};

/* What it tells. */
struct crew_done {
    uint32_t count; /* seeds that came to their end */
    struct crew_result results[CREW_BATCH_MAX];
};

struct crew {
    const struct crew_plan *plan;
    struct apart *apart;          /* one for each job */
    struct crew_batch *batches;   /* ... what it works on */
    struct crew_result *results;  /* WINDOW, by number */
    bool *done;                   /* likewise */
    uint64_t begun, told, count;  /* numbers */
    uint64_t end_ns;
};

struct swarm_case crew_case(const struct crew_plan *plan, uint64_t seed)
{
    uint32_t replicas = plan->sizes_count == 0 ? 0 : plan->sizes[seed % plan->sizes_count];

    return (struct swarm_case){ .seed = seed, .replicas = replicas, .crypto = plan->crypto, .brief = plan->brief };
}

/* story_of gives the story of a seed. */
static void story_of(const struct crew_work *work, struct scenario *scenario)
{
    if (work->scenario == NULL) {
        swarm_case_scenario(&work->which, scenario);
        return;
    }
    *scenario = *work->scenario;
    scenario->plan.seed = work->which.seed;
}

static void run_case(const struct crew_work *work, struct crew_result *result)
{
    static struct scenario scenario;
    static struct swarm_result again;

    result->which = work->which;
    story_of(work, &scenario);
    result->result.seed = work->which.seed;
    result->result.replicas = scenario.plan.members_count; /* should it stop before its end */
    result->result.fast_crypto = scenario.plan.fast_crypto;
    result->result.configuration = scenario_digest(&scenario);
    struct swarm_result first;
    work->play(&scenario, &first);
    if (work->twice) {
        work->play(&scenario, &again);
        result->again_hash = again.hash;
        result->again_events = again.events;
    }
    result->twice = work->twice;
    result->result = first;
}

static struct crew_work work_of(const struct crew_plan *plan, uint64_t number)
{
    uint64_t seed = plan->seed_first + plan->shard - 1 + number * plan->shards;

    return (struct crew_work){ crew_case(plan, seed), plan->scenario, number % plan->twice_every == 0, plan->play == NULL ? swarm_scenario_run : plan->play };
}

/* run_batch is what a child does. Each seed has its time for itself. */
static void run_batch(const void *context, void *room)
{
    const struct crew_batch *batch = context;
    struct crew_done *done = room;

    ASSERT(batch->count <= CREW_BATCH_MAX);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct crew_work work = work_of(batch->plan, batch->first + i);
        apart_limit(batch->plan->seconds);
        run_case(&work, &done->results[i]);
        done->count = i + 1;
    }
}

static void run_one(const void *context, void *room)
{
    run_case(context, room);
}

void crew_one(const struct swarm_case *which, bool twice, unsigned seconds, struct crew_result *result)
{
    struct crew_work work = { *which, NULL, twice, swarm_scenario_run };

    apart_run(&(struct apart_work){ run_one, &work, seconds, sizeof *result }, result, &result->result.failure);
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
    crew->batches = calloc(plan->jobs, sizeof *crew->batches);
    crew->results = calloc(WINDOW, sizeof *crew->results);
    crew->done = calloc(WINDOW, sizeof *crew->done);
    ASSERT(crew->apart != NULL && crew->batches != NULL);
    ASSERT(crew->results != NULL && crew->done != NULL);
    for (uint32_t i = 0; i < plan->jobs; i++) {
        apart_open(&crew->apart[i], sizeof(struct crew_done));
    }
}

static void close_crew(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->plan->jobs; i++) {
        apart_close(&crew->apart[i]);
    }
    free(crew->apart);
    free(crew->batches);
    free(crew->results);
    free(crew->done);
}

/* batch_count gives how many seeds the next process gets: few where there are few, so that all have work. */
static uint32_t batch_count(const struct crew *crew)
{
    uint64_t left = crew->count - crew->begun, share = left / (4 * crew->plan->jobs) + 1;

    return (uint32_t)(share < CREW_BATCH_MAX ? share : CREW_BATCH_MAX);
}

/* begin_more gives work to whoever has none: first what is left of the batch of a process that stopped. */
static void begin_more(struct crew *crew)
{
    const struct crew_plan *plan = crew->plan;

    for (uint32_t i = 0; i < plan->jobs; i++) {
        struct crew_batch *batch = &crew->batches[i];
        bool more = crew->begun < crew->count && crew->begun - crew->told + CREW_BATCH_MAX <= WINDOW && clock_mono_ns() < crew->end_ns;
        if (crew->apart[i].pid != 0 || (batch->count == 0 && !more)) {
            continue;
        }
        if (batch->count == 0) {
            *batch = (struct crew_batch){ plan, crew->begun, batch_count(crew) };
            crew->begun += batch->count;
        }
        apart_begin(&crew->apart[i], run_batch, batch, plan->seconds);
    }
}

/* take_results keeps what a process told until its turn. A seed at which it stopped failed. */
static void take_results(struct crew *crew, size_t which)
{
    const struct apart *apart = &crew->apart[which];
    struct crew_batch *batch = &crew->batches[which];
    struct crew_done *done = apart->result;
    uint32_t count = done->count < batch->count ? done->count + 1 : done->count;

    ASSERT(done->count <= batch->count);
    if (done->count < batch->count) {
        ASSERT(apart->end != APART_DONE);
        apart_judge(apart, &done->results[done->count].result.failure);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t slot = (batch->first + i) % WINDOW;
        crew->results[slot] = done->results[i];
        crew->done[slot] = true;
    }
    batch->first += count;
    batch->count -= count;
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
        take_results(&crew, which);
        while (crew.done[crew.told % WINDOW]) {
            crew.done[crew.told % WINDOW] = false;
            told(context, &crew.results[crew.told++ % WINDOW]);
        }
    }
    close_crew(&crew);
}
