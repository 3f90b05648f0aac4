/* state_store_way.c: the way down to the leaf that was inserted last, so that its neighbours are put without walking down from the root.
 *
 * The items of a command follow each other in the tree: their keys differ in the last bits.
 *
 *     root --> 3 --> 11 --> 170 --> 181 --> 187 --> last key           numbers: the bit of a node; the way holds these nodes
 *                             |
 *                             +--> a key that differs from the last one in bit 175 comes in here, unless a node of bit 175 stands there
 *
 * W1 Every node of the way is dirty (so it is changeable, M4), in the newest tree, above the leaf of the way's key, bits ascending.
 * W2 Between two nodes of the way others may have come in since. They are met when the way is walked on.
 *
 * All that lies below a place of the tree agrees with the way's key in every bit before that place's, so what differs from that key in an earlier bit differs from all of them.
 * Forgotten at each fold (W1: then nodes are clean), at each removal and when the store is cleared. */
#include "storage/state_store_priv.h"

#include "base/assert.h"

#include <string.h>

/* The nodes of the way whose bit is below `bit`; bits ascend (W1). */
static uint32_t nodes_below(const struct state_store *store, uint32_t bit)
{
    uint32_t low = 0, high = store->way.count;

    while (low < high) { /* at most seven rounds */
        uint32_t middle = (low + high) / 2;
        if (pool_inner(store, store->way.node[middle])->bit < bit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool way_begins(struct state_store *store, struct bytes key, uint32_t *bit)
{
    struct way *way = &store->way;
    uint32_t differs = way->count == 0 ? BIT_NONE : key_differ(bytes_of(way->key, way->key_bytes), key);
    uint32_t shared = differs == BIT_NONE ? 0 : nodes_below(store, differs);

    if (shared == 0) {
        way_forget(store);
        return false;
    }
    const struct inner *node = pool_inner(store, way->node[shared - 1]);
    uint32_t ref = node->child[key_bit(key.data, key.size, node->bit)];
    while (!ref_is_leaf(ref) && pool_inner(store, ref)->bit < differs) { /* W2 */
        node = pool_inner(store, ref);
        ref = node->child[key_bit(key.data, key.size, node->bit)];
    }
    if (!ref_is_leaf(ref) && pool_inner(store, ref)->bit == differs) { /* the key belongs to its other side, about which the way knows nothing */
        way_forget(store);
        return false;
    }
    ASSERT(pool_inner(store, way->node[shared - 1])->dirty != 0); /* W1 */
    way->count = shared;
    *bit = differs;
    return true;
}

void way_ends(struct state_store *store, struct bytes key)
{
    struct way *way = &store->way;

    ASSERT(key.size <= STATE_KEY_BYTES_MAX);
    way->key_bytes = (uint8_t)key.size;
    memcpy(way->key, key.data, key.size);
}
