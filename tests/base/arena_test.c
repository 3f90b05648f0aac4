/* arena_test.c: the measuring pass and the taking pass agree, and a sealed arena gives nothing. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

static void take_some(struct arena *arena, void *blocks[3])
{
    blocks[0] = arena_take(arena, 1, 1);
    blocks[1] = arena_take(arena, 3, 50);
    blocks[2] = arena_take(arena, 0, 8);
}

Test(arena, measures_exactly_what_is_taken_later)
{
    struct arena arena;
    void *blocks[3];

    arena_init_measure(&arena);
    take_some(&arena, blocks);
    cr_assert_null(blocks[0]);
    size_t size = arena.used;
    void *data = aligned_alloc(ARENA_ALIGN, size);
    arena_init(&arena, data, size);
    take_some(&arena, blocks);
    cr_assert_eq(arena.used, size);
    cr_assert_eq((uintptr_t)blocks[1] % ARENA_ALIGN, 0);
    free(data);
}

Test(arena, gives_nothing_after_the_seal, .signal = SIGABRT)
{
    struct arena arena;

    arena_init_measure(&arena);
    arena_seal(&arena);
    (void)arena_take(&arena, 1, 1);
}
