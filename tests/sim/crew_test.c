/* crew_test.c: how many work on a campaign, and in how many shards, changes nothing of what comes out. */
#include "sim/campaign/crew.h"

#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 8u /* at most: half of them with the sanitizers */

struct heard {
    uint64_t seeds[SEEDS], hashes[SEEDS];
    bool twice[SEEDS];
    uint32_t count;
    struct campaign campaign;
};

static void hear(void *context, const struct crew_result *told)
{
    struct heard *heard = context;

    cr_assert_lt(heard->count, SEEDS);
    cr_assert_eq(told->result.failure.kind, FAILURE_NONE, "%s", told->result.failure.text);
    heard->seeds[heard->count] = told->result.seed;
    heard->hashes[heard->count] = told->result.hash;
    heard->twice[heard->count++] = told->twice && told->again_hash == told->result.hash;
    campaign_add(&heard->campaign, &told->result);
}

static uint32_t seeds(void) { return is_brief() ? SEEDS / 2 : SEEDS; }

static struct crew_plan plan_of(uint32_t jobs, uint32_t shard, uint32_t shards)
{
    return (struct crew_plan){ .seed_first = 31, .seed_last = 30 + seeds(), .shard = shard, .shards = shards, .jobs = jobs, .twice_every = 4, .seconds = 300, .brief = true,
        .sizes = { 4 }, .sizes_count = is_long() ? 0 : 1 }; /* at night the seed draws the size */
}

Test(crew, tells_results_in_the_order_of_seeds_however_many_work, .timeout = 300)
{
    static struct heard alone, three;
    struct crew_plan one = plan_of(1, 1, 1), many = plan_of(3, 1, 1);

    crew_run(&one, hear, &alone);
    crew_run(&many, hear, &three);
    cr_assert_eq(alone.count, seeds());
    cr_assert_eq(three.count, seeds());
    for (uint32_t i = 0; i < seeds(); i++) {
        cr_assert_eq(three.seeds[i], 31 + i);
        cr_assert_eq(three.hashes[i], alone.hashes[i]);
        cr_assert_eq(three.twice[i], i % 4 == 0);
    }
    cr_assert_eq(three.campaign.hash, alone.campaign.hash);
    cr_assert_gt(alone.campaign.seeds_real, 0);
    cr_assert_lt(alone.campaign.seeds_real, seeds());
}

Test(crew, shards_share_the_seeds_out_without_rest)
{
    uint32_t seen[SEEDS] = { 0 };

    uint32_t last = is_brief() ? 3 : 7, shards = is_brief() ? 2 : 5;

    for (uint32_t shard = 1; shard <= shards; shard++) {
        static struct heard heard;
        struct crew_plan plan = plan_of(2, shard, shards);
        plan.seed_last = plan.seed_first + last - 1; /* shards of two and of one */
        memset(&heard, 0, sizeof heard);
        crew_run(&plan, hear, &heard);
        for (uint32_t i = 0; i < heard.count; i++) {
            cr_assert_eq((heard.seeds[i] - 31) % shards, shard - 1);
            seen[heard.seeds[i] - 31]++;
        }
    }
    for (uint32_t i = 0; i < last; i++) {
        cr_assert_eq(seen[i], 1, "seed %u", 31 + i);
    }
}

Test(crew, a_shard_beyond_the_seeds_has_nothing_to_do)
{
    static struct heard heard;
    struct crew_plan plan = plan_of(2, 9, 9);

    plan.seed_last = plan.seed_first;
    crew_run(&plan, hear, &heard);
    cr_assert_eq(heard.count, 0);
}

/* One story with the chance of many seeds: each draws its own, and the same seed the same. */
Test(crew, plays_one_story_with_many_seeds, .timeout = 300)
{
    static struct heard first, again;
    static struct scenario story;
    struct crew_plan plan = plan_of(1, 1, 1);

    enum err err = scenario_parse(&story, "clients 4\ncrypto fast\nlink 1ms to 9ms\nat 10ms submit 2 to any\nafter 0s finish within 1min\nafter 0s expect told == 2\n");
    cr_assert_eq(err, ERR_OK, "%s", story.problem);
    plan.scenario = &story;
    crew_run(&plan, hear, &first);
    crew_run(&plan, hear, &again);
    cr_assert_eq(first.count, seeds());
    cr_assert_eq(first.campaign.hash, again.campaign.hash);
    for (uint32_t i = 1; i < first.count; i++) {
        cr_assert_eq(first.seeds[i], 31 + i);
        cr_assert_neq(first.hashes[i], first.hashes[i - 1]);
    }
    cr_assert_eq(first.campaign.commands, 2 * seeds());
}

Test(crew, a_budget_ends_a_campaign_that_has_no_end)
{
    static struct heard heard;
    struct crew_plan plan = plan_of(1, 1, 1);

    plan.budget_ns = 1;
    crew_run(&plan, hear, &heard);
    cr_assert_eq(heard.count, 0);
}

Test(crew, a_case_takes_its_size_by_its_seed)
{
    struct crew_plan plan = { .sizes = { 4, 7, 31 }, .sizes_count = 3, .crypto = SWARM_CRYPTO_REAL };

    cr_assert_eq(crew_case(&plan, 3).replicas, 4);
    cr_assert_eq(crew_case(&plan, 5).replicas, 31);
    cr_assert_eq(crew_case(&plan, 5).crypto, SWARM_CRYPTO_REAL);
    plan.sizes_count = 0;
    cr_assert_eq(crew_case(&plan, 5).replicas, 0, "drawn");
}

#define MANY 40u /* seeds: more than one process works off */
#define BAD 9u

static uint64_t told_seeds[MANY];
static uint32_t told_count, told_failed;

/* stop_at plays nothing; at some seeds the process stops. */
static void stop_at(const struct scenario *scenario, struct swarm_result *result)
{
    *result = (struct swarm_result){ .seed = scenario->plan.seed, .hash = scenario->plan.seed };
    if (scenario->plan.seed % BAD == 0) {
        fprintf(stderr, "ward: assertion failed: of seed %u\n", (unsigned)scenario->plan.seed);
        abort();
    }
}

static void hear_of_stops(void *context, const struct crew_result *told)
{
    bool bad = told->which.seed % BAD == 0;
    char text[64];

    (void)context;
    snprintf(text, sizeof text, "assertion failed: of seed %u", (unsigned)told->which.seed);
    cr_assert_lt(told_count, MANY);
    cr_assert_eq(told->result.failure.kind, bad ? FAILURE_SAFETY : FAILURE_NONE);
    cr_assert_str_eq(told->result.failure.text, bad ? text : "");
    cr_assert_eq(told->result.seed, told->which.seed);
    told_seeds[told_count++] = told->which.seed;
    told_failed += bad;
}

Test(crew, a_process_that_stops_costs_the_seed_it_was_at_alone)
{
    struct crew_plan plan = { .seed_first = 1, .seed_last = MANY, .shard = 1, .shards = 1, .jobs = 2, .twice_every = 2, .seconds = 60, .brief = true, .play = stop_at };

    crew_run(&plan, hear_of_stops, NULL);
    cr_assert_eq(told_count, MANY);
    cr_assert_eq(told_failed, MANY / BAD);
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert_eq(told_seeds[i], i + 1);
    }
}
