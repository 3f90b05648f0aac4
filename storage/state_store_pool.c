/* state_store_pool.c: where nodes and leaves live. Two arrays with free lists; a queue of what only pins still see.
 *
 * M1 Nodes beyond inners_used and cells beyond cells_used were never touched: an empty store costs no resident memory.
 * M2 A shared node is never changed and never on a free list.
 * M3 Whatever no pin sees any more is freed a little at a time, and as much as it takes before a pool is called empty; so without a pin the newest state
 *    alone fills the pools, and it is within the limits. */
#include "storage/state_store_priv.h"

#include "base/assert.h"

#include <string.h>

uint32_t state_cells(size_t key_bytes, size_t value_bytes)
{
    size_t size = key_bytes + value_bytes;

    ASSERT(key_bytes <= STATE_KEY_BYTES_MAX);
    ASSERT(value_bytes <= STATE_VALUE_BYTES_MAX);
    return size <= HEAD_DATA_BYTES ? 1 : 1 + (uint32_t)((size - HEAD_DATA_BYTES + TAIL_DATA_BYTES - 1) / TAIL_DATA_BYTES);
}

enum { RELEASE_PER_GIVE = 4, RELEASE_AT_ONCE = 4096 }; /* the latter: a fraction of a millisecond */

static void free_inner(struct state_store *store, uint32_t ref)
{
    ASSERT(pool_inner(store, ref)->dirty == 0 || !pool_is_shared(store, pool_inner(store, ref)->generation)); /* M2 */
    pool_inner(store, ref)->child[0] = store->inners_free;
    store->inners_free = ref;
}

static void give_cell(struct state_store *store, uint32_t cell)
{
    ASSERT(cell < store->cells_used);
    store->cells[cell].head.next = store->cells_free;
    store->cells_free = cell;
    store->cells_free_count++;
}

static void free_leaf(struct state_store *store, uint32_t ref)
{
    uint32_t next = pool_leaf(store, ref)->next;
    uint32_t cells_max = state_cells(STATE_KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX);

    give_cell(store, ref & ~REF_LEAF);
    for (uint32_t i = 0; next != CELL_NONE && i < cells_max; i++) {
        uint32_t cell = next;
        next = store->cells[cell].tail.next;
        give_cell(store, cell);
    }
    ASSERT(next == CELL_NONE);
}

static void free_ref(struct state_store *store, uint32_t ref)
{
    if (ref_is_leaf(ref)) {
        free_leaf(store, ref);
    } else {
        free_inner(store, ref);
    }
}

/* The oldest generation that a pin sees, UINT32_MAX without a pin. */
static uint32_t oldest_pinned(const struct state_store *store)
{
    uint32_t oldest = UINT32_MAX;

    for (uint32_t i = 0; i < STATE_PINS_MAX; i++) {
        if (store->pins[i].active && store->pins[i].generation < oldest) {
            oldest = store->pins[i].generation;
        }
    }
    return oldest;
}

/* release_some frees up to `count` nodes that no pin sees any more. Gives: false when there is none. */
static bool release_some(struct state_store *store, uint32_t count)
{
    uint32_t freed = 0;

    while (freed < count && store->retired_count > 0 && store->retired[store->retired_first].generation <= store->oldest) {
        free_ref(store, store->retired[store->retired_first].ref);
        store->retired_first = (store->retired_first + 1) % store->retired_max;
        store->retired_count--;
        freed++;
    }
    ASSERT(freed <= count);
    ASSERT(store->retired_first < store->retired_max);
    return freed > 0;
}

void pool_release(struct state_store *store)
{
    store->oldest = oldest_pinned(store);
    store->pinned = 0;
    for (uint32_t i = 0; i < STATE_PINS_MAX; i++) {
        if (store->pins[i].active && store->pins[i].generation > store->pinned) {
            store->pinned = store->pins[i].generation;
        }
    }
    ASSERT(store->pinned < store->generation);
    ASSERT(store->pinned == 0 || store->oldest <= store->pinned);
    (void)release_some(store, RELEASE_AT_ONCE);
}

/* Makes room in a pool: what nobody sees goes first; else the oldest pin gives way. Needs: one of the two. */
static void make_room(struct state_store *store)
{
    uint32_t oldest = oldest_pinned(store);

    if (release_some(store, RELEASE_AT_ONCE)) {
        return;
    }
    ASSERT(oldest != UINT32_MAX);
    for (uint32_t i = 0; i < STATE_PINS_MAX; i++) {
        if (store->pins[i].active && store->pins[i].generation == oldest) {
            store->pins[i].active = false;
        }
    }
    pool_release(store);
}

static void mark_dirty(struct state_store *store, uint8_t *dirty)
{
    store->dirty_count += *dirty == 0 ? 1 : 0;
    *dirty = 1;
}

uint32_t pool_take_inner(struct state_store *store)
{
    while (store->inners_free == REF_NONE && store->inners_used == store->inners_total) { /* each turn frees something */
        make_room(store);
    }
    uint32_t ref = store->inners_free;
    if (ref != REF_NONE) {
        store->inners_free = pool_inner(store, ref)->child[0];
    } else {
        ASSERT(store->inners_used < store->inners_total);
        ref = store->inners_used++;
    }
    struct inner *node = &store->inners[ref];
    *node = (struct inner){ .generation = store->generation };
    mark_dirty(store, &node->dirty);
    return ref;
}

static uint32_t take_cell(struct state_store *store)
{
    uint32_t cell = store->cells_free;

    if (cell != CELL_NONE) {
        ASSERT(store->cells_free_count >= 1);
        store->cells_free = store->cells[cell].head.next;
        store->cells_free_count--;
        return cell;
    }
    ASSERT(store->cells_used < store->cells_total);
    return store->cells_used++;
}

/* Gives a leaf as many cells behind its head as a value of that size needs. What they hold is to be written anew. */
static void fit_cells(struct state_store *store, struct leaf_head *head, size_t value_bytes)
{
    uint32_t has = state_cells(head->key_bytes, head->value_bytes);
    uint32_t needs = state_cells(head->key_bytes, value_bytes);

    while (has + store->cells_free_count + (store->cells_total - store->cells_used) < needs) { /* each turn frees something */
        make_room(store);
    }
    for (; has < needs; has++) {
        uint32_t cell = take_cell(store);
        store->cells[cell].tail.next = head->next;
        head->next = cell;
    }
    for (; has > needs; has--) {
        uint32_t cell = head->next;
        ASSERT(cell != CELL_NONE);
        head->next = store->cells[cell].tail.next;
        give_cell(store, cell);
    }
}

/* Writes the value behind the key, through all cells of the leaf, which has as many as it needs. */
static void write_value(struct state_store *store, struct leaf_head *head, struct bytes value)
{
    size_t room = HEAD_DATA_BYTES - (size_t)head->key_bytes;
    size_t done = value.size < room ? value.size : room;
    uint32_t next = head->next;

    if (done > 0) {
        memcpy(head->data + head->key_bytes, value.data, done);
    }
    while (done < value.size) {
        size_t part = value.size - done < TAIL_DATA_BYTES ? value.size - done : TAIL_DATA_BYTES;
        ASSERT(next != CELL_NONE);
        memcpy(store->cells[next].tail.data, value.data + done, part);
        done += part;
        next = store->cells[next].tail.next;
    }
    ASSERT(next == CELL_NONE);
    head->value_bytes = (uint16_t)value.size;
}

uint32_t pool_take_leaf(struct state_store *store, struct bytes key, struct bytes value)
{
    uint32_t cells = state_cells(key.size, value.size);

    ASSERT(key.size >= 1);
    ASSERT(cells >= 1);
    while (store->cells_free_count + (store->cells_total - store->cells_used) < cells) { /* each turn frees something */
        make_room(store);
    }
    uint32_t next = CELL_NONE;
    for (uint32_t i = 1; i < cells; i++) {
        uint32_t cell = take_cell(store);
        store->cells[cell].tail.next = next;
        next = cell;
    }
    uint32_t ref = take_cell(store);
    struct leaf_head *head = &store->cells[ref].head;
    *head = (struct leaf_head){ .next = next, .generation = store->generation, .key_bytes = (uint8_t)key.size };
    memcpy(head->data, key.data, key.size);
    write_value(store, head, value);
    mark_dirty(store, &head->dirty);
    return ref | REF_LEAF;
}

void pool_rewrite(struct state_store *store, uint32_t ref, struct bytes value)
{
    struct leaf_head *head = pool_leaf(store, ref);

    ASSERT(!pool_is_shared(store, head->generation));
    ASSERT(head->value_bytes <= STATE_VALUE_BYTES_MAX);
    fit_cells(store, head, value.size);
    write_value(store, head, value);
    mark_dirty(store, &head->dirty);
}

/* Needs: the value is that long. */
void pool_complete(struct state_store *store, uint32_t ref, size_t offset, struct bytes bytes)
{
    struct leaf_head *head = pool_leaf(store, ref);
    uint8_t *at = head->data + head->key_bytes;
    size_t room = HEAD_DATA_BYTES - (size_t)head->key_bytes;
    uint32_t next = head->next;

    ASSERT(offset + bytes.size <= head->value_bytes);
    while (bytes.size > 0) { /* each round ends with a cell or the bytes */
        size_t part = offset >= room ? 0 : room - offset < bytes.size ? room - offset : bytes.size;
        if (part > 0) {
            memcpy(at + offset, bytes.data, part);
            bytes = bytes_of(bytes.data + part, bytes.size - part);
            offset += part;
        }
        if (bytes.size > 0) {
            ASSERT(next != CELL_NONE);
            offset -= room;
            at = store->cells[next].tail.data;
            room = TAIL_DATA_BYTES;
            next = store->cells[next].tail.next;
        }
    }
}

void pool_give(struct state_store *store, uint32_t ref)
{
    uint8_t *dirty = ref_is_leaf(ref) ? &pool_leaf(store, ref)->dirty : &pool_inner(store, ref)->dirty;
    uint32_t generation = ref_is_leaf(ref) ? pool_leaf(store, ref)->generation : pool_inner(store, ref)->generation;

    (void)release_some(store, RELEASE_PER_GIVE);
    while (store->retired_count == store->retired_max) { /* each turn frees something */
        make_room(store);
    }
    if (pool_is_shared(store, generation)) {
        ASSERT(*dirty == 0); /* pinning folds */
        ASSERT(store->retired_count < store->retired_max);
        uint32_t last = (store->retired_first + store->retired_count) % store->retired_max;
        store->retired[last] = (struct retired){ .ref = ref, .generation = store->generation };
        store->retired_count++;
        return;
    }
    ASSERT(store->dirty_count >= *dirty);
    store->dirty_count -= *dirty;
    *dirty = 0;
    free_ref(store, ref);
}

struct inner *pool_own(struct state_store *store, uint32_t *link)
{
    struct inner *node = pool_inner(store, *link);

    if (pool_is_shared(store, node->generation)) {
        uint32_t old = *link;
        uint32_t copy = pool_take_inner(store);
        struct inner *to = pool_inner(store, copy);
        to->bit = node->bit;
        to->child[0] = node->child[0];
        to->child[1] = node->child[1];
        *link = copy;
        pool_give(store, old);
        return to;
    }
    mark_dirty(store, &node->dirty);
    return node;
}
