/* scenario_test.c: what a scenario may say, that mistakes are named with their line, and that every scenario of tests/scenarios/ comes out as told. */
#include "sim/campaign/swarm.h"
#include "tests/base/long_kit.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario scenario;

Test(scenario, reads_header_and_steps)
{
    cr_assert_eq(scenario_parse(&scenario, "# a story\nreplicas 7\nlink 1ms to 2ms\nbatch 5ms\n\nat 10ms submit 3 to 6 only\nafter 1s crash 0 2\n"
                                           "after 0ms expect executed >= 5 at 1 3\nafter 2min rest within 8h\n"), ERR_OK, "%s", scenario.problem);
    cr_assert_eq(scenario.plan.members_count, 7);
    cr_assert_eq(scenario.plan.network.delay_ns_max, 2000000);
    cr_assert_eq(scenario.plan.limits.batch_us, 5000);
    cr_assert_eq(scenario.steps_count, 4);
    cr_assert_eq(scenario.steps[0].time_ns, 10000000);
    cr_assert_eq(scenario.steps[0].count, 3);
    cr_assert_eq(scenario.steps[0].target, 6);
    cr_assert(scenario.steps[0].flag);
    cr_assert(scenario.steps[1].relative);
    cr_assert(member_set_has(&scenario.steps[1].members, 2));
    cr_assert_not(member_set_has(&scenario.steps[1].members, 1));
    cr_assert_eq(scenario.steps[2].comparison, COMPARE_LEAST);
    cr_assert_eq(scenario.steps[2].value, 5);
    cr_assert_eq(scenario.steps[3].span_ns, UINT64_C(8) * 3600 * 1000000000);
}

Test(scenario, names_the_line_of_every_mistake)
{
    static const struct { const char *text; const char *problem; } cases[] = {
        { "replicas 3\n", "line 1: \"3\" is not a number from 4 to 128" },
        { "\n\nfoo 3\n", "line 3: \"foo\" cannot stand here" },
        { "at 5 submit 1 to 0\n", "line 1: \"5\" is not a time" },
        { "at 5ms dance\n", "line 1: there is no step \"dance\"" },
        { "at 5ms submit 1 to 4\n", "line 1: \"4\" is not a number from 0 to 3" },
        { "at 5ms submit 1\n", "line 1: \"to\" and a replica" },
        { "at 5ms heal now\n", "line 1: \"now\" is too much" },
        { "at 5ms partition 0 1 | 2\n", "line 1: a partition names every replica once" },
        { "at 5ms partition 0 1 | 1 2 3\n", "line 1: a partition names every replica once" },
        { "at 5ms lose votes to 1\n", "line 1: there is no message \"votes\"" },
        { "at 5ms when 1 slept crash\n", "line 1: there is no mark \"slept\"" },
        { "at 5ms when 1 voted dance\n", "line 1: what then?" },
        { "at 5ms expect joy == 1\n", "line 1: nothing is called \"joy\"" },
        { "at 5ms expect told != 1\n", "line 1: \"!=\" is none of" },
        { "at 5ms expect executed == 1\n", "line 1: \"at\" and replicas is missing" },
        { "at 5ms rest\n", "line 1: \"within\" and a time is missing" },
        { "link 2ms to 1ms\n", "line 1: the range ends before it begins" },
        { "drop 5\n", "line 1: \"ppm\" is missing" },
        { "trace loud\n", "line 1: trace is none" },
        { "at 1ms heal\nreplicas 4\n", "line 2: \"replicas\" cannot stand here" },
        { "at 99999999999999999999s heal\n", "line 1: \"99999999999999999999s\" is not a time" },
        { "at 5ms load 3 to 1\n", "line 1: a load is" },
        { "at 5ms cut 1 to any\n", "line 1: \"any\" is not a number" },
        { "fault drop 0 to 2 vote view 3 height 1\n", "line 1: \"again\" and a number is missing" },
        { "fault straggle 0 to 2 vote view 3 height 1 again 0 by 0ms\n", "line 1: a delay is longer" },
        { "fault burn 0 to 2 vote view 3 height 1 again 0\n", "line 1: a fault is drop" },
        { "torn zero 5 ppm other 3 ppm\n", "line 1: \"garbage\" is missing" },
        { "at 5ms rot 1 5\n", "line 1: \"block\" and a height" },
        { "twins every 0ms 1\nat 5ms crash 5\n", "line 2: \"5\" is not a number from 0 to 4" },
        { "at 5ms split 1 to 2\n", "line 1: a split is" },
        { "liars 1\ntwins every 1s 1\n", "line 2: a member is a liar or a twin" },
        { "twins every 1s 1\nat 5ms wipe 4\n", "line 2: a second server does not lose" },
        { "at 5ms spoil 1 dinner 3\n", "line 1: what is spoilt is a vote" },
        { "at 5ms clock 1 wrong\n", "line 1: a clock is" },
        { "at 5ms clog 1 to 2\n", "line 1: \"for\" and a time" },
        { "at 5ms oneway 0 | 1\n", "line 1: a partition names every replica once" },
        { "bandwidth 5\n", "line 1: \"queue\" is missing" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(scenario_parse(&scenario, cases[i].text), ERR_INVALID, "case %zu", i);
        cr_assert_not_null(strstr(scenario.problem, cases[i].problem), "case %zu: %s", i, scenario.problem);
    }
}

Test(scenario, a_difference_is_found_by_its_line)
{
    cr_assert_eq(scenario_difference("a\nb\n", "a\nb\n"), 0);
    cr_assert_eq(scenario_difference("a\nb\n", "a\nc\n"), 2);
    cr_assert_eq(scenario_difference("a\nb\n", "a\n"), 2);
    cr_assert_eq(scenario_difference("", ""), 0);
}

static char *read_text(const char *folder, const char *name)
{
    char path[512];
    char *text = calloc(1, 1 << 20);

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        free(text);
        return NULL;
    }
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    cr_assert_lt(size, (1 << 20) - 1);
    fclose(file);
    return text;
}

/* play runs one scenario and compares its trace with the expected one beside it. */
static void play(const char *name)
{
    static struct world world;
    char trace_name[256];
    char *text = read_text("tests/scenarios", name);

    cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "%s, %s", name, scenario.problem);
    cr_expect(scenario_run(&scenario, &world), "%s: %s", name, world.failure.text);
    snprintf(trace_name, sizeof trace_name, "%.*s.trace", (int)(strlen(name) - 4), name);
    char *expected = read_text("tests/scenarios", trace_name);
    uint32_t line = expected == NULL ? 0 : scenario_difference(expected, world.trace.text);
    cr_expect_eq(line, 0, "%s: the trace differs in line %u; see build/release/ward-sim trace --scenario tests/scenarios/%s", name, line, name);
    cr_expect(expected != NULL && scenario.plan.trace != TRACE_NONE, "%s has no expected trace", name);
    free(text);
    free(expected);
    world_close(&world);
}

static int is_scenario(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".scn") == 0;
}

/* What takes longest is played without the sanitizers alone, but at night: their parts have tests of their own with them. */
static bool is_long_story(const char *name)
{
    static const char *const names[] = { "rolling_restart.scn", "rot_restart.scn", "rot_scrubbed.scn" };
    bool found = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found = found || strcmp(names[i], name) == 0;
    }
    return found;
}

Test(scenario, every_story_of_the_folder_comes_out_as_told, .timeout = 600)
{
    struct dirent **names;
    int count = scandir("tests/scenarios", &names, is_scenario, alphasort);

    cr_assert_geq(count, 15, "the scenarios are there");
    for (int i = 0; i < count; i++) {
        if (!is_brief() || !is_long_story(names[i]->d_name)) {
            play(names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
}

/* --- The way back --------------------------------------------------------------------------------------------------- */

static char *written(const struct scenario *from)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    scenario_write(from, stream);
    fclose(stream);
    return text;
}

Test(scenario, is_read_from_what_it_wrote_as_the_same_steps)
{
    static const char all[] = "replicas 5\nclients 9\nseed 77\ncrypto fast\nbatch 5ms\nlink 100us to 1ms\ndisk 50us to 20ms\ntorn zero 1 ppm garbage 2 ppm other 3 ppm\nwrites short 4 ppm error 5 ppm\n"
                              "segments 9\nsnapshot bytes 1 blocks 16\nkeep blocks 32\nverify 20us to 400us\nnotice 3ms\ndrop 2000 ppm\nduplicate 3 ppm\n"
                              "straggle 4 ppm 400ms\ncorrupt 5 ppm\nbandwidth 6 queue 7\nclocks 900ms\ndrift 8 ppm\ncheckpoint 8 10s\ncheck 4\nreserves on\nmixed on\nreads every 20ms\n"
                              "twins every 300ms 3\ntwins_ask on\ntrace none\n"
                              "fault drop 0 to 2 vote view 3 height 17 again 0\nfault straggle 4 to 1 tc view 9 height 0 again 2 by 312ms\n"
                              "at 1ms load 500 per s for 2s to any\nat 1ms submit 3 to 4 only\nat 2ms crash 0 2\nat 2ms power all\nafter 1ns start 1\nat 3ms pause 2\n"
                              "at 4ms resume 2\nat 5ms drain 3\nat 6ms partition 0 1 | 2 3 4\nat 7ms heal\nat 8ms cut 1 to 2\nat 9ms mend 1 to 2\nat 10ms lose tc to 2 3\n"
                              "at 11ms when 0 voted power\nat 11ms disk 3 50us to 60ms\nat 12ms disk 3 1ms\nat 13ms measure\nat 14ms rest within 10s\n"
                              "after 0ms expect executed >= 3 at 1 2\nafter 0ms expect mark voted > 0\nafter 0ms expect sent vote == 7\nafter 0ms expect idle\n"
                              "at 15ms crash 0 5\nat 15ms split 3 to 0 4\nat 15ms split 3 to nobody\nat 16ms clock 5 ahead 1h\nat 16ms clock 2 behind 3s\nat 16ms clock 2 right\n"
                              "at 17ms clog 5 to 2 for 30ms\nat 18ms oneway 0 1 | 2 3 4\n"
                              "at 19ms wipe 2\nat 19ms fill 1 5\nat 19ms room all\nat 20ms rot 1 any 77\nat 20ms rot 5 block 3\nat 20ms spoil 1 vote 7\nat 20ms spoil 4 read 0\nat 21ms when 2 snapshot heal\n"
                              "at 21ms when 5 timed_out fill\nat 1h calm\nafter 0ms finish within 4min\nafter 0ms frugal\n";

    cr_assert_eq(scenario_parse(&scenario, all), ERR_OK, "%s", scenario.problem);
    char *text = written(&scenario);
    cr_assert_eq(scenario_difference(all, text), 0, "line %u of\n%s", scenario_difference(all, text), text);
    free(text);
}

Test(scenario, of_every_seed_is_read_from_what_it_wrote_as_the_same_plan_and_steps)
{
    static struct swarm_story story;
    static struct scenario drawn;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        swarm_draw(&story, seed, 0);
        swarm_scenario(&story, &drawn);
        char *text = written(&drawn);
        cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "seed %llu: %s", (unsigned long long)seed, scenario.problem);
        char *again = written(&scenario);
        cr_assert_eq(scenario_difference(text, again), 0, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(memcmp(&scenario.plan, &drawn.plan, sizeof drawn.plan), 0, "seed %llu: all that a seed draws for its plan has a word in the header", (unsigned long long)seed);
        cr_assert_eq(scenario_digest(&scenario), scenario_digest(&drawn));
        free(text);
        free(again);
    }
}

Test(scenario, of_a_seed_runs_as_the_seed_does, .timeout = 60)
{
    static struct world world;
    static struct swarm_story story;
    static struct swarm_result result;

    swarm_run(11, 0, &result);
    swarm_draw(&story, 11, 0);
    swarm_scenario(&story, &scenario);
    char *text = written(&scenario);
    cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "%s", scenario.problem);
    free(text);
    cr_assert(scenario_run(&scenario, &world), "%s", world.failure.text);
    cr_assert_eq(world.hash, result.hash);
    world_close(&world);
}
