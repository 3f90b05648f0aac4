/* verb_swarm.c: `ward-sim swarm`: a campaign over many seeds. */
#include "sim/verbs.h"

#include "base/clock.h"
#include "base/exit.h"
#include "sim/campaign/apart.h"
#include "sim/fresh.h"
#include "sim/junit.h"
#include "sim/play.h"
#include "sim/campaign/sometimes.h"

#include <errno.h>
#include <string.h>

/* What results are told to. */
struct listener {
    const struct order *order;
    struct campaign *campaign;
    struct junit *junit;
};

/* judge_twice compares both runs of a seed. */
static void judge_twice(struct listener *listener, const struct crew_result *told)
{
    struct campaign *campaign = listener->campaign;
    const struct swarm_result *result = &told->result;

    if (!told->twice || result->failure.kind != FAILURE_NONE) {
        return;
    }
    campaign->determinism_checked++;
    if (told->again_hash != result->hash || told->again_events != result->events) {
        campaign->determinism_broken++;
        fprintf(stderr, "ward-sim: two runs of seed %llu differ: %016llx and %016llx\n", (unsigned long long)result->seed, (unsigned long long)result->hash,
                (unsigned long long)told->again_hash);
        junit_failed(listener->junit, result->seed, "determinism", "two runs of this seed differ", "");
    }
}

static void hear(void *context, const struct crew_result *told)
{
    struct listener *listener = context;
    const struct swarm_result *result = &told->result;

    campaign_add(listener->campaign, result);
    listener->campaign->seed_last = result->seed;
    if (result->failure.kind != FAILURE_NONE) {
        char line[512];
        play_complain(listener->order, &told->which, result);
        play_reproduction(listener->order, &told->which, result->configuration, line, sizeof line);
        junit_failed(listener->junit, result->seed, failure_word(result->failure.kind), result->failure.text, line);
    }
    judge_twice(listener, told);
}

/* miss complains about each rare path that so many seeds should have taken. Gives: whether there is one. */
static bool miss(const struct campaign *campaign)
{
    uint32_t at = 0;
    bool any = false;

    for (const char *name = sometimes_missing(campaign, &at); name != NULL; name = sometimes_missing(campaign, &at)) {
        fprintf(stderr, "ward-sim: %llu seeds, and never %s\n", (unsigned long long)campaign->seeds, name);
        any = true;
    }
    return any;
}

/* exit_of. Only of stories that seeds draw is it known how often they take which path. */
static int exit_of(const struct order *order, const struct campaign *campaign)
{
    if (campaign->failed > 0) {
        return failure_exit(&campaign->failure);
    }
    return campaign->determinism_broken > 0 ? EXIT_SIM_DETERMINISM : order->scenario == NULL && miss(campaign) ? EXIT_NO : EXIT_FINE;
}

/* write_junit. Gives: EXIT_FINE, also when none is asked for, or the code of a complaint that is made already. */
static int write_junit(const struct order *order, const struct junit *junit, const struct campaign *campaign)
{
    FILE *file = order->junit == NULL ? NULL : fresh_open(order->junit);

    if (order->junit == NULL) {
        return EXIT_FINE;
    }
    int number = file == NULL ? errno : fresh_close(file, junit_write(junit, file, campaign));
    return number == 0 ? EXIT_FINE : fresh_fail(order, order->junit, number);
}

int verb_swarm(const struct order *order)
{
    static struct campaign campaign;
    static struct scenario story;
    struct junit junit = { .count = 0 };
    struct listener listener = { order, &campaign, &junit };
    struct crew_plan plan = order->plan;
    uint64_t start_ns = clock_mono_ns();

    if (!order->has_seeds && plan.budget_ns == 0) {
        return order_usage(order, "swarm needs --seeds A..B or --budget TIME", "");
    }
    int code = fresh_refuse(order, order->junit);
    code = code == EXIT_FINE && order->scenario != NULL ? play_load(order, &story) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    plan.scenario = order->scenario != NULL ? &story : NULL;
    campaign.seed_first = plan.seed_first;
    crew_run(&plan, hear, &listener);
    campaign.wall_ns = clock_mono_ns() - start_ns;
    campaign.cpu_ns = apart_cpu_ns();
    code = write_junit(order, &junit, &campaign);
    junit_close(&junit);
    if (code != EXIT_FINE) {
        return code;
    }
    return report_campaign(stdout, &campaign, order->json) ? exit_of(order, &campaign) : EXIT_RESOURCE;
}
