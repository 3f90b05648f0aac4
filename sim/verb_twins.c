/* verb_twins.c: `ward-sim twins`: many short runs of the production core with one member in two places, or, with --seed, one of them told decision by decision. */
#include "sim/verbs.h"

#include "base/clock.h"
#include "base/exit.h"
#include "sim/report.h"

#define SEEDS 1000u       /* unless told otherwise */
#define ENOUGH_SEEDS 100u /* among so many each rare path is taken */

static struct twins twins; /* large, and must not move */

static void add(struct twins_campaign *campaign, uint64_t seed, const struct twins_result *result)
{
    bool failed = result->failure.kind != FAILURE_NONE;

    campaign->seeds++;
    campaign->rounds += result->rounds;
    campaign->heard += result->heard;
    campaign->views += result->view;
    campaign->blocks += result->height;
    campaign->arrived += result->view >= TWINS_VIEWS;
    campaign->conflicting += result->conflicts > 0;
    if (failed && campaign->failed++ == 0) {
        campaign->first_failed = seed;
        campaign->failure = result->failure;
    }
}

/* miss complains about what so many runs should have come to: a campaign that nothing happens in finds nothing. Gives: whether there is something. */
static bool miss(const struct twins_campaign *campaign)
{
    const struct { uint64_t seeds; const char *what; } rows[] = {
        { campaign->blocks, "was a block executed" },
        { campaign->conflicting, "did a member vote against itself" },
        { campaign->arrived, "did a run come to its last view" },
    };
    bool any = false;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && campaign->seeds >= ENOUGH_SEEDS; i++) {
        if (rows[i].seeds == 0) {
            fprintf(stderr, "ward-sim: %llu runs, and never %s\n", (unsigned long long)campaign->seeds, rows[i].what);
            any = true;
        }
    }
    return any;
}

static int campaign_of(const struct order *order)
{
    struct twins_campaign campaign = { .over = order->over, .seed_first = order->has_seeds ? order->plan.seed_first : 1,
        .seed_last = order->has_seeds ? order->plan.seed_last : order->plan.budget_ns != 0 ? UINT64_MAX : SEEDS };
    uint64_t end_ns = order->plan.budget_ns == 0 ? UINT64_MAX : clock_mono_ns() + order->plan.budget_ns, seed = campaign.seed_first;
    struct twins_result result;

    twins_open(&twins, order->over);
    uint64_t cpu_ns = clock_process_cpu_ns();
    do {
        twins_play(&twins, seed, NULL, &result);
        add(&campaign, seed, &result);
    } while (seed++ < campaign.seed_last && clock_mono_ns() < end_ns);
    campaign.seed_last = seed - 1;
    campaign.cpu_ns = clock_process_cpu_ns() - cpu_ns;
    twins_close(&twins);
    bool missed = miss(&campaign);
    if (!report_twins(stdout, &campaign, order->json)) {
        return EXIT_RESOURCE;
    }
    return campaign.failed > 0 ? failure_exit(&campaign.failure) : missed ? EXIT_NO : EXIT_FINE;
}

/* story plays one run and tells it. */
static int story(const struct order *order)
{
    struct twins_campaign campaign = { .over = order->over, .seed_first = order->seed, .seed_last = order->seed };
    struct twins_result result;

    twins_open(&twins, order->over);
    uint64_t cpu_ns = clock_process_cpu_ns();
    twins_play(&twins, order->seed, order->json ? NULL : stdout, &result);
    campaign.cpu_ns = clock_process_cpu_ns() - cpu_ns;
    twins_close(&twins);
    add(&campaign, order->seed, &result);
    return report_twins(stdout, &campaign, order->json) ? failure_exit(&result.failure) : EXIT_RESOURCE;
}

int verb_twins(const struct order *order)
{
    return order->has_seed ? story(order) : campaign_of(order);
}
