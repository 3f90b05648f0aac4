/* heap_test.c: memory that anybody asks for is counted, and a server that asks for some while it runs is seen. */
#include "sim/world/heap.h"

#include "sim/oracle/effort.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>

Test(heap, counts_each_way_to_ask_for_memory)
{
    uint64_t before = heap_calls();
    void *memory[4] = { malloc(8), calloc(2, 8), aligned_alloc(64, 64), mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };

    memory[0] = realloc(memory[0], 16);
    cr_assert_eq(heap_calls() - before, 5);
    heap_disregard();
    cr_assert_eq(heap_calls() - before, 4, "the simulator's own is taken out");
    cr_assert_eq(munmap(memory[3], 4096), 0);
    for (int i = 0; i < 3; i++) {
        free(memory[i]);
    }
}

Test(heap, is_on_the_account_of_a_server_while_it_runs_and_not_else)
{
    struct effort effort = { 0 };

    effort_run(&effort);
    free(malloc(8));
    effort_pause(&effort);
    free(malloc(8));
    cr_assert_eq(effort.heap, 1);
    effort_run(&effort);
    effort_pause(&effort);
    effort_pause(&effort);
    cr_assert_eq(effort.heap, 1);
}
