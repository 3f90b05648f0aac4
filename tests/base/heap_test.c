/* heap_test.c: deadlines leave in order, whatever was set, moved and removed before. */
#include "base/heap.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <signal.h>

#define NODES 200u

static struct heap_node *slots[NODES];
static struct heap_node nodes[NODES];
static struct heap heap;

static void fresh(void)
{
    heap_init(&heap, slots, NODES);
    for (uint32_t i = 0; i < NODES; i++) {
        heap_node_init(&nodes[i]);
    }
}

Test(heap, is_never_due_when_empty)
{
    fresh();
    cr_assert_eq(heap_deadline_ns(&heap), HEAP_NEVER);
    cr_assert_null(heap_pop_due(&heap, UINT64_MAX));
}

Test(heap, pops_at_the_deadline_and_not_before)
{
    fresh();
    heap_set(&heap, &nodes[0], 100);
    cr_assert_null(heap_pop_due(&heap, 99));
    cr_assert_eq(heap_pop_due(&heap, 100), &nodes[0]);
    cr_assert_not(heap_is_waiting(&nodes[0]));
}

Test(heap, never_means_outside)
{
    fresh();
    heap_set(&heap, &nodes[0], 5);
    heap_set(&heap, &nodes[0], HEAP_NEVER);
    heap_remove(&heap, &nodes[0]);
    cr_assert_eq(heap.count, 0);
    cr_assert_not(heap_is_waiting(&nodes[0]));
}

Test(heap, agrees_with_a_linear_search_under_random_changes)
{
    struct rng rng;

    fresh();
    rng_init(&rng, 7);
    for (unsigned step = 0; step < 20000; step++) {
        struct heap_node *node = &nodes[rng_below(&rng, NODES)];
        uint64_t earliest = HEAP_NEVER;
        if (rng_below(&rng, 4) == 0) {
            heap_remove(&heap, node);
        } else {
            heap_set(&heap, node, rng_below(&rng, 1000));
        }
        for (uint32_t i = 0; i < NODES; i++) {
            earliest = nodes[i].deadline_ns < earliest ? nodes[i].deadline_ns : earliest;
        }
        cr_assert_eq(heap_deadline_ns(&heap), earliest);
        heap_check(&heap);
    }
    uint64_t last = 0;
    for (uint32_t left = heap.count; left > 0; left--) {
        uint64_t next = heap_deadline_ns(&heap);
        cr_assert_geq(next, last);
        cr_assert_not_null(heap_pop_due(&heap, next));
        last = next;
    }
    cr_assert_eq(heap.count, 0);
}

Test(heap, stops_the_process_when_it_overflows, .signal = SIGABRT)
{
    fresh();
    heap.capacity = 1;
    heap_set(&heap, &nodes[0], 1);
    heap_set(&heap, &nodes[1], 2);
}
