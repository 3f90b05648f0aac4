/* heap_test.c: what is taken from the heap is counted where the allocator tells, and never claimed where it does not. */
#include "node/heap.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

Test(heap, without_a_count_there_is_no_claim)
{
    uint64_t before = heap_taken_bytes();
    void *volatile block = malloc(100000);
    uint64_t after = heap_taken_bytes();

    free(block);
    if (before == UINT64_MAX) {
        cr_assert_eq(after, UINT64_MAX);
    } else {
        cr_assert_geq(after - before, 100000);
    }
}
