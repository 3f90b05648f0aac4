/* heap.c: see heap.h.
 *
 * Invariants: H1 no node is earlier than its parent, (slot - 1) / 2. H2 nodes[i]->slot == i for every i < count. */
#include "base/heap.h"

#include "base/assert.h"

void heap_init(struct heap *heap, struct heap_node **nodes, uint32_t capacity)
{
    ASSERT(capacity < HEAP_OUTSIDE);
    *heap = (struct heap){ .nodes = nodes, .capacity = capacity };
}

void heap_node_init(struct heap_node *node)
{
    *node = (struct heap_node){ .deadline_ns = HEAP_NEVER, .slot = HEAP_OUTSIDE };
}

static void heap_place(struct heap *heap, struct heap_node *node, uint32_t slot)
{
    heap->nodes[slot] = node;
    node->slot = slot;
}

static void heap_sift_up(struct heap *heap, struct heap_node *node)
{
    uint32_t slot = node->slot;

    while (slot > 0) {
        uint32_t parent = (slot - 1) / 2;
        if (heap->nodes[parent]->deadline_ns <= node->deadline_ns) {
            break;
        }
        heap_place(heap, heap->nodes[parent], slot);
        slot = parent;
    }
    heap_place(heap, node, slot);
}

static void heap_sift_down(struct heap *heap, struct heap_node *node)
{
    uint32_t slot = node->slot;

    while (slot < heap->count / 2) { /* Slots from count / 2 on have no child. */
        uint32_t child = 2 * slot + 1;
        if (child + 1 < heap->count && heap->nodes[child + 1]->deadline_ns < heap->nodes[child]->deadline_ns) {
            child++;
        }
        if (node->deadline_ns <= heap->nodes[child]->deadline_ns) {
            break;
        }
        heap_place(heap, heap->nodes[child], slot);
        slot = child;
    }
    heap_place(heap, node, slot);
}

void heap_set(struct heap *heap, struct heap_node *node, uint64_t deadline_ns)
{
    if (deadline_ns == HEAP_NEVER) {
        heap_remove(heap, node);
        return;
    }
    if (node->slot == HEAP_OUTSIDE) {
        ASSERT(heap->count < heap->capacity);
        heap_place(heap, node, heap->count++);
    }
    ASSERT(heap->nodes[node->slot] == node);
    node->deadline_ns = deadline_ns;
    heap_sift_up(heap, node);
    heap_sift_down(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node->slot == HEAP_OUTSIDE) {
        return;
    }
    ASSERT(node->slot < heap->count);
    ASSERT(heap->nodes[node->slot] == node);
    struct heap_node *last = heap->nodes[--heap->count];
    if (last != node) {
        heap_place(heap, last, node->slot);
        heap_sift_up(heap, last);
        heap_sift_down(heap, last);
    }
    heap_node_init(node);
}

uint64_t heap_deadline_ns(const struct heap *heap)
{
    return heap->count == 0 ? HEAP_NEVER : heap->nodes[0]->deadline_ns;
}

struct heap_node *heap_pop_due(struct heap *heap, uint64_t now_ns)
{
    if (heap->count == 0 || heap->nodes[0]->deadline_ns > now_ns) {
        return NULL;
    }
    struct heap_node *node = heap->nodes[0];
    heap_remove(heap, node);
    return node;
}

bool heap_is_waiting(const struct heap_node *node) { return node->slot != HEAP_OUTSIDE; }

void heap_check(const struct heap *heap)
{
    ASSERT(heap->count <= heap->capacity);
    for (uint32_t slot = 0; slot < heap->count; slot++) {
        ASSERT(heap->nodes[slot]->slot == slot);
        ASSERT(heap->nodes[(slot == 0 ? 0 : slot - 1) / 2]->deadline_ns <= heap->nodes[slot]->deadline_ns);
    }
}
