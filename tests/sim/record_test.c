/* record_test.c: what was written down happens again, decision by decision; where another build would part is found and named. */
#include "sim/scenario/record.h"

#include "sim/campaign/swarm.h"
#include "sim/world/world_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct scenario scenario, again;
static struct record record;
static struct swarm_result first, second;

static const char story[] = "replicas 4\nclients 3\nseed 9\ncrypto fast\nlink 1ms to 5ms\ndrop 30000 ppm\ntorn zero 100000 ppm garbage 100000 ppm other 50000 ppm\ntrace none\n"
                            "at 1ms submit 6 to any\nat 30ms power 1\nat 60ms start 1\nat 400ms calm\nafter 0ms finish within 4min\n";

/* written plays the story and gives its record as text. */
static char *written(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    cr_assert_eq(scenario_parse(&scenario, story), ERR_OK, "%s", scenario.problem);
    record_init(&record);
    record_use(&record);
    swarm_scenario_run(&scenario, &first);
    record_use(NULL);
    cr_assert_eq(first.failure.kind, FAILURE_NONE, "%s", first.failure.text);
    cr_assert(record_write(&record, &scenario, stream));
    fclose(stream);
    record_close(&record);
    return text;
}

static void replayed(char *text)
{
    uint32_t line = 0;

    record_init(&record);
    cr_assert_eq(record_read(&record, &again, text, &line), ERR_OK, "line %u", line);
    record_use(&record);
    swarm_scenario_run(&again, &second);
    record_use(NULL);
}

Test(record, plays_the_same_again, .timeout = 60)
{
    char *text = written();

    replayed(text);
    cr_assert_not(record.parted);
    cr_assert_eq(record.seen, record.events_count);
    cr_assert_eq(record.fresh, 0);
    cr_assert_eq(second.hash, first.hash);
    record_close(&record);
    free(text);
}

/* A later build that draws otherwise: the decisions of the list hold, so that it does not part. */
Test(record, decides_as_listed_whatever_would_be_drawn, .timeout = 60)
{
    char *text = written();

    record_init(&record);
    uint32_t line = 0;
    cr_assert_eq(record_read(&record, &again, text, &line), ERR_OK);
    size_t changed = SIZE_MAX;
    for (size_t i = 0; i < record.decisions_count && changed == SIZE_MAX; i++) {
        changed = record.decisions[i].topic == CHOICE_DELAY ? i : SIZE_MAX;
    }
    cr_assert_neq(changed, SIZE_MAX);
    record.decisions[changed].value ^= UINT64_C(1) << 62;
    record_use(&record);
    swarm_scenario_run(&again, &second);
    record_use(NULL);
    cr_assert(record.parted, "the first message comes at another time");
    char expected[192], found[192];
    record_text(&record.expected, expected, sizeof expected);
    record_text(&record.found, found, sizeof found);
    cr_assert(record.expected.now_ns != record.found.now_ns || record.expected.a != record.found.a, "%s; %s", expected, found);
    record_close(&record);
    free(text);
}

Test(record, names_the_first_event_that_is_another_one, .timeout = 60)
{
    char *text = written();

    record_init(&record);
    uint32_t line = 0;
    cr_assert_eq(record_read(&record, &again, text, &line), ERR_OK);
    record.events[40].b ^= 1;
    record_use(&record);
    swarm_scenario_run(&again, &second);
    record_use(NULL);
    cr_assert(record.parted);
    cr_assert_eq(record.parted_at, 40);
    cr_assert_eq(record.found.b, record.expected.b ^ 1);
    record_close(&record);
    free(text);
}

Test(record, says_what_an_event_is)
{
    static const struct { struct record_event event; const char *text; } cases[] = {
        { { 1500000, WORLD_TOPIC_ARRIVED, UINT64_C(2) << 24 | 1 << 8 | MESSAGE_VOTE, 255 }, "1.500000 ms: r1 gets vote from r2, content 00000000000000ff" },
        { { 0, WORLD_TOPIC_MARK, UINT64_C(3) << 16 | MARK_VOTED, UINT64_C(4) << 32 | 5 }, "0.000000 ms: r3 voted, view 4, height 5" },
        { { 0, WORLD_TOPIC_EXECUTED, UINT64_C(3) << 32 | 7, 1 }, "0.000000 ms: r3 executes block 7, 0000000000000001" },
        { { 0, WORLD_TOPIC_STATE, UINT64_C(2) << 32 | 1, 0 }, "0.000000 ms: r1 loses its power" },
        { { 0, 99, 1, 2 }, "0.000000 ms: event 63 1 2" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[192];
        record_text(&cases[i].event, text, sizeof text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

Test(record, refuses_what_is_none, .timeout = 60)
{
    static const char *const texts[] = { "", "ward-sim record 2\n", "ward-sim record 1\nreplicas 4\n", "ward-sim record 1\nreplicas 3\ndecisions 0\nevents 0\n",
        "ward-sim record 1\nreplicas 4\ndecisions 1\nevents 0\n", "ward-sim record 1\nreplicas 4\ndecisions 0\nevents 1\n1 2 3\n",
        "ward-sim record 1\nreplicas 4\ndecisions 0\nevents 0\nmore\n", "ward-sim record 1\nreplicas 4\ndecisions x\nevents 0\n",
        "ward-sim record 1\nreplicas 4\ndecisions 1\n1 2 3 4 5 6 7 g\nevents 0\n" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[128];
        uint32_t line = 0;
        snprintf(text, sizeof text, "%s", texts[i]);
        record_init(&record);
        cr_assert_eq(record_read(&record, &again, text, &line), ERR_INVALID, "case %zu", i);
        record_close(&record);
    }
}
