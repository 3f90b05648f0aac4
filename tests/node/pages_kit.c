/* pages_kit.c: see pages_kit.h. */
#include "tests/node/pages_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t pages_of(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page;
}

struct arena pages_arena(size_t size)
{
    struct arena arena;
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    cr_assert_neq(pages, MAP_FAILED);
    (void)madvise(pages, size, MADV_NOHUGEPAGE); /* else one touch takes many */
    arena_init(&arena, pages, size);
    return arena;
}

size_t pages_touched(const struct arena *arena)
{
    size_t pages = pages_of(arena->size), count = 0;
    unsigned char *there = malloc(pages);

    cr_assert_not_null(there);
    cr_assert_eq(mincore(arena->data, arena->size, there), 0);
    for (size_t i = 0; i < pages; i++) {
        count += there[i] & 1;
    }
    free(there);
    return count;
}
