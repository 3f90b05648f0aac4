/* sometimes_test.c: a campaign that never took a rare path is told so, once it had seeds enough. */
#include "sim/campaign/sometimes.h"

#include <criterion/criterion.h>
#include <string.h>

static struct campaign campaign;

static void full(uint64_t seeds)
{
    memset(&campaign, 0, sizeof campaign);
    campaign.seeds = seeds;
    campaign.crashes = campaign.partitions = campaign.lying_seeds = campaign.snapshots = 1;
    campaign.clogs = campaign.oneways = campaign.overflows = campaign.breaks = campaign.clock_steps = campaign.twin_seeds = campaign.conflicts = 1;
    campaign.measured = campaign.reads = campaign.inquiries = campaign.losses = campaign.rots = campaign.fills = 1;
    campaign.abstentions = 1;
    for (int i = 0; i < SPOIL_COUNT; i++) {
        campaign.spoils[i] = 1;
    }
    for (int i = 0; i < PAIR_COUNT; i++) {
        campaign.pairs[i] = 1;
    }
    for (int i = 0; i < CONSENT_MARKS; i++) {
        campaign.consent[i] = 1;
    }
    for (int i = 0; i < MARK_COUNT; i++) {
        campaign.marks[i] = 1;
    }
    for (int i = 0; i < LIE_COUNT; i++) {
        campaign.lies[i] = 1;
    }
}

static const char *first(void)
{
    uint32_t at = 0;

    return sometimes_missing(&campaign, &at);
}

Test(sometimes, says_nothing_when_every_path_was_taken)
{
    full(1000000);
    cr_assert_null(first());
}

Test(sometimes, names_what_was_never_reached)
{
    full(1000000);
    campaign.marks[MARK_OPENED] = 0;
    cr_assert_str_eq(first(), "an opening");
    full(1000000);
    campaign.snapshots = 0;
    cr_assert_str_eq(first(), "a snapshot that was installed");
    full(1000000);
    campaign.pairs[PAIR_HEAL_SNAPSHOT] = 0;
    cr_assert_str_eq(first(), pair_names[PAIR_HEAL_SNAPSHOT].text);
    full(1000000);
    campaign.consent[CONSENT_STOPPED] = 0;
    cr_assert_str_eq(first(), "a release that is not permitted any more although its ticket lives");
    full(1000000);
    campaign.lies[LIE_SLOW_LORIS] = 0;
    cr_assert_str_eq(first(), lie_names[LIE_SLOW_LORIS].word);
}

Test(sometimes, asks_nothing_of_a_few_seeds)
{
    full(5);
    memset(campaign.marks, 0, sizeof campaign.marks);
    memset(campaign.lies, 0, sizeof campaign.lies);
    campaign.crashes = campaign.snapshots = 0;
    cr_assert_null(first());
}

Test(sometimes, goes_on_behind_the_one_it_named)
{
    uint32_t at = 0;

    full(1000000);
    campaign.crashes = campaign.partitions = 0;
    cr_assert_str_eq(sometimes_missing(&campaign, &at), "a crash");
    cr_assert_str_eq(sometimes_missing(&campaign, &at), "a partition");
    cr_assert_null(sometimes_missing(&campaign, &at));
}

Test(sometimes, counts_the_seeds_that_took_a_path_and_not_how_often)
{
    static struct campaign sum;
    static struct swarm_result result;

    result.crashes = 7;
    campaign_add(&sum, &result);
    campaign_add(&sum, &result);
    result.crashes = 0;
    result.lies[LIE_STRAY] = 3;
    campaign_add(&sum, &result);
    cr_assert_eq(sum.crashes, 14);
    for (uint32_t i = 0; i < sometimes_count(); i++) {
        bool crash = strcmp(sometimes_name(i), "a crash") == 0, stray = strcmp(sometimes_name(i), lie_names[LIE_STRAY].word) == 0;
        cr_assert_eq(sum.reached[i], crash ? 2 : stray ? 1 : 0, "%s", sometimes_name(i));
    }
}

Test(sometimes, a_lie_that_is_hard_to_tell_is_missed_later_than_others)
{
    full(4999);
    campaign.lies[LIE_SPOIL] = campaign.lies[LIE_STRAY] = 0;
    cr_assert_null(first());
    campaign.lies[LIE_FORK] = 0;
    cr_assert_str_eq(first(), lie_names[LIE_FORK].word);
    full(5000);
    campaign.lies[LIE_SPOIL] = campaign.lies[LIE_STRAY] = 0;
    cr_assert_str_eq(first(), lie_names[LIE_SPOIL].word);
    full(25000);
    campaign.lies[LIE_STRAY] = 0;
    cr_assert_str_eq(first(), lie_names[LIE_STRAY].word);
}
