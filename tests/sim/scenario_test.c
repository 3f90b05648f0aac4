/* scenario_test.c: what a scenario may say, that mistakes are named with their line, and that every scenario of tests/scenarios/ comes out as told. */
#include "sim/scenario.h"

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

/* play runs one scenario; its trace is compared when tests/scenarios/ holds one. */
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
    cr_expect(expected != NULL || scenario.plan.trace == TRACE_NONE, "%s has no expected trace", name);
    free(text);
    free(expected);
    world_close(&world);
}

static int is_scenario(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".scn") == 0;
}

Test(scenario, every_story_of_the_folder_comes_out_as_told, .timeout = 600)
{
    struct dirent **names;
    int count = scandir("tests/scenarios", &names, is_scenario, alphasort);

    cr_assert_geq(count, 15, "the scenarios are there");
    for (int i = 0; i < count; i++) {
        play(names[i]->d_name);
        free(names[i]);
    }
    free(names);
}
