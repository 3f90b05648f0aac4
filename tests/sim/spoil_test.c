/* spoil_test.c: what a disk does behind the back of its server is found out: by the log itself, which abstains or is mended, or by the others; and the oracle lets nothing else pass. */
#include "sim/world/spoil.h"

#include "sim/scenario/scenario.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct scenario scenario;
static struct world world;

static void play(const char *steps)
{
    char text[1024];

    snprintf(text, sizeof text, "clients 4\ncrypto fast\ntrace none\nat 10ms submit 4 to 0\nat 300ms submit 2 to 0\n%safter 0ms rest within 60s\nafter 0ms expect equal\n", steps);
    cr_assert_eq(scenario_parse(&scenario, text), ERR_OK, "%s", scenario.problem);
    cr_assert(scenario_run(&scenario, &world), "%s", world.failure.text);
}

Test(spoil, has_a_word_for_each)
{
    for (int i = 0; i < SPOIL_COUNT; i++) {
        cr_assert_eq(naming_find(spoil_names, SPOIL_COUNT, spoil_names[i].word), i);
        cr_assert_gt(strlen(spoil_names[i].text), 0);
    }
    cr_assert_eq(naming_find(spoil_names, SPOIL_COUNT, "dinner"), SPOIL_COUNT);
}

Test(spoil, a_promise_that_rotted_makes_its_member_abstain_T11)
{
    for (unsigned bit = 0; bit < 2048; bit += 293) { /* wherever in the header */
        char steps[256];
        snprintf(steps, sizeof steps, "at 600ms spoil 2 vote %u\nafter 0ms power 2\nat 700ms start 2\nat 800ms submit 2 to 1\n", bit);
        play(steps);
        cr_assert_eq(spoil_happened(&world.hosts[2], SPOIL_VOTE), 1);
        cr_expect_eq(world.abstentions, 1, "bit %u", bit);
        world_close(&world);
    }
}

Test(spoil, a_promise_that_rotted_below_the_newest_costs_nothing_but_its_repair)
{
    play("at 305ms spoil 2 vote 77\nat 600ms submit 2 to 1\nat 900ms power 2\nat 1s start 2\nat 1100ms submit 2 to 1\n");
    cr_assert_eq(world.abstentions, 0);
    cr_assert_geq(world.hosts[2].driver.repair.counters.found, 1);
    world_close(&world);
}

Test(spoil, a_certificate_that_rotted_is_had_from_others_again)
{
    play("at 600ms spoil 2 certificate 0\nafter 0ms power 2\nat 700ms start 2\nat 800ms submit 2 to 1\n");
    cr_assert_eq(world.abstentions, 0, "the header is whole, and says what was promised");
    cr_assert_geq(world.hosts[2].recovery.damage_count, 1);
    world_close(&world);
}

Test(spoil, a_sector_that_cannot_be_read_is_found_at_the_next_start)
{
    uint64_t found = 0;

    for (unsigned block = 0; block < 6; block++) {
        char steps[256];
        snprintf(steps, sizeof steps, "at 600ms spoil 2 sector %u\nafter 0ms power 2\nat 700ms start 2\nat 800ms submit 2 to 1\n", block);
        play(steps);
        found += world.hosts[2].recovery.damage_count > 0 || world.abstentions > 0;
        world_close(&world);
    }
    cr_assert_eq(found, 6, "the log has a batch in each of its first blocks");
}

Test(spoil, a_write_that_went_astray_and_was_the_newest_may_be_forgotten_and_nothing_else)
{
    play("at 600ms spoil 2 write 0\nafter 1ms submit 2 to 1\nafter 8ms power 2\nat 700ms start 2\nat 800ms submit 2 to 1\nat 2s start 2\n");
    cr_assert_eq(spoil_happened(&world.hosts[2], SPOIL_WRITE), 1);
    world_close(&world);
}

Test(spoil, a_write_that_went_astray_below_the_newest_is_rot)
{
    play("at 600ms spoil 2 write 0\nafter 1ms submit 2 to 1\nat 900ms submit 2 to 1\nat 1200ms power 2\nat 1300ms start 2\nat 1400ms submit 2 to 1\n");
    cr_assert_eq(spoil_happened(&world.hosts[2], SPOIL_WRITE), 1);
    cr_assert_eq(world.abstentions, 0);
    cr_assert_geq(world.hosts[2].recovery.damage_count, 1);
    world_close(&world);
}

Test(spoil, a_read_that_went_astray_gives_nobody_anything_wrong)
{
    play("at 320ms crash 3\nat 400ms load 200 per s for 300ms to 0\nat 1s spoil 0 read 0\nafter 0ms spoil 1 read 0\nafter 0ms spoil 2 read 0\nafter 0ms start 3\n");
    cr_assert_geq(spoil_happened(&world.hosts[0], SPOIL_READ) + spoil_happened(&world.hosts[1], SPOIL_READ) + spoil_happened(&world.hosts[2], SPOIL_READ), 1, "somebody served");
    world_close(&world);
}

/* A log that lost what it promised must abstain from all views that it may have been of. */
Test(spoil, a_log_that_forgets_and_does_not_abstain_enough_is_seen)
{
    static const struct { int64_t abstain; bool silently, lost, safe; } cases[] = { { -1, false, true, false }, { 4, false, true, false }, { 5, false, true, true }, { 9, false, true, true },
        { -1, true, true, true }, { -1, false, false, true } };
    static struct oracle oracle;
    static struct cast cast;

    cast_make(&cast, &(struct cast_plan){ .seed = 1, .members_count = 4, .actors_count = 4, .limits = config_limits_default() });
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure failure = { FAILURE_NONE, "" };
        struct capsule promised = { .timeout_view = 5, .led_view = -1, .abstain_view = -1 }, found = promised;
        found.timeout_view = cases[i].lost ? 3 : 5;
        found.abstain_view = cases[i].abstain;
        oracle_init(&oracle, &cast, &failure);
        cr_assert_eq(oracle_spoilt(&oracle, 1, &found, &promised, cases[i].silently), cases[i].lost, "case %zu", i);
        cr_assert_eq(failure.kind == FAILURE_NONE, cases[i].safe, "case %zu: %s", i, failure.text);
        cr_assert_eq(oracle.members[1].excused, cases[i].silently);
        oracle_close(&oracle);
    }
    cast_close(&cast);
}
