/* heap.h: a binary heap of deadlines whose entries live inside the things that wait.
 *
 * Setting, moving and removing cost O(log n) and take no memory. Equal deadlines leave in an order that depends only on the sequence
 * of calls, so a replay gives the same order. Pure. */
#ifndef WARD_BASE_HEAP_H
#define WARD_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_NEVER UINT64_MAX  /* the deadline of what does not wait */
#define HEAP_OUTSIDE UINT32_MAX

/* What waits embeds one. Zero is not a legal content: heap_node_init first. */
struct heap_node {
    uint64_t deadline_ns; /* of the caller's clock; HEAP_NEVER while outside */
    uint32_t slot;        /* index in the heap, or HEAP_OUTSIDE */
};

struct heap {
    struct heap_node **nodes; /* nodes[0] is the earliest */
    uint32_t count;           /* <= capacity */
    uint32_t capacity;        /* nodes that can wait at once */
};

/* heap_init makes an empty heap. Owns: `nodes`, an array of `capacity` pointers, stays the caller's and must outlive the heap. */
void heap_init(struct heap *heap, struct heap_node **nodes, uint32_t capacity);

/* heap_node_init puts a node outside every heap. */
void heap_node_init(struct heap_node *node);

/* heap_set makes the node wait until `deadline_ns`; one that waits already moves. HEAP_NEVER removes it.
 * Needs: room, when the node was outside. Owns: the node must stay where it is while it waits. */
void heap_set(struct heap *heap, struct heap_node *node, uint64_t deadline_ns);

/* heap_remove stops the wait of a node; nothing happens to one that is outside. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* heap_deadline_ns gives the earliest deadline, HEAP_NEVER when nothing waits. */
uint64_t heap_deadline_ns(const struct heap *heap);

/* heap_pop_due removes and gives the earliest node whose deadline is <= now_ns; NULL when there is none. */
struct heap_node *heap_pop_due(struct heap *heap, uint64_t now_ns);

bool heap_is_waiting(const struct heap_node *node);

/* heap_check stops the process when the order or a back reference is broken. Cost: O(n). */
void heap_check(const struct heap *heap);

#endif
