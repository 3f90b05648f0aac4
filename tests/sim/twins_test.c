/* twins_test.c: runs of a member in two places break nothing and come to what they are for; a seed gives the same run whatever was played before; a member too many is seen. */
#include "sim/explore/twins.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct twins twins;

Test(twins, break_nothing_and_come_to_what_they_are_for)
{
    uint32_t arrived = 0, executing = 0, conflicting = 0, seeds = 300;
    struct twins_result result;

    twins_open(&twins, false);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        twins_play(&twins, seed, NULL, &result);
        cr_assert_eq(result.failure.kind, FAILURE_NONE, "seed %llu: %s", (unsigned long long)seed, result.failure.text);
        arrived += result.view >= TWINS_VIEWS;
        executing += result.height > 0;
        conflicting += result.conflicts > 0;
    }
    twins_close(&twins);
    cr_assert_gt(arrived, seeds / 2, "%u runs of %u came to the last view", arrived, seeds);
    cr_assert_gt(executing, seeds / 2, "in %u of %u a block was executed", executing, seeds);
    cr_assert_gt(conflicting, seeds / 10, "in %u of %u a member voted against itself", conflicting, seeds);
}

/* story_of plays a seed. Owns: the caller frees the text. */
static char *story_of(uint64_t seed, struct twins_result *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    cr_assert_not_null(stream);
    twins_play(&twins, seed, stream, result);
    fclose(stream);
    return text;
}

Test(twins, a_seed_gives_the_same_run_whatever_came_before)
{
    struct twins_result first, between, again;

    twins_open(&twins, false);
    char *one = story_of(7, &first);
    for (uint64_t seed = 8; seed < 20; seed++) {
        twins_play(&twins, seed, NULL, &between);
    }
    char *two = story_of(7, &again);
    twins_close(&twins);
    twins_open(&twins, false);
    char *three = story_of(7, &again);
    twins_close(&twins);
    cr_assert_gt(strlen(one), 1000);
    cr_assert_str_eq(one, two);
    cr_assert_str_eq(one, three);
    cr_assert_eq(first.heard, again.heard);
    cr_assert_eq(first.view, again.view);
    free(one);
    free(two);
    free(three);
}

Test(twins, a_story_says_who_is_where_and_hears_what)
{
    struct twins_result result;

    twins_open(&twins, false);
    char *story = story_of(1, &result);
    twins_close(&twins);
    cr_assert_eq(strncmp(story, "round 0: r0 on side ", 20), 0, "%.60s", story);
    cr_assert_not_null(strstr(story, "command 3 comes\n"));
    cr_assert_not_null(strstr(story, " gives up\n"));
    cr_assert_not_null(strstr(story, " proposes v"));
    cr_assert_not_null(strstr(story, "' hears r"));
    free(story);
}

/* The control: with two of four in two places someone is led astray. */
Test(twins, one_too_many_is_seen)
{
    struct twins_result result = { .rounds = 0 };

    twins_open(&twins, true);
    for (uint64_t seed = 1; seed <= 300 && result.failure.kind == FAILURE_NONE; seed++) {
        twins_play(&twins, seed, NULL, &result);
    }
    twins_close(&twins);
    cr_assert_eq(result.failure.kind, FAILURE_SAFETY);
    cr_assert_not_null(strstr(result.failure.text, "I1: "), "%s", result.failure.text);
}
