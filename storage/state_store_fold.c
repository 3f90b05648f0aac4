/* state_store_fold.c: hashes of leaves and nodes, computed late: only when somebody asks, and only where something changed.
 *
 * F1 A dirty node's ancestors are dirty, so a walk that enters dirty children only finds all of them.
 * F2 Nothing waits for its hash when state_store_fold returns.
 *
 * The walk only puts nodes into lists, one for each level above the leaves: what lies on one level does not rest on each other and is hashed
 * side by side (hash_many). A walk by depth meets chains rather than levels, hence the lists. */
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

/* What `dirty` says of a node or leaf: nothing, that its hash is missing, or, within state_store_fold, how high above leaves and clean nodes it waits. */
enum { DIRTY = 1, SCHEDULED_0 = 2 };

static uint8_t *dirty_of(const struct state_store *store, uint32_t ref)
{
    return ref_is_leaf(ref) ? &pool_leaf(store, ref)->dirty : &pool_inner(store, ref)->dirty;
}

/* --- Hashing many at once ----------------------------------------------------------------------------------------- */

enum {
    FOLD_MAX = 256,                   /* nodes and leaves that wait for their hashes */
    GROUP = 16,                       /* of these, hashed in one call */
    LEAF_GROUP = 8,                   /* leaves, whose content is larger */
    LEVEL_MAX = UINT8_MAX - SCHEDULED_0, /* of a node above leaves and clean nodes: 1 */
    LEAF_BYTES_MAX = 2 + STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX,
    LEAF_CLASSES = LEAF_BYTES_MAX / 128 + 1, /* leaves of about the same length hash well together */
    LISTS = LEAF_CLASSES + LEVEL_MAX  /* a class of leaves each, then a level each, from 1 */
};

/* What waits, in lists: entry i of the list goes on with next[i], counted from one; zero ends it. */
struct fold {
    uint32_t count;
    uint32_t lists; /* that may hold something: those from here on are empty */
    uint32_t ref[FOLD_MAX];
    uint16_t next[FOLD_MAX];
    uint16_t first[LISTS];
};

/* The level of a node or leaf that is clean or waits. */
static uint32_t level_of(const struct state_store *store, uint32_t ref)
{
    uint8_t dirty = *dirty_of(store, ref);

    ASSERT(dirty != DIRTY);
    return dirty == 0 ? 0 : (uint32_t)dirty - SCHEDULED_0;
}

static void fold_schedule(struct fold *fold, struct state_store *store, uint32_t ref)
{
    uint32_t level = 0;
    uint32_t list;

    ASSERT(fold->count < FOLD_MAX);
    if (ref_is_leaf(ref)) {
        const struct leaf_head *leaf = pool_leaf(store, ref);
        list = (2u + leaf->key_bytes + leaf->value_bytes) / 128;
        ASSERT(list < LEAF_CLASSES);
        __builtin_prefetch((const char *)leaf + sizeof *leaf / 2);
        if (leaf->next != CELL_NONE) {
            __builtin_prefetch(&store->cells[leaf->next]);
            __builtin_prefetch((const char *)&store->cells[leaf->next] + sizeof(union cell) / 2);
        }
    } else {
        const struct inner *node = pool_inner(store, ref);
        uint32_t left = level_of(store, node->child[0]);
        uint32_t right = level_of(store, node->child[1]);
        level = 1 + (left > right ? left : right);
        ASSERT(level <= LEVEL_MAX);
        list = LEAF_CLASSES + level - 1;
    }
    *dirty_of(store, ref) = (uint8_t)(SCHEDULED_0 + level);
    for (; fold->lists <= list; fold->lists++) {
        fold->first[fold->lists] = 0;
    }
    fold->ref[fold->count] = ref;
    fold->next[fold->count] = fold->first[list];
    fold->count++;
    fold->first[list] = (uint16_t)fold->count;
}

/* Takes up to `max` references from a list. Gives: how many. */
static uint32_t fold_take(struct fold *fold, uint32_t list, uint32_t max, uint32_t *refs)
{
    uint32_t taken = 0;

    ASSERT(list < LISTS);
    while (taken < max && fold->first[list] != 0) {
        uint32_t i = fold->first[list] - 1u;
        refs[taken++] = fold->ref[i];
        fold->first[list] = fold->next[i];
    }
    return taken;
}

static void hash_leaves(struct state_store *store, const uint32_t *refs, uint32_t n)
{
    uint8_t content[LEAF_GROUP][LEAF_BYTES_MAX];
    struct bytes inputs[LEAF_GROUP] = { { NULL, 0 } };
    struct hash32 hashes[LEAF_GROUP];

    ASSERT(n >= 1);
    ASSERT(n <= LEAF_GROUP);
    for (uint32_t i = 0; i < n; i++) {
        const struct leaf_head *leaf = pool_leaf(store, refs[i]);
        struct bytes key = leaf_key(leaf);

        content[i][0] = 0; /* the length of the key, big-endian; no key is longer than 64 bytes */
        content[i][1] = leaf->key_bytes;
        memcpy(content[i] + 2, key.data, key.size);
        leaf_value(store, leaf, content[i] + 2 + key.size);
        inputs[i] = bytes_of(content[i], 2 + key.size + leaf->value_bytes);
    }
    hash_many(hashes, HASH_STATE_LEAF, inputs, n);
    for (uint32_t i = 0; i < n; i++) {
        struct leaf_head *leaf = pool_leaf(store, refs[i]);
        leaf->hash = hashes[i];
        leaf->dirty = 0;
    }
}

static void hash_inners(struct state_store *store, const uint32_t *refs, uint32_t n)
{
    uint8_t content[GROUP][2 + 2 * HASH_BYTES];
    struct bytes inputs[GROUP] = { { NULL, 0 } };
    struct hash32 hashes[GROUP];

    ASSERT(n >= 1);
    ASSERT(n <= GROUP);
    for (uint32_t i = 0; i < n; i++) {
        const struct inner *node = pool_inner(store, refs[i]);
        struct hash32 left = tree_hash(store, node->child[0]);
        struct hash32 right = tree_hash(store, node->child[1]);

        content[i][0] = (uint8_t)(node->bit >> 8);
        content[i][1] = (uint8_t)node->bit;
        memcpy(content[i] + 2, left.bytes, HASH_BYTES);
        memcpy(content[i] + 2 + HASH_BYTES, right.bytes, HASH_BYTES);
        inputs[i] = bytes_of(content[i], sizeof content[i]);
    }
    hash_many(hashes, HASH_STATE_NODE, inputs, n);
    for (uint32_t i = 0; i < n; i++) {
        struct inner *node = pool_inner(store, refs[i]);
        node->hash = hashes[i];
        node->dirty = 0;
    }
}

/* Hashes all that waits, each list after those it rests on. */
static void fold_flush(struct fold *fold, struct state_store *store)
{
    uint32_t refs[GROUP];
    uint32_t done = 0;

    ASSERT(fold->count <= FOLD_MAX);
    ASSERT(fold->lists <= LISTS);
    for (uint32_t list = 0; list < fold->lists; list++) {
        bool is_leaves = list < LEAF_CLASSES;
        uint32_t n;

        while ((n = fold_take(fold, list, is_leaves ? LEAF_GROUP : GROUP, refs)) > 0) {
            is_leaves ? hash_leaves(store, refs, n) : hash_inners(store, refs, n);
            done += n;
        }
    }
    ASSERT(done == fold->count);
    ASSERT(store->dirty_count >= done);
    store->dirty_count -= done;
    fold->count = 0;
    fold->lists = 0;
}

/* Fetches what will be asked of the children of a node: whether they are dirty, and the hash of one that is not. */
static void expect_children(const struct state_store *store, uint32_t ref)
{
    if (ref_is_leaf(ref)) {
        return;
    }
    const struct inner *node = pool_inner(store, ref);
    for (int side = 0; side < 2; side++) {
        const char *child = ref_is_leaf(node->child[side]) ? (const char *)pool_leaf(store, node->child[side]) : (const char *)pool_inner(store, node->child[side]);
        __builtin_prefetch(child);
        __builtin_prefetch(child + offsetof(struct inner, dirty));
    }
}

/* The child of a node that is dirty and does not wait yet; REF_NONE without one. Whoever enters the first of them will come to the other one later: what lies below both
 * is fetched side by side. */
static uint32_t unscheduled_child(const struct state_store *store, const struct inner *node)
{
    uint8_t left = *dirty_of(store, node->child[0]);

    if (left == DIRTY) {
        expect_children(store, node->child[0]);
        expect_children(store, node->child[1]);
        return node->child[0];
    }
    if (*dirty_of(store, node->child[1]) != DIRTY) {
        return REF_NONE;
    }
    if (left == 0) {
        expect_children(store, node->child[1]);
    }
    return node->child[1];
}

bool state_store_fold(struct state_store *store, uint32_t hashes_max)
{
    uint32_t stack[STATE_PROOF_DEPTH_MAX + 2];
    struct fold fold;
    uint32_t depth = 0;
    uint32_t hashes = 0;

    if (store->root == REF_NONE || *dirty_of(store, store->root) == 0) {
        ASSERT(store->dirty_count == 0);
        return true;
    }
    way_forget(store); /* its nodes are clean soon */
    fold.count = 0;
    fold.lists = 0;
    stack[depth++] = store->root;
    while (depth > 0 && hashes < hashes_max) { /* each round enters a dirty node or makes one wait */
        uint32_t ref = stack[depth - 1];
        uint32_t child = ref_is_leaf(ref) ? REF_NONE : unscheduled_child(store, pool_inner(store, ref));

        ASSERT(depth <= STATE_PROOF_DEPTH_MAX + 1);
        if (child != REF_NONE) {
            stack[depth++] = child;
            continue;
        }
        fold_schedule(&fold, store, ref);
        depth--;
        hashes++;
        if (fold.count == FOLD_MAX || fold.lists == LISTS) {
            fold_flush(&fold, store);
        }
    }
    fold_flush(&fold, store);
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
