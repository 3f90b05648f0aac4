/* state_store_priv.h: the memory of the state store: nodes, leaves in chained cells, free lists, the queue of what a pin still sees.
 *
 *   ref     31 bits of index, highest bit set for a leaf; REF_NONE for nothing
 *   inner   48 bytes: hash, two children, generation, bit
 *   leaf    one head cell and as many further cells of 128 bytes as key and value need
 *
 * A node belongs to the generation in which it was made; pinning ends a generation. A node is *shared* when some pin can see it, which is
 * when its generation is not younger than the youngest pin's. Shared nodes are never changed: they are copied, and the original waits in
 * the queue of retired nodes until the pins that can see it are gone. */
#ifndef WARD_STORAGE_STATE_STORE_PRIV_H
#define WARD_STORAGE_STATE_STORE_PRIV_H

#include "storage/state_store.h"

#include "base/assert.h"
#include "storage/state_hint.h"

#define REF_NONE UINT32_MAX
#define REF_LEAF 0x80000000u
#define CELL_NONE UINT32_MAX
#define BIT_NONE UINT32_MAX

enum { HEAD_DATA_BYTES = 84, TAIL_DATA_BYTES = 124 };

struct inner {
    struct hash32 hash; /* meaningful unless dirty */
    uint32_t child[2];  /* free: child[0] is the next free node */
    uint32_t generation;
    uint16_t bit;
    uint8_t dirty;
    uint8_t unused;
};

struct leaf_head {
    struct hash32 hash;
    uint32_t next; /* CELL_NONE: the leaf ends here; free: the next free cell */
    uint32_t generation;
    uint16_t value_bytes;
    uint8_t key_bytes;
    uint8_t dirty;
    uint8_t data[HEAD_DATA_BYTES]; /* the key, then the value's beginning */
};

struct leaf_tail {
    uint32_t next;
    uint8_t data[TAIL_DATA_BYTES];
};

union cell {
    struct leaf_head head;
    struct leaf_tail tail;
};

_Static_assert(sizeof(struct inner) == 48, "a node is 48 bytes");
_Static_assert(sizeof(union cell) == STATE_CELL_BYTES, "a cell is 128 bytes");
_Static_assert(HEAD_DATA_BYTES >= STATE_KEY_BYTES_MAX, "a key lies in the head cell");

struct pin {
    bool active;
    uint32_t root;
    uint32_t generation; /* the newest that it sees */
};

struct retired {
    uint32_t ref;
    uint32_t generation; /* in which it was replaced: pins of older generations see it */
};

/* The way down to the leaf that was inserted last: nodes above it, topmost first, each dirty and in the newest tree. */
#define WAY_NODES_MAX 64u /* what lies deeper is walked over again */
struct way {
    uint32_t count;    /* nodes; 0: none is known */
    uint8_t key_bytes; /* of that leaf's key */
    uint8_t key[STATE_KEY_BYTES_MAX];
    uint32_t node[WAY_NODES_MAX];
};

struct state_store {
    struct state_limits limits;
    uint32_t root;
    uint32_t keys_count;  /* in the newest state */
    uint32_t cells_count; /* in the newest state */
    uint32_t dirty_count; /* nodes and leaves without a hash */
    uint32_t generation;  /* of nodes made now; from 1 */
    uint32_t pinned;      /* the youngest pin's generation, 0 without a pin */
    uint32_t oldest;      /* the oldest pin's generation, UINT32_MAX without a pin */
    struct pin pins[STATE_PINS_MAX];

    struct inner *inners;
    uint32_t inners_total;
    uint32_t inners_used; /* ever touched: beyond lies untouched memory */
    uint32_t inners_free; /* first of the free list, REF_NONE at its end */

    union cell *cells;
    uint32_t cells_total;
    uint32_t cells_used;
    uint32_t cells_free;
    uint32_t cells_free_count;

    struct retired *retired; /* a ring */
    uint32_t retired_max;
    uint32_t retired_first;
    uint32_t retired_count;

    struct state_hints hints;
    struct way way;
    uint8_t *journal;
    uint32_t journal_used;
    bool journal_open;
};

/* --- state_store_pool.c ------------------------------------------------------------------------------------------- */

static inline bool ref_is_leaf(uint32_t ref)
{
    return ref != REF_NONE && (ref & REF_LEAF) != 0;
}

/* Here, so that a step down the tree is no call. */
static inline struct inner *pool_inner(const struct state_store *store, uint32_t ref)
{
    ASSERT(ref < store->inners_used);
    return &store->inners[ref];
}

static inline struct leaf_head *pool_leaf(const struct state_store *store, uint32_t ref)
{
    ASSERT(ref_is_leaf(ref));
    ASSERT((ref & ~REF_LEAF) < store->cells_used);
    return &store->cells[ref & ~REF_LEAF].head;
}

/* pool_take_inner gives a node of the present generation, dirty. pool_take_leaf gives a leaf with this content, dirty.
 * Needs: the newest state stays within the limits (the caller checked it). A pin may be dropped. */
uint32_t pool_take_inner(struct state_store *store);
uint32_t pool_take_leaf(struct state_store *store, struct bytes key, struct bytes value);

/* pool_give takes back a node or leaf that the newest state no longer has: at once, or when no pin sees it any more. */
void pool_give(struct state_store *store, uint32_t ref);

/* pool_is_shared tells whether some pin can see a node of that generation. */
static inline bool pool_is_shared(const struct state_store *store, uint32_t generation)
{
    ASSERT(generation <= store->generation);
    return generation <= store->pinned;
}

/* pool_own makes the inner node that *link names changeable, copying it when it is shared, and marks it dirty. */
struct inner *pool_own(struct state_store *store, uint32_t *link);

/* pool_rewrite writes another value into a leaf that is not shared, which stays where it is and has as many cells as the value needs. A pin may be dropped.
 * Needs: the newest state stays within the limits. */
void pool_rewrite(struct state_store *store, uint32_t ref, struct bytes value);

/* pool_complete overwrites bytes within the value of a dirty leaf. */
void pool_complete(struct state_store *store, uint32_t ref, size_t offset, struct bytes bytes);

/* pool_release recomputes what the pins protect after one was set or dropped, and begins to free what nobody sees. Cost: bounded. */
void pool_release(struct state_store *store);

/* --- state_store_tree.c ------------------------------------------------------------------------------------------- */

/* key_bit gives bit `bit` of a key, 0 beyond its end. */
static inline uint32_t key_bit(const uint8_t *key, size_t key_bytes, uint32_t bit)
{
    return bit / 8 < key_bytes ? ((uint32_t)key[bit / 8] >> (7 - bit % 8)) & 1u : 0u;
}

/* key_differ gives the first bit in which two keys differ, zeros beyond their ends; BIT_NONE when there is none. */
uint32_t key_differ(struct bytes a, struct bytes b);

/* tree_root gives the root that a view sees; false when the pin does not stand. */
bool tree_root(const struct state_store *store, uint32_t view, uint32_t *root);

/* tree_descend gives the leaf at which the search for a key ends. Needs: root is not REF_NONE. */
uint32_t tree_descend(const struct state_store *store, uint32_t root, struct bytes key);

/* leaf_key gives a view of a leaf's key; leaf_value copies its value. */
struct bytes leaf_key(const struct leaf_head *leaf);
void leaf_value(const struct state_store *store, const struct leaf_head *leaf, uint8_t *out);

/* tree_hash gives the hash of a node or leaf that is not dirty; zeros for REF_NONE. */
struct hash32 tree_hash(const struct state_store *store, uint32_t ref);

/* --- state_store_way.c -------------------------------------------------------------------------------------------- */

/* way_begins tells whether the way shows that a key is not in the store, and where it comes in: in *bit it differs from all that lies there. Then the way is cut to the nodes
 * above that place, at least one; else it is forgotten. */
bool way_begins(struct state_store *store, struct bytes key, uint32_t *bit);

/* way_forget is called before a node of it may be clean, or the leaf it leads to gone. */
static inline void way_forget(struct state_store *store)
{
    store->way.count = 0;
}

/* way_add appends a node to the way, way_ends says to which key it leads. */
static inline void way_add(struct state_store *store, uint32_t ref)
{
    if (store->way.count < WAY_NODES_MAX) {
        store->way.node[store->way.count++] = ref;
    }
}
void way_ends(struct state_store *store, struct bytes key);

/* --- state_store_fold.c ------------------------------------------------------------------------------------------- */

struct hash32 node_hash(uint32_t bit, const struct hash32 *left, const struct hash32 *right);
struct hash32 pair_hash(struct bytes key, struct bytes value);

/* --- state_store_journal.c ---------------------------------------------------------------------------------------- */

/* journal_fits tells whether a change of a pair can still be recorded; journal_record records what the pair was.
 * leaf: REF_NONE when the key was not there. */
bool journal_fits(const struct state_store *store, size_t key_bytes, uint32_t leaf);
void journal_record(struct state_store *store, struct bytes key, uint32_t leaf);

#endif
