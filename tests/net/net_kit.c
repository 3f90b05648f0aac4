/* net_kit.c: see net_kit.h. */
#include "tests/net/net_kit.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* What was given out, so that a leak checker sees that it is meant to live on. */
static void *given[256];

void *kit_memory(size_t size)
{
    static size_t count;
    void *data = aligned_alloc(ARENA_ALIGN, size + ARENA_ALIGN - size % ARENA_ALIGN);

    cr_assert_not_null(data);
    cr_assert_lt(count, sizeof given / sizeof given[0]);
    given[count++] = data;
    memset(data, 0, size);
    return data;
}

struct loop *kit_loop(const struct loop_uring_config *config)
{
    struct loop_uring_problem problem;
    struct arena arena;

    arena_init_measure(&arena);
    cr_assert_null(loop_uring_take(&arena, config));
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    struct loop *loop = loop_uring_take(&arena, config);
    cr_assert_eq(arena.used, size);
    arena_seal(&arena);
    if (loop_uring_open(loop, &problem) != ERR_OK) {
        cr_skip_test("io_uring is not to be had here: %s: %s", problem.step, strerror(problem.number));
    }
    return loop;
}

static struct loop *posix_loop(const struct loop_uring_config *config)
{
    struct loop_posix_config posix = loop_posix_config_default();
    struct arena arena;

    memcpy(posix.buffer_bytes, config->buffer_bytes, sizeof posix.buffer_bytes);
    arena_init_measure(&arena);
    cr_assert_null(loop_posix_take(&arena, &posix));
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    struct loop *loop = loop_posix_take(&arena, &posix);
    cr_assert_eq(arena.used, size);
    arena_seal(&arena);
    cr_assert_eq(loop_posix_open(loop), ERR_OK);
    return loop;
}

struct loop *kit_loop_on(enum kit_backend backend, const struct loop_uring_config *config)
{
    return backend == KIT_URING ? kit_loop(config) : posix_loop(config);
}

bool kit_turns(struct loop *loop, const bool *done, unsigned turns_max)
{
    for (unsigned i = 0; i < turns_max && !*done; i++) {
        cr_assert_eq(loop_turn(loop, clock_mono_ns() + 100000000u), ERR_OK);
    }
    return *done;
}
