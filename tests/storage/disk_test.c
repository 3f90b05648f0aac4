#include "storage/disk.h"
#include "storage/format.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(disk, buffers_are_aligned_wherever_the_arena_stands_and_measured_alike)
{
    for (size_t skew = 0; skew < 5; skew++) {
        struct arena measure;
        struct arena arena;
        arena_init_measure(&measure);
        (void)arena_take(&measure, skew, 1000);
        cr_assert_null(disk_buffer_take(&measure, 3));
        uint8_t *memory = aligned_alloc(ARENA_ALIGN, measure.used);
        arena_init(&arena, memory, measure.used);
        (void)arena_take(&arena, skew, 1000);
        uint8_t *buffer = disk_buffer_take(&arena, 3);
        cr_assert_eq((uintptr_t)buffer % DISK_BLOCK, 0);
        cr_assert_geq(buffer, memory);
        cr_assert_leq(buffer + 3 * DISK_BLOCK, memory + measure.used);
        cr_assert_eq(arena.used, measure.used);
        free(memory);
    }
}
