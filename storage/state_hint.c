/* state_hint.c: see state_hint.h. */
#include "storage/state_hint.h"

#include "base/assert.h"

enum { LINE_BITS_MIN = 4 };

_Static_assert(STATE_HINT_PLACES * sizeof(uint32_t) == ARENA_ALIGN, "a line is a line of the cache");

static uint32_t bits_of(uint32_t keys_max)
{
    uint32_t bits = LINE_BITS_MIN;

    ASSERT(keys_max >= 1);
    while ((UINT32_C(1) << bits) < STATE_HINT_LINES_MAX && (UINT32_C(1) << bits) < keys_max) {
        bits++;
    }
    return bits;
}

void state_hints_init(struct state_hints *hints, struct arena *arena, uint32_t keys_max)
{
    ASSERT(keys_max >= 1);
    hints->lines_bits = bits_of(keys_max);
    hints->places = arena_take(arena, (size_t)1 << hints->lines_bits, STATE_HINT_PLACES * sizeof *hints->places);
    ASSERT(hints->lines_bits < 32);
}

void state_hints_clear(struct state_hints *hints)
{
    ASSERT(hints->places != NULL);
    memset(hints->places, 0, ((size_t)1 << hints->lines_bits) * STATE_HINT_PLACES * sizeof *hints->places);
}
