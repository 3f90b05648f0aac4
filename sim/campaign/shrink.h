/* shrink.h: from a scenario that fails to the smallest one that still fails in the same way.
 *
 *     steps          taken out, in halves, quarters, ... one by one; a load becomes single commands first
 *     header         line by line as if it said nothing; fewer replicas and clients
 *     chance         what befell single messages becomes a list, and the list shrinks as the steps do
 *     times          ranges become one value, moments come earlier
 *
 * until nothing more can go. A candidate is played in a process of its own, so that a stop of production code can be shrunk as well. It counts when it
 * fails by the same rule. What fails for want of progress keeps its end (calm, rest, finish): a cluster that is never healed has no duty to go on. */
#ifndef WARD_SIM_CAMPAIGN_SHRINK_H
#define WARD_SIM_CAMPAIGN_SHRINK_H

#include "sim/campaign/swarm.h"

/* What playing a scenario comes to. */
struct shrink_outcome {
    struct swarm_result result;
    uint32_t happened_count;                       /* SCENARIO_FAULTS_MAX + 1: more than fit */
    struct sim_fault happened[SCENARIO_FAULTS_MAX];
};

struct shrink_plan {
    void (*play)(const void *scenario, void *outcome); /* shrink_play, or what a test plants */
    uint64_t budget_ns; /* of wall time; 0: none */
    uint32_t runs_max;
    unsigned seconds;   /* of CPU time for one run */
};

struct shrink_size {
    uint32_t steps, commands, faults, replicas;
    uint64_t simulated_ns, events;
};

struct shrink_report {
    struct failure failure;
    struct shrink_size before, after;
    uint32_t runs;
    bool complete; /* nothing more can go; false: the budget ended it */
};

/* shrink_play plays a scenario and fills in a struct shrink_outcome. */
void shrink_play(const void *scenario, void *outcome);

/* shrink_run makes *scenario as small as it can. Gives: false when it does not fail at all. Cost: hundreds of runs. */
bool shrink_run(const struct shrink_plan *plan, struct scenario *scenario, struct shrink_report *report);

/* shrink_is_same tells whether two failures break the same rule, whatever the numbers in their texts. */
bool shrink_is_same(const struct failure *a, const struct failure *b);

#endif
