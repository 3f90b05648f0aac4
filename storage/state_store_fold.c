/* state_store_fold.c: hashes of leaves and nodes, computed late: only when somebody asks, and only where something changed.
 *
 * F1 A dirty node's ancestors are dirty, so a walk that enters dirty children only finds all of them. */
#include "storage/state_store_priv.h"

#include "base/assert.h"

#include <string.h>

struct hash32 node_hash(uint32_t bit, const struct hash32 *left, const struct hash32 *right)
{
    struct hasher hasher;

    hash_init(&hasher, HASH_STATE_NODE);
    hash_update_u16(&hasher, (uint16_t)bit);
    hash_update(&hasher, left->bytes, HASH_BYTES);
    hash_update(&hasher, right->bytes, HASH_BYTES);
    return hash_final(&hasher);
}

struct hash32 pair_hash(struct bytes key, struct bytes value)
{
    struct hasher hasher;

    hash_init(&hasher, HASH_STATE_LEAF);
    hash_update_u16(&hasher, (uint16_t)key.size);
    hash_update(&hasher, key.data, key.size);
    hash_update(&hasher, value.data, value.size);
    return hash_final(&hasher);
}

struct hash32 tree_hash(const struct state_store *store, uint32_t ref)
{
    if (ref == REF_NONE) {
        return (struct hash32){ { 0 } };
    }
    if (ref_is_leaf(ref)) {
        ASSERT(pool_leaf(store, ref)->dirty == 0);
        return pool_leaf(store, ref)->hash;
    }
    ASSERT(pool_inner(store, ref)->dirty == 0);
    return pool_inner(store, ref)->hash;
}

static bool is_dirty(const struct state_store *store, uint32_t ref)
{
    return ref_is_leaf(ref) ? pool_leaf(store, ref)->dirty != 0 : pool_inner(store, ref)->dirty != 0;
}

static void fold_leaf(struct state_store *store, uint32_t ref)
{
    struct leaf_head *leaf = pool_leaf(store, ref);
    uint8_t value[STATE_VALUE_BYTES_MAX];

    leaf_value(store, leaf, value);
    leaf->hash = pair_hash(leaf_key(leaf), bytes_of(value, leaf->value_bytes));
    leaf->dirty = 0;
}

static void fold_inner(struct state_store *store, uint32_t ref)
{
    struct inner *node = pool_inner(store, ref);
    struct hash32 left = tree_hash(store, node->child[0]);
    struct hash32 right = tree_hash(store, node->child[1]);

    node->hash = node_hash(node->bit, &left, &right);
    node->dirty = 0;
}

bool state_store_fold(struct state_store *store, uint32_t hashes_max)
{
    uint32_t stack[STATE_PROOF_DEPTH_MAX + 2];
    uint32_t depth = 0;
    uint32_t hashes = 0;

    if (store->root == REF_NONE || !is_dirty(store, store->root)) {
        ASSERT(store->dirty_count == 0);
        return true;
    }
    stack[depth++] = store->root;
    while (depth > 0 && hashes < hashes_max) { /* each round enters a dirty node or makes one clean */
        uint32_t ref = stack[depth - 1];
        ASSERT(depth <= STATE_PROOF_DEPTH_MAX + 1);
        if (ref_is_leaf(ref)) {
            fold_leaf(store, ref);
        } else if (is_dirty(store, pool_inner(store, ref)->child[0])) {
            stack[depth++] = pool_inner(store, ref)->child[0];
            continue;
        } else if (is_dirty(store, pool_inner(store, ref)->child[1])) {
            stack[depth++] = pool_inner(store, ref)->child[1];
            continue;
        } else {
            fold_inner(store, ref);
        }
        depth--;
        hashes++;
        ASSERT(store->dirty_count > 0);
        store->dirty_count--;
    }
    ASSERT(depth > 0 || store->dirty_count == 0);
    return depth == 0;
}

uint32_t state_store_dirty(const struct state_store *store)
{
    return store->dirty_count;
}

struct hash32 state_store_root(struct state_store *store)
{
    bool done = state_store_fold(store, UINT32_MAX);

    ASSERT(done);
    return tree_hash(store, store->root);
}
