/* shrink_test.c: a false oracle is planted; what is left of a long schedule is what it needs, and nothing else. */
#include "sim/campaign/shrink.h"

#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario scenario;
static struct shrink_report report;

static struct shrink_plan plan_of(void (*play)(const void *scenario, void *outcome))
{
    return (struct shrink_plan){ .play = play, .runs_max = 2000, .seconds = 60 };
}

/* A busy schedule, with a load of 100 commands in a second: for 300 ms, or 60 with the sanitizers, where each of many runs is dear. */
static uint32_t load_ms(void) { return is_brief() ? 60 : 300; }

static const char *busy(void)
{
    static char text[1024];

    snprintf(text, sizeof text,
             "replicas 5\nclients 6\nseed 3\ncrypto fast\nlink 1ms to 3ms\ndrop 100000 ppm\nduplicate 20000 ppm\nstraggle 10000 ppm 50ms\ntrace none\n"
             "at 2ms load 100 per s for %ums to any\nat 40ms pause 3\nat 60ms partition 0 1 | 2 3 4\nat 90ms heal\nat 110ms resume 3\nat 120ms crash 1\n"
             "at 150ms cut 0 to 2\nat 170ms power 4\nat 180ms heal\nat 300ms start 1 4\nat 320ms disk 2 3ms to 9ms\nat 500ms calm\nafter 0ms finish within 4min\n",
             load_ms());
    return text;
}

/* A false oracle: nobody's power may fail once a block is committed. */
static void play_power(const void *from, void *room)
{
    static struct world world;
    struct shrink_outcome *outcome = room;
    struct scenario *copy = malloc(sizeof *copy);
    bool power = false;

    memcpy(copy, from, sizeof *copy);
    for (uint32_t i = 0; i < copy->steps_count; i++) {
        power = power || copy->steps[i].verb == VERB_POWER;
    }
    scenario_run(copy, &world);
    if (power && world.crashes > 0 && world.oracle.height > 0) {
        oracle_fail(&world.failure, FAILURE_SAFETY, "I99: planted at %llu", (unsigned long long)world.oracle.height);
    }
    world_result(&world, &outcome->result);
    world_close(&world);
    free(copy);
}

Test(shrink, leaves_one_command_and_one_power_cut_of_a_busy_schedule, .timeout = 120)
{
    struct shrink_plan plan = plan_of(play_power);

    cr_assert_eq(scenario_parse(&scenario, busy()), ERR_OK, "%s", scenario.problem);
    cr_assert(shrink_run(&plan, &scenario, &report));
    cr_assert(report.complete);
    cr_assert_eq(report.before.steps, 13);
    cr_assert_eq(report.before.commands, load_ms() / 10);
    cr_assert_leq(report.after.steps, 3, "a command, a power cut, and maybe the time that the command needs");
    cr_assert_eq(report.after.commands, 1);
    cr_assert_eq(report.after.replicas, 5, "r4 is needed, so that five are");
    cr_assert_eq(scenario.plan.network.drop_ppm, 0);
    cr_assert_eq(scenario.faults_count, 0);
    cr_assert_eq(strncmp(report.failure.text, "I99:", 4), 0);
}

/* A false oracle: no VOTE may be lost. One message of all that chance lost is what counts. */
static void play_loss(const void *from, void *room)
{
    struct shrink_outcome *outcome = room;

    shrink_play(from, outcome);
    for (uint32_t i = 0; i < outcome->happened_count && i < SCENARIO_FAULTS_MAX; i++) {
        if (outcome->happened[i].kind == SIM_FAULT_DROP && outcome->happened[i].type == MESSAGE_VOTE) {
            oracle_fail(&outcome->result.failure, FAILURE_SAFETY, "I98: planted");
        }
    }
}

Test(shrink, leaves_the_loss_of_one_message_of_all_that_chance_did, .timeout = 120)
{
    struct shrink_plan plan = plan_of(play_loss);

    cr_assert_eq(scenario_parse(&scenario, busy()), ERR_OK, "%s", scenario.problem);
    cr_assert(shrink_run(&plan, &scenario, &report));
    cr_assert_gt(report.before.faults, 10);
    cr_assert_eq(scenario.plan.network.drop_ppm, 0, "chance is gone");
    cr_assert_eq(scenario.faults_count, 1);
    cr_assert_eq(scenario.faults[0].kind, SIM_FAULT_DROP);
    cr_assert_leq(report.after.commands, 6, "as many as lead to that message");
    cr_assert_leq(scenario.steps_count, 8);
}

/* What stops by an assertion is shrunk like what an oracle sees. */
static void play_stop(const void *from, void *room)
{
    shrink_play(from, room);
    if (((struct shrink_outcome *)room)->result.partitions > 0) {
        abort();
    }
}

Test(shrink, takes_a_stop_for_a_failure, .timeout = 120)
{
    struct shrink_plan plan = plan_of(play_stop);

    cr_assert_eq(scenario_parse(&scenario, busy()), ERR_OK, "%s", scenario.problem);
    cr_assert(shrink_run(&plan, &scenario, &report));
    cr_assert_eq(scenario.steps_count, 1);
    cr_assert_eq(scenario.steps[0].verb, VERB_PARTITION);
    cr_assert_eq(scenario.plan.members_count, 4);
}

static void play_stuck(const void *from, void *room)
{
    static struct scenario copy;
    struct shrink_outcome *outcome = room;

    memcpy(&copy, from, sizeof copy);
    outcome->result.failure = (struct failure){ FAILURE_LIVENESS, "J2: planted" };
}

Test(shrink, never_takes_the_healing_from_what_makes_no_progress, .timeout = 120)
{
    struct shrink_plan plan = plan_of(play_stuck);

    cr_assert_eq(scenario_parse(&scenario, busy()), ERR_OK, "%s", scenario.problem);
    cr_assert(shrink_run(&plan, &scenario, &report));
    cr_assert_eq(scenario.steps_count, 2);
    cr_assert_eq(scenario.steps[0].verb, VERB_CALM);
    cr_assert_eq(scenario.steps[1].verb, VERB_FINISH);
}

/* A false oracle: nobody may be late. */
static void play_late(const void *from, void *room)
{
    struct shrink_outcome *outcome = room;

    shrink_play(from, room);
    if (outcome->result.liars > 0 && outcome->result.lies[naming_find(lie_names, LIE_COUNT, "late")] > 0) {
        oracle_fail(&outcome->result.failure, FAILURE_SAFETY, "I97: planted");
    }
}

Test(shrink, leaves_one_liar_and_one_lie_and_never_more_liars_than_the_cluster_bears, .timeout = 120)
{
    struct shrink_plan plan = plan_of(play_late);

    cr_assert_eq(scenario_parse(&scenario, "replicas 7\nclients 2\nseed 3\ncrypto fast\nliars 0 1\nlies fork late mute_leader\nlying 500000 ppm tick 20ms hold 50ms\ntrace none\n"
                                           "at 2ms submit 8 to any\nat 400ms crash 5\nat 1s calm\nafter 0ms silence\n"), ERR_OK, "%s", scenario.problem);
    cr_assert(shrink_run(&plan, &scenario, &report), "no lie was told");
    cr_assert_eq(member_set_count(&scenario.plan.adversary.liars), 1);
    cr_assert_eq(scenario.plan.adversary.lies, UINT64_C(1) << naming_find(lie_names, LIE_COUNT, "late"));
    cr_assert_eq(scenario.plan.members_count, 4, "four bear one liar");
}

Test(shrink, gives_up_on_what_does_not_fail, .timeout = 60)
{
    struct shrink_plan plan = plan_of(shrink_play);

    cr_assert_eq(scenario_parse(&scenario, busy()), ERR_OK, "%s", scenario.problem);
    cr_assert_not(shrink_run(&plan, &scenario, &report), "%s", report.failure.text);
    cr_assert_eq(report.runs, 1);
}

Test(shrink, compares_failures_by_rule_or_by_text_without_numbers)
{
    static const struct { struct failure a, b; bool same; } cases[] = {
        { { FAILURE_SAFETY, "I3: r1 gave two" }, { FAILURE_SAFETY, "I3: r2 gave two" }, true },
        { { FAILURE_SAFETY, "I3: r1 gave two" }, { FAILURE_SAFETY, "I4: r1 gave two" }, false },
        { { FAILURE_SAFETY, "I3: r1" }, { FAILURE_SAFETY, "I13: r1" }, false },
        { { FAILURE_SAFETY, "I3: r1" }, { FAILURE_LIVENESS, "I3: r1" }, false },
        { { FAILURE_SAFETY, "r1 halts: so" }, { FAILURE_SAFETY, "r12 halts: so" }, true },
        { { FAILURE_SAFETY, "r1 halts: so" }, { FAILURE_SAFETY, "r1 halts: not so" }, false },
        { { FAILURE_SAFETY, "r1 halts" }, { FAILURE_SAFETY, "r1 halts more" }, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(shrink_is_same(&cases[i].a, &cases[i].b), cases[i].same, "case %zu", i);
        cr_assert_eq(shrink_is_same(&cases[i].b, &cases[i].a), cases[i].same, "case %zu", i);
    }
}
