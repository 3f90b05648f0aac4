/* effect_test.c: the list that one step fills: order, bytes, bounds. */
#include "consensus/effect.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct effects *effects;

static void open_effects(void)
{
    effects = calloc(1, sizeof *effects);
    cr_assert_not_null(effects);
}

static void close_effects(void)
{
    free(effects);
}

TestSuite(effect, .init = open_effects, .fini = close_effects);

Test(effect, keeps_the_order_and_is_empty_after_a_reset)
{
    cr_assert_eq(effects_add(effects, EFFECT_MARK)->kind, EFFECT_MARK);
    cr_assert_eq(effects_add(effects, EFFECT_SEND)->kind, EFFECT_SEND);
    cr_assert_eq(effects->count, 2);
    cr_assert_eq(effects->items[0].kind, EFFECT_MARK);
    effects_reset(effects);
    cr_assert_eq(effects->count, 0);
    cr_assert_eq(effects->bytes_used, 0);
}

Test(effect, what_was_taken_stays_when_more_is_written)
{
    struct writer writer = effects_room(effects);
    write_run(&writer, "first", 5);
    struct bytes first = effects_take(effects, &writer);
    writer = effects_room(effects);
    write_run(&writer, "second", 6);
    struct bytes second = effects_take(effects, &writer);
    cr_assert_eq(first.size, 5);
    cr_assert_arr_eq(first.data, "first", 5);
    cr_assert_arr_eq(second.data, "second", 6);
    writer = effects_room(effects);
    write_run(&writer, "never taken", 11);
    cr_assert_eq(effects->bytes_used, 11, "only what is taken counts");
}

Test(effect, room_is_all_that_is_left)
{
    struct writer writer = effects_room(effects);
    cr_assert_eq(writer.size, EFFECT_BYTES_MAX);
    write_zeros(&writer, EFFECT_BYTES_MAX - 3);
    (void)effects_take(effects, &writer);
    writer = effects_room(effects);
    cr_assert_eq(writer.size, 3);
}

Test(effect, stops_beyond_its_number, .signal = SIGABRT)
{
    for (uint32_t i = 0; i <= EFFECTS_MAX; i++) {
        (void)effects_add(effects, EFFECT_MARK);
    }
}

Test(effect, stops_when_a_writer_that_failed_is_taken, .signal = SIGABRT)
{
    struct writer writer = effects_room(effects);
    write_zeros(&writer, (size_t)EFFECT_BYTES_MAX + 1);
    (void)effects_take(effects, &writer);
}

Test(effect, stops_when_a_writer_of_before_is_taken, .signal = SIGABRT)
{
    struct writer old = effects_room(effects);
    struct writer writer = effects_room(effects);
    write_u8(&writer, 1);
    (void)effects_take(effects, &writer);
    (void)effects_take(effects, &old);
}

Test(effect, every_mark_has_a_word_of_its_own)
{
    for (enum mark a = 0; a < MARK_COUNT; a++) {
        cr_assert_gt(strlen(mark_word(a)), 0);
        for (enum mark b = 0; b < a; b++) {
            cr_assert_str_neq(mark_word(a), mark_word(b));
        }
    }
}
