/* state_store.c: the tree: searching, putting, removing, walking in order, pinning.
 *
 * M1 Bits ascend from the root to every leaf; both children of a node exist.
 * M2 All keys below a node agree in every bit before the node's, and differ in that bit by side.
 * M3 keys_count leaves need keys_count - 1 nodes.
 * M4 Every node above a dirty leaf or node is dirty too, and not shared: whoever dirties something has owned the path to it.
 * M5 A hint (state_hint.h) names a leaf of the newest tree, of whichever key. */
#include "storage/state_store.h"

#include "base/assert.h"
#include "storage/state_store_priv.h"

#include <string.h>

/* Twice the extra cells: what a change holds while the old and the new value both exist. */
enum { RESERVE_MIN = 2 * STATE_EXTRA_CELLS };

_Static_assert(STATE_EXTRA_CELLS >= 1 + (STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX + TAIL_DATA_BYTES - 1) / TAIL_DATA_BYTES, "the longest pair");

/* first_difference gives the first byte in which two runs of `size` bytes differ, `size` when there is none. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t size)
{
    size_t i = 0;
    uint64_t x, y;

    for (; i + sizeof x <= size; i += sizeof x) {
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        if (x != y) {
            break;
        }
    }
    while (i < size && a[i] == b[i]) {
        i++;
    }
    return i;
}

uint32_t key_differ(struct bytes a, struct bytes b)
{
    size_t longest = a.size > b.size ? a.size : b.size;

    for (size_t i = first_difference(a.data, b.data, a.size < b.size ? a.size : b.size); i < longest; i++) {
        unsigned x = (unsigned)(i < a.size ? a.data[i] : 0) ^ (unsigned)(i < b.size ? b.data[i] : 0);
        if (x != 0) {
            return (uint32_t)(i * 8) + (uint32_t)__builtin_clz(x) - 24;
        }
    }
    return BIT_NONE;
}

struct bytes leaf_key(const struct leaf_head *leaf)
{
    return bytes_of(leaf->data, leaf->key_bytes);
}

void leaf_value(const struct state_store *store, const struct leaf_head *leaf, uint8_t *out)
{
    size_t room = HEAD_DATA_BYTES - (size_t)leaf->key_bytes;
    size_t done = leaf->value_bytes < room ? leaf->value_bytes : room;
    uint32_t next = leaf->next;

    memcpy(out, leaf->data + leaf->key_bytes, done);
    while (done < leaf->value_bytes) {
        size_t left = leaf->value_bytes - done;
        size_t part = left < TAIL_DATA_BYTES ? left : TAIL_DATA_BYTES;
        ASSERT(next < store->cells_used);
        memcpy(out + done, store->cells[next].tail.data, part);
        done += part;
        next = store->cells[next].tail.next;
    }
    ASSERT(next == CELL_NONE);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

struct state_store *state_store_init(struct arena *arena, const struct state_limits *limits)
{
    ASSERT(limits->keys_max >= 1);
    ASSERT(limits->cells_max >= limits->keys_max);
    ASSERT(limits->cells_max <= 1u << 30);
    uint32_t keys_reserve = limits->keys_max / 4 + RESERVE_MIN;
    uint32_t inners_total = limits->keys_max + keys_reserve;
    uint32_t cells_total = limits->cells_max + limits->cells_max / 4 + RESERVE_MIN;
    uint32_t retired_max = 2 * keys_reserve;

    struct state_hints hints;
    struct state_store *store = arena_take(arena, 1, sizeof *store);
    struct inner *inners = arena_take(arena, inners_total, sizeof *inners);
    union cell *cells = arena_take(arena, cells_total, sizeof *cells);
    struct retired *retired = arena_take(arena, retired_max, sizeof *retired);
    uint8_t *journal = arena_take(arena, limits->journal_bytes, 1);
    state_hints_init(&hints, arena, limits->keys_max);
    if (store == NULL) {
        return NULL;
    }
    *store = (struct state_store){ .limits = *limits, .inners = inners, .inners_total = inners_total, .cells = cells,
        .cells_total = cells_total, .retired = retired, .retired_max = retired_max, .journal = journal, .hints = hints };
    state_store_clear(store);
    return store;
}

void state_store_clear(struct state_store *store)
{
    if (store->cells_used > 0) { /* before the first leaf there is no hint */
        state_hints_clear(&store->hints);
    }
    store->root = REF_NONE;
    store->keys_count = 0;
    store->cells_count = 0;
    store->dirty_count = 0;
    store->generation = 1;
    store->pinned = 0;
    store->oldest = UINT32_MAX;
    memset(store->pins, 0, sizeof store->pins);
    store->inners_used = 0;
    store->inners_free = REF_NONE;
    store->cells_used = 0;
    store->cells_free = CELL_NONE;
    store->cells_free_count = 0;
    store->retired_first = 0;
    store->retired_count = 0;
    store->journal_used = 0;
    store->journal_open = false;
    way_forget(store);
}

uint32_t state_store_keys(const struct state_store *store)
{
    ASSERT(store->keys_count <= store->limits.keys_max);
    return store->keys_count;
}

uint32_t state_store_cells(const struct state_store *store)
{
    ASSERT(store->cells_count >= store->keys_count);
    return store->cells_count;
}

/* --- Searching ---------------------------------------------------------------------------------------------------- */

bool tree_root(const struct state_store *store, uint32_t view, uint32_t *root)
{
    if (view == STATE_PIN_NONE) {
        *root = store->root;
        return true;
    }
    ASSERT(view < STATE_PINS_MAX);
    *root = store->pins[view].root;
    return store->pins[view].active;
}

uint32_t tree_descend(const struct state_store *store, uint32_t root, struct bytes key)
{
    uint32_t ref = root;

    ASSERT(ref != REF_NONE);
    while (!ref_is_leaf(ref)) { /* M1: at most STATE_PROOF_DEPTH_MAX steps */
        const struct inner *node = pool_inner(store, ref);
        ref = node->child[key_bit(key.data, key.size, node->bit)];
    }
    return ref;
}

static bool leaf_is(const struct leaf_head *leaf, struct bytes key)
{
    return leaf->key_bytes == key.size && memcmp(leaf->data, key.data, key.size) == 0;
}

/* The leaf of a key; REF_NONE when there is none. Needs: a key with a byte. */
static uint32_t leaf_find(const struct state_store *store, struct bytes key)
{
    uint32_t *hint = state_hint_place(&store->hints, key);

    ASSERT(key.size > 0);
    if (*hint != STATE_HINT_NONE && leaf_is(pool_leaf(store, *hint), key)) {
        return *hint;
    }
    if (store->root == REF_NONE) {
        return REF_NONE;
    }
    uint32_t ref = tree_descend(store, store->root, key);
    if (!leaf_is(pool_leaf(store, ref), key)) {
        return REF_NONE;
    }
    *hint = ref;
    return ref;
}

bool state_store_get(const struct state_store *store, struct bytes key, void *value, size_t room, size_t *value_bytes)
{
    *value_bytes = 0;
    uint32_t ref = key.size == 0 ? REF_NONE : leaf_find(store, key);
    if (ref == REF_NONE) {
        return false;
    }
    const struct leaf_head *leaf = pool_leaf(store, ref);
    ASSERT(leaf->value_bytes <= room);
    leaf_value(store, leaf, value);
    *value_bytes = leaf->value_bytes;
    return true;
}

/* Fetches a whole cell. */
static void fetch_cell(const union cell *cell)
{
    __builtin_prefetch(cell, 1);
    __builtin_prefetch((const uint8_t *)cell + STATE_CELL_BYTES / 2, 1);
}

void state_store_expect(const struct state_store *store, struct bytes key, enum state_expect step)
{
    ASSERT(key.size > 0);
    const uint32_t *hint = state_hint_place(&store->hints, key);
    if (step == STATE_EXPECT_HINT) {
        __builtin_prefetch(hint, 1);
    } else if (*hint != STATE_HINT_NONE) {
        fetch_cell((const union cell *)pool_leaf(store, *hint));
    }
}

/* One step of a way down the tree. Gives: the child, fetched. */
static inline uint32_t fetch_step(const struct state_store *store, uint32_t ref, const struct bytes *key)
{
    const struct inner *node = pool_inner(store, ref);
    uint32_t next = node->child[key_bit(key->data, key->size, node->bit)];

    if ((next & REF_LEAF) == 0) { /* both children of a node exist */
        __builtin_prefetch(&store->inners[next].child, 1);
    } else {
        fetch_cell(&store->cells[next & ~REF_LEAF]);
    }
    return next;
}

/* What the hints of keys say: first the hints are fetched, then the heads that they name. A leaf of another key is as much as none. */
static void fetch_heads(const struct state_store *store, const struct bytes *keys, uint32_t count, uint32_t *heads)
{
    const uint32_t *hints[STATE_EXPECT_PATHS_MAX];

    for (uint32_t i = 0; i < count; i++) {
        hints[i] = state_hint_place(&store->hints, keys[i]);
        __builtin_prefetch(hints[i], 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        heads[i] = *hints[i];
        if (heads[i] != STATE_HINT_NONE) {
            fetch_cell((const union cell *)pool_leaf(store, heads[i]));
        }
    }
}

/* Fetches the cells behind the heads of `count` leaves, of all of them side by side. */
static void fetch_tails(const struct state_store *store, uint32_t *next, uint32_t count)
{
    uint32_t cells_max = state_cells(STATE_KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX);

    for (uint32_t cell = 1; cell < cells_max && count > 0; cell++) {
        uint32_t left = 0;
        for (uint32_t i = 0; i < count; i++) {
            ASSERT(next[i] < store->cells_used);
            fetch_cell(&store->cells[next[i]]);
        }
        for (uint32_t i = 0; i < count; i++) {
            uint32_t behind = store->cells[next[i]].tail.next;
            next[left] = behind;
            left += behind != CELL_NONE;
        }
        count = left;
    }
    ASSERT(count == 0);
}

/* Goes the ways down the tree to keys side by side. */
static void fetch_ways(const struct state_store *store, const struct bytes **key, uint32_t count)
{
    uint32_t at[STATE_EXPECT_PATHS_MAX];

    for (uint32_t i = 0; i < count; i++) {
        at[i] = store->root;
    }
    while (count > 0) { /* M1: each way ends after at most STATE_PROOF_DEPTH_MAX steps */
        for (uint32_t i = 0; i < count; i++) {
            at[i] = fetch_step(store, at[i], key[i]);
            if ((at[i] & REF_LEAF) != 0) { /* the last one takes its place; it makes its step in the next round */
                count--;
                at[i] = at[count];
                key[i] = key[count];
            }
        }
    }
}

void state_store_expect_paths(const struct state_store *store, const struct bytes *keys, uint32_t count, uint32_t looked_for)
{
    uint32_t heads[STATE_EXPECT_PATHS_MAX], tails[STATE_EXPECT_PATHS_MAX], behind = 0, far = 0;
    const struct bytes *key[STATE_EXPECT_PATHS_MAX];

    ASSERT(count <= STATE_EXPECT_PATHS_MAX);
    ASSERT(looked_for <= count);
    if (store->root == REF_NONE || ref_is_leaf(store->root)) {
        return;
    }
    fetch_heads(store, keys, count, heads);
    for (uint32_t i = 0; i < count; i++) {
        const struct leaf_head *leaf = heads[i] == STATE_HINT_NONE ? NULL : pool_leaf(store, heads[i]);
        bool found = leaf != NULL && leaf_is(leaf, keys[i]);
        if (found && leaf->next != CELL_NONE) {
            tails[behind++] = leaf->next;
        }
        if (!found || (i >= looked_for && leaf->dirty == 0)) { /* what was changed since the last fold is rewritten where it is (M4) */
            key[far++] = &keys[i];
        }
    }
    fetch_ways(store, key, far);
    fetch_tails(store, tails, behind);
}

/* --- Changing ----------------------------------------------------------------------------------------------------- */

/* Walks from the root towards the key, making every node on the way changeable, as long as its bit is below `end`.
 * Gives: the link that leads to the first node or leaf not walked over. */
static uint32_t *own_path(struct state_store *store, struct bytes key, uint32_t end)
{
    uint32_t *link = &store->root;

    ASSERT(*link != REF_NONE);
    while (!ref_is_leaf(*link) && pool_inner(store, *link)->bit < end) {
        struct inner *node = pool_inner(store, *link);
        if (node->dirty == 0) { /* M4: a dirty one is changeable */
            node = pool_own(store, link);
        }
        link = &node->child[key_bit(key.data, key.size, node->bit)];
    }
    return link;
}

/* Does the same from the end of what is known of the way to the key (the root, when nothing is), and notes the way. Gives: likewise. */
static uint32_t *own_way(struct state_store *store, struct bytes key, uint32_t end)
{
    const struct way *way = &store->way;
    uint32_t *link = &store->root;

    if (way->count > 0) {
        struct inner *last = pool_inner(store, way->node[way->count - 1]);
        ASSERT(last->bit < end);
        link = &last->child[key_bit(key.data, key.size, last->bit)];
    }
    while (!ref_is_leaf(*link) && pool_inner(store, *link)->bit < end) {
        struct inner *node = pool_inner(store, *link);
        if (node->dirty == 0) { /* M4 */
            node = pool_own(store, link);
        }
        way_add(store, *link);
        link = &node->child[key_bit(key.data, key.size, node->bit)];
    }
    return link;
}

/* The leaf `from`, or none, has become the leaf `to`. What is only put leaves a place to what was looked for. */
static void hint_moved(struct state_store *store, struct bytes key, uint32_t from, uint32_t to)
{
    uint32_t *hint = state_hint_place(&store->hints, key);

    ASSERT(ref_is_leaf(to));
    if (*hint == from || *hint == STATE_HINT_NONE) {
        *hint = to;
    }
}

static enum err replace(struct state_store *store, uint32_t ref, struct bytes value, uint32_t cells_max)
{
    const struct leaf_head *leaf = pool_leaf(store, ref);
    uint32_t cells_old = state_cells(leaf->key_bytes, leaf->value_bytes);
    uint32_t cells_new = state_cells(leaf->key_bytes, value.size);
    uint8_t key_copy[STATE_KEY_BYTES_MAX];
    struct bytes key = bytes_of(key_copy, leaf->key_bytes);

    ASSERT(store->cells_count >= cells_old);
    ASSERT(store->keys_count >= 1);
    bool fits = cells_new <= cells_old || store->cells_count - cells_old + cells_new <= cells_max;
    if (!fits || !journal_fits(store, key.size, ref)) {
        return ERR_FULL;
    }
    memcpy(key_copy, leaf->data, leaf->key_bytes);
    journal_record(store, key, ref);
    bool in_place = !pool_is_shared(store, leaf->generation);
    uint32_t *link = in_place && leaf->dirty != 0 ? NULL : own_path(store, key, BIT_NONE); /* M4: dirty, and so is the path */
    ASSERT(link == NULL || *link == ref);
    if (in_place) {
        pool_rewrite(store, ref, value);
    } else {
        *link = pool_take_leaf(store, key, value);
        hint_moved(store, key, ref, *link);
        ASSERT(*link != ref);
        pool_give(store, ref);
    }
    store->cells_count = store->cells_count - cells_old + cells_new;
    return ERR_OK;
}

/* Puts a pair whose key is new. Needs: `bit` is where the key differs from what lies nearest; what is known of the way leads to it. */
static enum err insert(struct state_store *store, struct bytes key, struct bytes value, uint32_t bit)
{
    uint32_t cells = state_cells(key.size, value.size);

    ASSERT(bit < STATE_PROOF_DEPTH_MAX);
    ASSERT((store->root == REF_NONE) == (store->keys_count == 0));
    if (store->keys_count == store->limits.keys_max || store->cells_count + cells > store->limits.cells_max ||
        !journal_fits(store, key.size, REF_NONE)) {
        return ERR_FULL;
    }
    journal_record(store, key, REF_NONE);
    uint32_t leaf = pool_take_leaf(store, key, value);
    hint_moved(store, key, STATE_HINT_NONE, leaf);
    if (store->root == REF_NONE) {
        store->root = leaf;
    } else {
        uint32_t *link = own_way(store, key, bit);
        uint32_t ref = pool_take_inner(store);
        way_add(store, ref);
        way_ends(store, key);
        struct inner *node = pool_inner(store, ref);
        uint32_t side = key_bit(key.data, key.size, bit);
        node->bit = (uint16_t)bit;
        node->child[side] = leaf;
        node->child[1 - side] = *link;
        *link = ref;
    }
    store->keys_count++;
    store->cells_count += cells;
    ASSERT(store->cells_count >= store->keys_count);
    return ERR_OK;
}

enum err state_store_put(struct state_store *store, struct bytes key, struct bytes value)
{
    ASSERT(key.size >= 1);
    ASSERT(key.size <= STATE_KEY_BYTES_MAX);
    ASSERT(value.size <= STATE_VALUE_BYTES_MAX);
    if (store->root == REF_NONE) {
        return insert(store, key, value, 0);
    }
    uint32_t hint = *state_hint_place(&store->hints, key);
    if (hint != STATE_HINT_NONE && leaf_is(pool_leaf(store, hint), key)) {
        return replace(store, hint, value, store->limits.cells_max);
    }
    uint32_t bit = BIT_NONE;
    if (way_begins(store, key, &bit)) {
        return insert(store, key, value, bit);
    }
    uint32_t ref = tree_descend(store, store->root, key);
    const struct leaf_head *leaf = pool_leaf(store, ref);
    bit = key_differ(leaf_key(leaf), key);
    if (bit != BIT_NONE) {
        return insert(store, key, value, bit);
    }
    ASSERT(leaf->key_bytes == key.size);
    return replace(store, ref, value, store->limits.cells_max);
}

void state_store_put_always(struct state_store *store, struct bytes key, struct bytes value)
{
    ASSERT(!store->journal_open);
    ASSERT(store->root != REF_NONE);
    ASSERT(value.size <= STATE_VALUE_BYTES_MAX);
    uint32_t ref = leaf_find(store, key);
    ASSERT(ref != REF_NONE);
    enum err err = replace(store, ref, value, store->limits.cells_max + STATE_EXTRA_CELLS);
    ASSERT(err == ERR_OK);
}

void state_store_complete(struct state_store *store, struct bytes key, size_t offset, struct bytes bytes)
{
    uint32_t ref = leaf_find(store, key);

    ASSERT(ref != REF_NONE);
    ASSERT(pool_leaf(store, ref)->dirty != 0); /* so no pin sees it, and no hash is of it */
    pool_complete(store, ref, offset, bytes);
}

enum err state_store_remove(struct state_store *store, struct bytes key)
{
    uint32_t ref = key.size == 0 ? REF_NONE : leaf_find(store, key);
    if (ref == REF_NONE) {
        return ERR_NOT_FOUND;
    }
    const struct leaf_head *leaf = pool_leaf(store, ref);
    if (!journal_fits(store, key.size, ref)) {
        return ERR_FULL;
    }
    journal_record(store, key, ref);
    way_forget(store);
    uint32_t *hint = state_hint_place(&store->hints, key);
    *hint = *hint == ref ? STATE_HINT_NONE : *hint;
    ASSERT(store->keys_count >= 1); /* M3 */
    ASSERT(store->cells_count >= state_cells(leaf->key_bytes, leaf->value_bytes));
    store->keys_count--;
    store->cells_count -= state_cells(leaf->key_bytes, leaf->value_bytes);
    uint32_t *link = &store->root;
    if (*link != ref) {
        struct inner *node = pool_inner(store, *link);
        uint32_t side = key_bit(key.data, key.size, node->bit);
        while (node->child[side] != ref) {
            node = pool_own(store, link);
            link = &node->child[side];
            node = pool_inner(store, *link);
            side = key_bit(key.data, key.size, node->bit);
        }
        uint32_t parent = *link;
        *link = node->child[1 - side];
        pool_give(store, parent);
    } else {
        *link = REF_NONE;
    }
    pool_give(store, ref);
    ASSERT((store->root == REF_NONE) == (store->keys_count == 0));
    return ERR_OK;
}

/* --- Walking ------------------------------------------------------------------------------------------------------ */

void state_cursor_init(struct state_cursor *cursor, struct bytes prefix, uint32_t view)
{
    ASSERT(prefix.size <= STATE_KEY_BYTES_MAX);
    cursor->key_bytes = (uint8_t)prefix.size;
    cursor->prefix_bytes = (uint8_t)prefix.size;
    cursor->started = false;
    cursor->ended = false;
    cursor->view = view;
    if (prefix.size > 0) {
        memcpy(cursor->key, prefix.data, prefix.size);
    }
}

/* The first leaf whose key is greater than `key`, or at least `key` when it need not be greater. REF_NONE when there is none. */
static uint32_t tree_after(const struct state_store *store, uint32_t root, struct bytes key, bool greater)
{
    struct bytes near = leaf_key(pool_leaf(store, tree_descend(store, root, key)));
    uint32_t bit = key_differ(near, key);
    uint32_t ref = root;
    uint32_t later = REF_NONE; /* what lies to the right of the path, nearest first */

    ASSERT(root != REF_NONE);
    while (!ref_is_leaf(ref) && pool_inner(store, ref)->bit < bit) {
        const struct inner *node = pool_inner(store, ref);
        uint32_t side = key_bit(key.data, key.size, node->bit);
        later = side == 0 ? node->child[1] : later;
        ref = node->child[side];
    }
    bool all_before = bit == BIT_NONE ? greater : key_bit(key.data, key.size, bit) == 1;
    ref = all_before ? later : ref;
    while (ref != REF_NONE && !ref_is_leaf(ref)) {
        ref = pool_inner(store, ref)->child[0];
    }
    return ref;
}

bool state_cursor_next(const struct state_store *store, struct state_cursor *cursor, struct state_entry *entry)
{
    uint32_t root = REF_NONE;

    ASSERT(cursor->key_bytes <= STATE_KEY_BYTES_MAX);
    ASSERT(cursor->prefix_bytes <= cursor->key_bytes);
    if (cursor->ended || !tree_root(store, cursor->view, &root) || root == REF_NONE) {
        cursor->ended = true;
        return false;
    }
    uint32_t ref = tree_after(store, root, bytes_of(cursor->key, cursor->key_bytes), cursor->started);
    const struct leaf_head *leaf = ref == REF_NONE ? NULL : pool_leaf(store, ref);
    if (leaf == NULL || leaf->key_bytes < cursor->prefix_bytes || memcmp(leaf->data, cursor->key, cursor->prefix_bytes) != 0) {
        cursor->ended = true;
        return false;
    }
    memcpy(cursor->key, leaf->data, leaf->key_bytes);
    cursor->key_bytes = leaf->key_bytes;
    cursor->started = true;
    leaf_value(store, leaf, cursor->value);
    *entry = (struct state_entry){ .key = bytes_of(cursor->key, cursor->key_bytes), .value = bytes_of(cursor->value, leaf->value_bytes) };
    return true;
}

/* --- Pins --------------------------------------------------------------------------------------------------------- */

void state_store_pin(struct state_store *store, uint32_t pin)
{
    ASSERT(pin < STATE_PINS_MAX);
    ASSERT(!store->journal_open);
    (void)state_store_root(store);
    ASSERT(store->dirty_count == 0);
    store->pins[pin] = (struct pin){ .active = true, .root = store->root, .generation = store->generation };
    store->generation++;
    pool_release(store);
}

bool state_store_pin_as(struct state_store *store, uint32_t pin, uint32_t as)
{
    ASSERT(pin < STATE_PINS_MAX);
    ASSERT(as < STATE_PINS_MAX);
    ASSERT(!store->journal_open);
    if (!store->pins[as].active) {
        return false;
    }
    store->pins[pin] = store->pins[as];
    pool_release(store);
    return true;
}

void state_store_unpin(struct state_store *store, uint32_t pin)
{
    ASSERT(pin < STATE_PINS_MAX);
    ASSERT(!store->journal_open);
    store->pins[pin].active = false;
    pool_release(store);
}

bool state_store_pinned(const struct state_store *store, uint32_t pin, struct hash32 *root)
{
    ASSERT(pin < STATE_PINS_MAX);
    if (!store->pins[pin].active) {
        return false;
    }
    *root = tree_hash(store, store->pins[pin].root);
    return true;
}
