/* duty_test.c: consensus/duty.h as a table: who is on duty, how long a reserve waits, when it is called up. */
#include "consensus/duty.h"

#include "tests/base/stop_kit.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)

static struct config config;

Test(duty, is_had_by_the_leader_and_the_next_of_the_schedule_as_many_as_a_quorum)
{
    static const uint32_t sizes[] = { 4, 5, 6, 7, 10, 31, 100 };

    for (size_t row = 0; row < sizeof sizes / sizeof sizes[0]; row++) {
        uint32_t n = sizes[row], quorum = config_quorum(n);
        kit_config(&config, n);
        for (uint32_t i = 0; i < n; i++) {
            config.schedule[i] = (uint16_t)((i * 3 + 1) % n == i ? i : config.schedule[i]); /* whatever the order is */
        }
        for (uint64_t view = 0; view < 2u * n + 3; view++) {
            struct member_set set = duty_members(&config, view);
            cr_assert_eq(member_set_count(&set), quorum, "P1: n = %u", n);
            for (uint64_t i = 0; i < n; i++) {
                cr_assert_eq(member_set_has(&set, config_leader(&config, view + i)), i < quorum, "P1: n = %u, view %llu, place %llu", n, (unsigned long long)view,
                             (unsigned long long)i);
            }
        }
    }
}

Test(duty, wait_is_four_times_the_median_between_2_ms_and_a_quarter_of_the_base_timer)
{
    static const struct { uint32_t median_us; uint64_t base_ns, hedge_ns; } rows[] = {
        { 0, 200 * MS, 50 * MS },          { 1, 200 * MS, 2 * MS },   { 499, 200 * MS, 2 * MS },         { 500, 200 * MS, 2 * MS },  { 501, 200 * MS, 2004000 },
        { 12500, 200 * MS, 50 * MS },      { 12501, 200 * MS, 50 * MS },      { 700, 4 * MS, 2 * MS },    { UINT32_MAX, 200 * MS, 50 * MS },
        { UINT32_MAX, 8000 * MS, 2000 * MS },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(duty_hedge_ns(rows[i].median_us, rows[i].base_ns), rows[i].hedge_ns, "P1: row %zu", i);
    }
}

Test(duty, median_is_the_middle_of_the_newest_samples)
{
    struct duty_pace pace = { 0 };

    cr_assert_eq(duty_pace_median_us(&pace), 0, "nothing is known yet");
    duty_pace_add(&pace, 7 * MS);
    cr_assert_eq(duty_pace_median_us(&pace), 7000);
    for (uint32_t i = 0; i < DUTY_PACE_SAMPLES; i++) {
        duty_pace_add(&pace, (i % 3 + 1) * MS); /* 1, 2, 3, 1, ... */
    }
    cr_assert_eq(duty_pace_median_us(&pace), 2000, "the first is forgotten, equal ones count each");
    for (uint32_t i = 0; i < DUTY_PACE_SAMPLES / 2; i++) {
        duty_pace_add(&pace, 900 * MS);
    }
    cr_assert_lt(duty_pace_median_us(&pace), 900000, "fewer than half of them move it among the others alone");
    duty_pace_add(&pace, UINT64_MAX);
    duty_pace_add(&pace, UINT64_MAX);
    cr_assert_leq(duty_pace_median_us(&pace), UINT32_MAX);
}

Test(duty, second_hedge_within_64_blocks_ends_the_holding_back)
{
    static const struct { uint64_t first, second; bool holds; } rows[] = {
        { 10, 11, false }, { 10, 10 + DUTY_WINDOW_BLOCKS - 1, false }, { 10, 10 + DUTY_WINDOW_BLOCKS, true }, { 1, 1000, true },
    };
    struct duty duty;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        duty_enter(&duty, true);
        duty_hedge(&duty, rows[i].first);
        cr_assert(duty.holds, "P1: one hedge calls nobody up");
        duty_hedge(&duty, rows[i].second);
        cr_assert_eq(duty.holds, rows[i].holds, "P1: row %zu", i);
    }
    duty_enter(&duty, true);
    cr_assert(duty.holds, "P1: a new view begins anew");
    duty_enter(&duty, false);
    cr_assert_not(duty.holds);
    cr_assert_not(duty_propose(&duty, UINT64_MAX), "P1: who is on duty never holds");
}

Test(duty, reserve_that_is_called_up_holds_again_after_a_term_that_doubles)
{
    uint64_t height = 100, term = DUTY_TERM_MIN;
    struct duty duty;

    duty_enter(&duty, true);
    for (uint32_t call = 0; call < 12; call++) {
        cr_assert(duty_propose(&duty, height));
        duty_hedge(&duty, height);
        cr_assert(duty_propose(&duty, height + 1), "P1: one hedge calls nobody up");
        duty_hedge(&duty, height + 1);
        cr_assert_not(duty_propose(&duty, height + 2));
        cr_assert_not(duty_propose(&duty, height + 1 + term - 1), "P1: call %u, %llu blocks", call, (unsigned long long)term);
        duty_check(&duty);
        height += 1 + term;
        cr_assert(duty_propose(&duty, height), "P1: call %u, %llu blocks", call, (unsigned long long)term);
        duty_check(&duty);
        term = 2 * term < DUTY_TERM_MAX ? 2 * term : DUTY_TERM_MAX;
    }
}

static void check_pace(const void *state) { duty_pace_check(state); }
static void check_duty(const void *state) { duty_check(state); }

Test(duty, stops_at_a_ring_or_a_hedge_that_cannot_be)
{
    struct duty_pace pace = { .count = 0 };
    struct duty duty;

    duty_pace_add(&pace, 1000);
    cr_assert_not(kit_stops(check_pace, &pace));
    pace.next = 5;
    cr_assert(kit_stops(check_pace, &pace));
    duty_enter(&duty, true);
    duty_hedge(&duty, 10);
    cr_assert_not(kit_stops(check_duty, &duty));
    duty.hedged_height = 0;
    cr_assert(kit_stops(check_duty, &duty), "P1: the root is never held back");
    duty_enter(&duty, true);
    duty_hedge(&duty, 10);
    duty_hedge(&duty, 11);
    cr_assert_not(kit_stops(check_duty, &duty));
    duty.until_height = 0;
    cr_assert(kit_stops(check_duty, &duty), "P1: called up for ever");
}
