/* state_store_check.c: what holds of the state store between two calls: of its counts, of its pins, and of every node of the newest tree. */
#include "storage/state_store_priv.h"

#include "base/assert.h"

static void check_pins(const struct state_store *store)
{
    uint32_t youngest = 0, oldest = UINT32_MAX;

    for (uint32_t i = 0; i < STATE_PINS_MAX; i++) {
        const struct pin *pin = &store->pins[i];
        if (pin->active) {
            ASSERT(pin->generation < store->generation); /* pinning ends a generation */
            youngest = pin->generation > youngest ? pin->generation : youngest;
            oldest = pin->generation < oldest ? pin->generation : oldest;
        }
    }
    ASSERT(store->pinned == youngest);
    ASSERT(store->oldest == oldest);
}

void state_store_check(const struct state_store *store)
{
    ASSERT((store->root == REF_NONE) == (store->keys_count == 0));
    ASSERT(store->keys_count <= store->limits.keys_max);
    ASSERT(store->cells_count >= store->keys_count); /* a leaf has a head */
    ASSERT(store->cells_count <= store->limits.cells_max + STATE_EXTRA_CELLS);
    ASSERT(store->inners_used <= store->inners_total); /* M1 */
    ASSERT(store->cells_used <= store->cells_total);   /* M1 */
    ASSERT(store->cells_free_count <= store->cells_used);
    ASSERT((store->cells_free == CELL_NONE) == (store->cells_free_count == 0));
    ASSERT(store->cells_used - store->cells_free_count >= store->cells_count); /* M3 */
    ASSERT(store->inners_free == REF_NONE || store->inners_free < store->inners_used);
    ASSERT(store->retired_count <= store->retired_max);
    ASSERT(store->retired_first < store->retired_max);
    ASSERT(store->journal_used <= store->limits.journal_bytes);
    check_pins(store);
}

/* A walk in depth-first order. What waits is the other child of each node on the way, of which no way has more than a key has bits. */
struct walk {
    const struct state_store *store;
    struct { uint32_t ref, bit; bool dirty; } waiting[STATE_PROOF_DEPTH_MAX + 1]; /* with the bit of the node above, and whether that is dirty */
    uint32_t count;
    uint32_t keys, inners, cells, dirty;
};

static void walk_push(struct walk *walk, uint32_t ref, uint32_t bit, bool dirty)
{
    ASSERT(ref != REF_NONE); /* M1 */
    ASSERT(walk->count <= STATE_PROOF_DEPTH_MAX);
    walk->waiting[walk->count].ref = ref;
    walk->waiting[walk->count].bit = bit;
    walk->waiting[walk->count++].dirty = dirty;
}

static void walk_leaf(struct walk *walk, uint32_t ref, bool dirty_above)
{
    const struct leaf_head *leaf = pool_leaf(walk->store, ref);

    ASSERT(leaf->key_bytes >= 1);
    ASSERT(leaf->key_bytes <= STATE_KEY_BYTES_MAX);
    ASSERT(leaf->dirty == 0 || dirty_above); /* M4 */
    ASSERT(leaf->dirty == 0 || !pool_is_shared(walk->store, leaf->generation)); /* M4 */
    ASSERT(tree_descend(walk->store, walk->store->root, leaf_key(leaf)) == ref); /* M2: a search for it ends here */
    walk->keys++;
    walk->cells += state_cells(leaf->key_bytes, leaf->value_bytes);
    walk->dirty += leaf->dirty;
}

static void walk_inner(struct walk *walk, uint32_t ref, uint32_t bit_above, bool dirty_above)
{
    const struct inner *node = pool_inner(walk->store, ref);

    ASSERT(bit_above == BIT_NONE || node->bit > bit_above); /* M1 */
    ASSERT(node->bit < STATE_PROOF_DEPTH_MAX);
    ASSERT(node->dirty == 0 || dirty_above); /* M4 */
    ASSERT(node->dirty == 0 || !pool_is_shared(walk->store, node->generation)); /* M4 */
    walk->inners++;
    walk->dirty += node->dirty;
    walk_push(walk, node->child[0], node->bit, node->dirty != 0);
    walk_push(walk, node->child[1], node->bit, node->dirty != 0);
}

/* W1: whoever walks down to the way's key meets every node of the way, and each is dirty. */
static void check_way(const struct state_store *store)
{
    const struct way *way = &store->way;
    uint32_t ref = store->root, met = 0;

    ASSERT(way->count <= WAY_NODES_MAX);
    ASSERT(way->count == 0 || store->keys_count > way->count);
    for (; way->count > 0 && !ref_is_leaf(ref); ref = pool_inner(store, ref)->child[key_bit(way->key, way->key_bytes, pool_inner(store, ref)->bit)]) {
        if (met < way->count && ref == way->node[met]) {
            ASSERT(pool_inner(store, ref)->dirty != 0);
            met++;
        }
    }
    ASSERT(met == way->count);
}

void state_store_check_tree(const struct state_store *store)
{
    struct walk walk = { .store = store };

    state_store_check(store);
    check_way(store);
    if (store->root == REF_NONE) {
        return;
    }
    walk_push(&walk, store->root, BIT_NONE, true);
    while (walk.count > 0) { /* each turn takes one of keys_count leaves or keys_count - 1 nodes */
        walk.count--;
        uint32_t ref = walk.waiting[walk.count].ref, bit = walk.waiting[walk.count].bit;
        bool dirty = walk.waiting[walk.count].dirty;
        ASSERT(walk.keys + walk.inners < 2 * store->keys_count); /* M3 */
        if (ref_is_leaf(ref)) {
            walk_leaf(&walk, ref, dirty);
        } else {
            walk_inner(&walk, ref, bit, dirty);
        }
    }
    ASSERT(walk.keys == store->keys_count);
    ASSERT(walk.inners + 1 == store->keys_count); /* M3 */
    ASSERT(walk.cells == store->cells_count);
    ASSERT(walk.dirty == store->dirty_count);
}
