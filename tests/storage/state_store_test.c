/* state_store_test.c: the store is the map that a naive model is, and its root depends on the content alone. */
#include "storage/state_store.h"

#include "tests/base/stop_kit.h"
#include "storage/state_store_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MODEL_MAX = 400, VALUE_MAX = 400, KEY_LONGEST = 7 };

struct pair {
    uint8_t key[STATE_KEY_BYTES_MAX];
    size_t key_bytes;
    uint8_t value[VALUE_MAX];
    size_t value_bytes;
};

/* The model: an array in ascending order of keys. */
struct model {
    struct pair pairs[MODEL_MAX];
    size_t count;
};

static const struct state_limits roomy = { .keys_max = 4096, .cells_max = 16384, .journal_bytes = 1 << 20 };
static struct model model, saved;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static struct state_store *store_new(const struct state_limits *limits)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    cr_assert_null(state_store_init(&measure, limits));
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    struct state_store *store = state_store_init(&arena, limits);
    cr_assert_eq(arena.used, measure.used);
    cr_assert_eq((void *)store, memory, "the store begins the arena, so that freeing it frees all");
    return store;
}

static struct bytes key_of(const struct pair *pair)
{
    return bytes_of(pair->key, pair->key_bytes);
}

static struct bytes value_of(const struct pair *pair)
{
    return bytes_of(pair->value, pair->value_bytes);
}

static int key_compare(const struct pair *a, const struct pair *b)
{
    size_t least = a->key_bytes < b->key_bytes ? a->key_bytes : b->key_bytes;
    int order = memcmp(a->key, b->key, least);
    return order != 0 ? order : (int)a->key_bytes - (int)b->key_bytes;
}

/* Keys of several kinds, as the ledger's: the first byte fixes the length, so none is a prefix of another. They share long runs. */
static void draw_pair(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    pair->key[0] = (uint8_t)draw(5);
    pair->key_bytes = pair->key[0] == 4 ? STATE_KEY_BYTES_MAX : 1 + (size_t)pair->key[0] * 2;
    for (size_t i = 1; i < pair->key_bytes; i++) {
        pair->key[i] = (uint8_t)(draw(3) * 0x55);
    }
    pair->value_bytes = draw(10) == 0 ? VALUE_MAX - draw(3) : draw(260);
    for (size_t i = 0; i < pair->value_bytes; i++) {
        pair->value[i] = (uint8_t)draw(256);
    }
}

static size_t model_find(const struct model *m, const struct pair *pair, bool *found)
{
    size_t at = 0;
    while (at < m->count && key_compare(&m->pairs[at], pair) < 0) {
        at++;
    }
    *found = at < m->count && key_compare(&m->pairs[at], pair) == 0;
    return at;
}

static void model_put(struct model *m, const struct pair *pair)
{
    bool found;
    size_t at = model_find(m, pair, &found);
    if (!found) {
        memmove(&m->pairs[at + 1], &m->pairs[at], (m->count - at) * sizeof *pair);
        m->count++;
    }
    m->pairs[at] = *pair;
}

static bool model_remove(struct model *m, const struct pair *pair)
{
    bool found;
    size_t at = model_find(m, pair, &found);
    if (found) {
        m->count--;
        memmove(&m->pairs[at], &m->pairs[at + 1], (m->count - at) * sizeof *pair);
    }
    return found;
}

static unsigned model_bit(const struct pair *pair, unsigned bit)
{
    return ((uint32_t)pair->key[bit / 8] >> (7 - bit % 8)) & 1u;
}

/* The definition itself: split a sorted run at the first bit in which its first and last keys differ. */
static struct hash32 model_root(const struct pair *pairs, size_t count)
{
    struct hasher hasher;
    if (count == 0) {
        return (struct hash32){ { 0 } };
    }
    if (count == 1) {
        hash_init(&hasher, HASH_STATE_LEAF);
        hash_update_u16(&hasher, (uint16_t)pairs->key_bytes);
        hash_update(&hasher, pairs->key, pairs->key_bytes);
        hash_update(&hasher, pairs->value, pairs->value_bytes);
        return hash_final(&hasher);
    }
    unsigned bit = 0;
    while (model_bit(&pairs[0], bit) == model_bit(&pairs[count - 1], bit)) {
        bit++;
    }
    size_t split = 0;
    while (model_bit(&pairs[split], bit) == 0) {
        split++;
    }
    struct hash32 left = model_root(pairs, split), right = model_root(pairs + split, count - split);
    hash_init(&hasher, HASH_STATE_NODE);
    hash_update_u16(&hasher, (uint16_t)bit);
    hash_update(&hasher, left.bytes, 32);
    hash_update(&hasher, right.bytes, 32);
    return hash_final(&hasher);
}

static void assert_walk_equals(const struct state_store *store, uint32_t view, const struct model *m, struct bytes prefix)
{
    struct state_cursor cursor;
    struct state_entry entry;
    state_cursor_init(&cursor, prefix, view);
    for (size_t i = 0; i < m->count; i++) {
        const struct pair *pair = &m->pairs[i];
        if (pair->key_bytes < prefix.size || memcmp(pair->key, prefix.data, prefix.size) != 0) {
            continue;
        }
        cr_assert(state_cursor_next(store, &cursor, &entry));
        cr_assert_eq(entry.key.size, pair->key_bytes);
        cr_assert_arr_eq(entry.key.data, pair->key, pair->key_bytes);
        cr_assert_eq(entry.value.size, pair->value_bytes);
        cr_assert_eq(memcmp(entry.value.data, pair->value, pair->value_bytes), 0);
    }
    cr_assert_not(state_cursor_next(store, &cursor, &entry));
    cr_assert_not(state_cursor_next(store, &cursor, &entry), "the end stays the end");
}

static void assert_equal(struct state_store *store, const struct model *m)
{
    uint8_t value[STATE_VALUE_BYTES_MAX];
    size_t size, cells = 0;
    struct hash32 expected = model_root(m->pairs, m->count), root = state_store_root(store);

    cr_assert(hash_equal(&root, &expected));
    cr_assert_eq(state_store_dirty(store), 0);
    cr_assert_eq(state_store_keys(store), m->count);
    for (size_t i = 0; i < m->count; i++) {
        cr_assert(state_store_get(store, key_of(&m->pairs[i]), value, sizeof value, &size));
        cr_assert_eq(size, m->pairs[i].value_bytes);
        cr_assert_eq(memcmp(value, m->pairs[i].value, size), 0);
        cells += state_cells(m->pairs[i].key_bytes, size);
    }
    cr_assert_eq(state_store_cells(store), cells);
    state_store_check_tree(store);
    assert_walk_equals(store, STATE_PIN_NONE, m, bytes_of("", 0));
}

static void change(struct state_store *store, struct model *m)
{
    struct pair pair;
    draw_pair(&pair);
    if (m->count > 150 ? draw(3) > 0 : draw(3) == 0) {
        enum err expected = model_remove(m, &pair) ? ERR_OK : ERR_NOT_FOUND;
        cr_assert_eq(state_store_remove(store, key_of(&pair)), expected);
    } else {
        model_put(m, &pair);
        cr_assert_eq(state_store_put(store, key_of(&pair), value_of(&pair)), ERR_OK);
    }
}

Test(state_store, is_the_map_that_the_model_is)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        random_state = seed * 0x9e3779b97f4a7c15u;
        model.count = 0;
        struct state_store *store = store_new(&roomy);
        assert_equal(store, &model);
        for (unsigned round = 0; round < 60; round++) {
            for (unsigned i = 0; i < 20; i++) {
                change(store, &model);
            }
            assert_equal(store, &model);
        }
        free(store);
    }
}

/* The items of a command: numbers behind one of four prefixes, most of them one above the last of that prefix. */
static void draw_neighbour(struct pair *pair, uint32_t last[4])
{
    uint32_t prefix = (uint32_t)draw(4), number = draw(4) == 0 ? (uint32_t)draw(400) : ++last[prefix];

    memset(pair, 0, sizeof *pair);
    pair->key_bytes = 7;
    pair->key[0] = 6; /* of no other length in these tests */
    pair->key[3] = (uint8_t)(prefix * 0x11);
    pair->key[5] = (uint8_t)(number >> 8);
    pair->key[6] = (uint8_t)number;
    pair->value_bytes = draw(120);
}

static void change_neighbour(struct state_store *store, struct model *m, uint32_t last[4])
{
    struct pair pair;

    draw_neighbour(&pair, last);
    if (m->count > 250 || draw(12) == 0) {
        enum err expected = model_remove(m, &pair) ? ERR_OK : ERR_NOT_FOUND;
        cr_assert_eq(state_store_remove(store, key_of(&pair)), expected);
        return;
    }
    model_put(m, &pair);
    cr_assert_eq(state_store_put(store, key_of(&pair), value_of(&pair)), ERR_OK);
}

Test(state_store, neighbours_make_the_same_tree_whatever_comes_between_them)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        static struct model before;
        uint32_t last[4] = { 0, 100, 200, 300 };
        random_state = seed * 0x9e3779b97f4a7c15u;
        model.count = 0;
        struct state_store *store = store_new(&roomy);
        for (unsigned round = 0; round < 150; round++) {
            before = model;
            state_store_savepoint(store);
            for (unsigned i = 0; i < 6; i++) {
                change_neighbour(store, &model, last);
                state_store_check_tree(store);
            }
            if (draw(5) == 0) {
                state_store_undo(store);
                model = before;
            } else {
                state_store_keep(store);
            }
            if (draw(3) == 0) {
                (void)state_store_fold(store, 1 + (uint32_t)draw(9));
            }
            if (draw(9) == 0) {
                state_store_pin(store, (uint32_t)draw(STATE_PINS_MAX));
            }
            if (draw(4) == 0) {
                assert_equal(store, &model);
            }
        }
        assert_equal(store, &model);
        free(store);
    }
}

Test(state_store, walks_any_prefix_in_order)
{
    random_state = 77;
    model.count = 0;
    struct state_store *store = store_new(&roomy);
    for (unsigned i = 0; i < 300; i++) {
        change(store, &model);
    }
    for (unsigned i = 0; i < 300; i++) {
        struct pair pair;
        draw_pair(&pair);
        assert_walk_equals(store, STATE_PIN_NONE, &model, bytes_of(pair.key, draw(pair.key_bytes + 1)));
    }
    free(store);
}

Test(state_store, walk_survives_changes_in_between)
{
    random_state = 5;
    struct state_store *store = store_new(&roomy);
    struct state_cursor cursor;
    struct state_entry entry;
    unsigned seen = 0;

    for (unsigned i = 0; i < 100; i++) {
        uint8_t key[2] = { 9, (uint8_t)i };
        cr_assert_eq(state_store_put(store, bytes_of(key, 2), bytes_of(key, 2)), ERR_OK);
    }
    state_cursor_init(&cursor, bytes_of("\x09", 1), STATE_PIN_NONE);
    while (state_cursor_next(store, &cursor, &entry)) { /* each removes itself and its successor */
        uint8_t next[2] = { 9, (uint8_t)(entry.key.data[1] + 1) };
        cr_assert_eq(entry.key.data[1], 2 * seen);
        cr_assert_eq(state_store_remove(store, entry.key), ERR_OK);
        cr_assert_eq(state_store_remove(store, bytes_of(next, 2)), ERR_OK);
        seen++;
    }
    cr_assert_eq(seen, 50);
    cr_assert_eq(state_store_keys(store), 0);
    free(store);
}

Test(state_store, root_depends_on_the_content_alone)
{
    struct state_store *one = store_new(&roomy), *other = store_new(&roomy);
    random_state = 99;
    model.count = 0;
    for (unsigned i = 0; i < 200; i++) {
        change(one, &model);
    }
    struct pair order[MODEL_MAX];
    size_t count = model.count;
    memcpy(order, model.pairs, sizeof order);
    for (size_t i = count; i > 1; i--) { /* shuffle */
        size_t j = draw(i);
        struct pair swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < count; i++) {
        struct pair detour = order[i];
        detour.value_bytes = draw(VALUE_MAX);
        cr_assert_eq(state_store_put(other, key_of(&detour), value_of(&detour)), ERR_OK);
        cr_assert_eq(state_store_put(other, key_of(&order[i]), value_of(&order[i])), ERR_OK);
        if (draw(3) == 0) {
            (void)state_store_root(other);
        }
    }
    struct hash32 a = state_store_root(one), b = state_store_root(other);
    cr_assert(hash_equal(&a, &b));
    free(one);
    free(other);
}

Test(state_store, pair_boundary_is_part_of_the_leaf)
{
    struct state_store *one = store_new(&roomy), *other = store_new(&roomy);
    cr_assert_eq(state_store_put(one, bytes_of("ab", 2), bytes_of("c", 1)), ERR_OK);
    cr_assert_eq(state_store_put(other, bytes_of("a", 1), bytes_of("bc", 2)), ERR_OK);
    struct hash32 a = state_store_root(one), b = state_store_root(other);
    cr_assert_not(hash_equal(&a, &b));
    free(one);
    free(other);
}

Test(state_store, undo_restores_every_pair_and_the_root)
{
    struct state_store *store = store_new(&roomy);
    random_state = 31337;
    model.count = 0;
    for (unsigned round = 0; round < 60; round++) {
        saved = model;
        state_store_savepoint(store);
        for (uint64_t i = draw(40); i > 0; i--) {
            change(store, &model);
        }
        if (draw(2) == 0) {
            (void)state_store_root(store);
        }
        if (draw(2) == 0) {
            state_store_undo(store);
            model = saved;
        } else {
            state_store_keep(store);
        }
        assert_equal(store, &model);
    }
    free(store);
}

Test(state_store, folding_in_small_steps_gives_the_same_root)
{
    struct state_store *store = store_new(&roomy);
    random_state = 4242;
    model.count = 0;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 50; i++) {
            change(store, &model);
        }
        unsigned steps = 0;
        uint32_t dirty = state_store_dirty(store);
        while (!state_store_fold(store, 3)) {
            cr_assert_leq(state_store_dirty(store), dirty - 3 * ++steps);
        }
        cr_assert_leq(steps, dirty / 3 + 1);
        assert_equal(store, &model);
    }
    free(store);
}

/* Key i has bit i alone, so that each node of the tree has a leaf on its right: the deepest tree that there can be. Values have all lengths. */
static struct bytes deep_key(uint32_t i)
{
    static uint8_t key[STATE_KEY_BYTES_MAX];

    memset(key, 0, sizeof key);
    key[i / 8] = (uint8_t)(0x80 >> i % 8);
    return bytes_of(key, sizeof key);
}

static struct bytes deep_value(uint32_t i)
{
    static uint8_t value[STATE_VALUE_BYTES_MAX];

    memset(value, (int)i, sizeof value);
    return bytes_of(value, i * (i < 480 ? 1 : 4) % (STATE_VALUE_BYTES_MAX + 1));
}

/* The root of that tree by the definition of leaf and node, one hash after the other. */
static struct hash32 deep_root(void)
{
    struct hash32 root;

    for (uint32_t i = STATE_PROOF_DEPTH_MAX; i-- > 0;) {
        uint8_t leaf[2 + STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX] = { 0, STATE_KEY_BYTES_MAX };
        struct bytes key = deep_key(i), value = deep_value(i);
        uint8_t node[2 + 2 * HASH_BYTES] = { (uint8_t)(i >> 8), (uint8_t)i };

        memcpy(leaf + 2, key.data, key.size);
        memcpy(leaf + 2 + key.size, value.data, value.size);
        struct hash32 hash = hash_one(HASH_STATE_LEAF, leaf, 2 + key.size + value.size);
        memcpy(node + 2, root.bytes, HASH_BYTES);
        memcpy(node + 2 + HASH_BYTES, hash.bytes, HASH_BYTES);
        root = i + 1 == STATE_PROOF_DEPTH_MAX ? hash : hash_one(HASH_STATE_NODE, node, sizeof node);
    }
    return root;
}

Test(state_store, deepest_tree_has_its_root_whatever_the_steps_and_the_lanes)
{
    const uint32_t steps[] = { UINT32_MAX, 1, 7, 255, 256, 257 };
    struct hash32 expected = deep_root();

    for (size_t i = 0; i < 2 * sizeof steps / sizeof steps[0]; i++) {
        struct state_store *store = store_new(&roomy);

        cr_assert(hash_lanes_use(i % 2 == 0 ? HASH_LANES_NONE : HASH_LANES_MODEL));
        for (uint32_t k = 0; k < STATE_PROOF_DEPTH_MAX; k++) {
            cr_assert_eq(state_store_put(store, deep_key(k), deep_value(k)), ERR_OK);
        }
        while (!state_store_fold(store, steps[i / 2])) {
        }
        struct hash32 root = state_store_root(store);
        cr_assert(hash_equal(&root, &expected), "%u at a time", steps[i / 2]);
        free(store);
    }
}

Test(state_store, is_full_by_content_alone_and_nothing_changes_then)
{
    static const struct state_limits tight = { .keys_max = 64, .cells_max = 100, .journal_bytes = 1 << 16 };
    struct state_store *store = store_new(&tight);
    unsigned refused = 0;

    random_state = 8;
    model.count = 0;
    for (unsigned i = 0; i < 20000; i++) {
        struct pair pair;
        bool found;
        draw_pair(&pair);
        size_t at = model_find(&model, &pair, &found);
        if (draw(4) == 0) {
            cr_assert_eq(state_store_remove(store, key_of(&pair)), model_remove(&model, &pair) ? ERR_OK : ERR_NOT_FOUND);
            continue;
        }
        uint32_t cells = state_store_cells(store) + state_cells(pair.key_bytes, pair.value_bytes);
        cells -= found ? state_cells(pair.key_bytes, model.pairs[at].value_bytes) : 0;
        bool fits = cells <= tight.cells_max && (found || model.count < tight.keys_max);
        if (i % 100 == 0) {
            state_store_pin(store, (uint32_t)draw(2)); /* what is pinned never counts */
        }
        cr_assert_eq(state_store_put(store, key_of(&pair), value_of(&pair)), fits ? ERR_OK : ERR_FULL);
        if (fits) {
            model_put(&model, &pair);
        }
        refused += !fits;
        if (i % 500 == 0) {
            assert_equal(store, &model);
        }
    }
    cr_assert_gt(refused, 100);
    assert_equal(store, &model);
    free(store);
}

Test(state_store, a_pair_of_the_system_is_never_refused)
{
    static const struct state_limits tight = { .keys_max = 64, .cells_max = 64, .journal_bytes = 1 << 12 };
    struct state_store *store = store_new(&tight);
    static uint8_t value[STATE_VALUE_BYTES_MAX];
    uint8_t key[2] = { 1, 0 };

    for (unsigned i = 0; i < 64; i++) {
        key[1] = (uint8_t)i;
        cr_assert_eq(state_store_put(store, bytes_of(key, 2), bytes_of(value, 8)), ERR_OK);
    }
    key[1] = 7;
    cr_assert_eq(state_store_put(store, bytes_of(key, 2), bytes_of(value, 200)), ERR_FULL);
    state_store_put_always(store, bytes_of(key, 2), bytes_of(value, sizeof value));
    cr_assert_gt(state_store_cells(store), tight.cells_max);
    key[1] = 8;
    cr_assert_eq(state_store_put(store, bytes_of(key, 2), bytes_of(value, 9)), ERR_OK, "what needs no further cell still fits");
    cr_assert_eq(state_store_put(store, bytes_of(key, 2), bytes_of(value, 200)), ERR_FULL);
    key[1] = 7;
    state_store_put_always(store, bytes_of(key, 2), bytes_of(value, 8));
    cr_assert_eq(state_store_cells(store), tight.cells_max);
    free(store);
}

Test(state_store, a_change_that_the_journal_cannot_hold_is_refused)
{
    static const struct state_limits tight = { .keys_max = 64, .cells_max = 100, .journal_bytes = 40 };
    struct state_store *store = store_new(&tight);
    uint8_t value[30] = { 1 };

    cr_assert_eq(state_store_put(store, bytes_of("a", 1), bytes_of(value, 30)), ERR_OK);
    struct hash32 before = state_store_root(store);
    state_store_savepoint(store);
    cr_assert_eq(state_store_put(store, bytes_of("a", 1), bytes_of(value, 2)), ERR_OK); /* 39 bytes */
    cr_assert_eq(state_store_put(store, bytes_of("b", 1), bytes_of(value, 2)), ERR_FULL);
    cr_assert_eq(state_store_remove(store, bytes_of("a", 1)), ERR_FULL);
    state_store_undo(store);
    struct hash32 after = state_store_root(store);
    cr_assert(hash_equal(&before, &after));
    free(store);
}

Test(state_store, pinned_views_stay_what_they_were)
{
    struct state_store *store = store_new(&roomy);
    static struct model pinned[STATE_PINS_MAX];
    struct hash32 root, expected;

    random_state = 1234567;
    model.count = 0;
    for (unsigned round = 0; round < 40; round++) {
        uint32_t pin = (uint32_t)draw(STATE_PINS_MAX);
        state_store_pin(store, pin);
        pinned[pin] = model;
        uint32_t as = (uint32_t)draw(STATE_PINS_MAX);
        bool stands = state_store_pinned(store, as, &root);
        pin = draw(3) == 0 ? (uint32_t)draw(STATE_PINS_MAX) : as;
        cr_assert_eq(state_store_pin_as(store, pin, as), stands);
        pinned[pin] = stands ? pinned[as] : pinned[pin];
        for (unsigned i = 0; i < 30; i++) {
            change(store, &model);
        }
        for (uint32_t p = 0; p < STATE_PINS_MAX; p++) {
            if (state_store_pinned(store, p, &root)) {
                expected = model_root(pinned[p].pairs, pinned[p].count);
                cr_assert(hash_equal(&root, &expected));
                assert_walk_equals(store, p, &pinned[p], bytes_of("", 0));
            }
        }
        if (draw(5) == 0) {
            state_store_unpin(store, pin);
            cr_assert_not(state_store_pinned(store, pin, &root));
            assert_walk_equals(store, pin, &(struct model){ .count = 0 }, bytes_of("", 0));
        }
        assert_equal(store, &model);
    }
    free(store);
}

Test(state_store, a_pin_gives_way_when_the_reserve_ends)
{
    static const struct state_limits tight = { .keys_max = 1000, .cells_max = 1000, .journal_bytes = 1 << 16 };
    struct state_store *store = store_new(&tight);
    struct hash32 root;
    uint8_t key[3] = { 1, 0, 0 }, value[8] = { 0 };

    for (unsigned i = 0; i < 1000; i++) {
        key[1] = (uint8_t)(i >> 8);
        key[2] = (uint8_t)i;
        cr_assert_eq(state_store_put(store, bytes_of(key, 3), bytes_of(value, 8)), ERR_OK);
    }
    state_store_pin(store, 0);
    cr_assert(state_store_pinned(store, 0, &root));
    for (unsigned i = 0; i < 1000; i++) {
        key[1] = (uint8_t)(i >> 8);
        key[2] = (uint8_t)i;
        value[0] = 1;
        cr_assert_eq(state_store_put(store, bytes_of(key, 3), bytes_of(value, 8)), ERR_OK, "%u", i);
    }
    cr_assert_not(state_store_pinned(store, 0, &root));
    cr_assert_eq(state_store_keys(store), 1000);
    (void)state_store_root(store);
    state_store_clear(store);
    root = state_store_root(store);
    cr_assert(hash_is_zero(&root));
    free(store);
}

/* The leaf of a key among its neighbours, found by walking. */
static uint32_t leaf_of(const struct state_store *store, struct bytes key)
{
    return tree_descend(store, store->root, key);
}

Test(state_store, a_value_that_grows_and_shrinks_stays_in_its_leaf_until_a_pin_sees_it)
{
    static const size_t sizes[] = { 0, 81, 82, 400, 205, 206, 2304, 1, 329, 2304, 0 };
    struct state_store *store = store_new(&roomy);
    static uint8_t value[STATE_VALUE_BYTES_MAX], found[STATE_VALUE_BYTES_MAX];
    uint8_t key[3] = { 1, 2, 3 }, other[3] = { 1, 2, 4 };
    size_t size;

    cr_assert_eq(state_store_put(store, bytes_of(key, 3), bytes_of(value, 0)), ERR_OK);
    cr_assert_eq(state_store_put(store, bytes_of(other, 3), bytes_of(value, 100)), ERR_OK);
    uint32_t first = leaf_of(store, bytes_of(key, 3));
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t wanted = sizes[i % (sizeof sizes / sizeof sizes[0])];
        memset(value, (int)i + 1, sizeof value);
        cr_assert_eq(state_store_put(store, bytes_of(key, 3), bytes_of(value, wanted)), ERR_OK);
        if (i % 3 == 0) {
            (void)state_store_root(store); /* what is folded stays where it is too */
        }
        cr_assert_eq(leaf_of(store, bytes_of(key, 3)), first, "change %zu", i);
        cr_assert(state_store_get(store, bytes_of(key, 3), found, sizeof found, &size));
        cr_assert_eq(size, wanted);
        cr_assert_eq(memcmp(found, value, wanted), 0);
        cr_assert_eq(store->cells_used - store->cells_free_count, store->cells_count, "no cell is lost");
        state_store_check_tree(store);
    }
    state_store_pin(store, 0);
    cr_assert_eq(state_store_put(store, bytes_of(key, 3), bytes_of(value, 500)), ERR_OK);
    cr_assert_neq(leaf_of(store, bytes_of(key, 3)), first, "the pin sees that one");
    state_store_unpin(store, 0);
    state_store_check_tree(store);
    free(store);
}

static void check_tree(const void *state) { state_store_check_tree(state); }
static void check_counts(const void *state) { state_store_check(state); }

/* M1 to M4 of state_store.c, each broken once. */
Test(state_store, stops_at_a_tree_that_no_change_makes)
{
    struct state_store *store = store_new(&roomy);

    random_state = 99;
    model.count = 0;
    for (unsigned i = 0; i < 60; i++) {
        change(store, &model);
    }
    cr_assert_not(kit_stops(check_tree, store), "dirty, and right");
    (void)state_store_root(store);
    cr_assert_not(kit_stops(check_tree, store));
    struct inner *root = &store->inners[store->root], kept = *root;
    uint32_t other = ref_is_leaf(kept.child[0]) ? kept.child[1] : kept.child[0];
    struct inner *below = &store->inners[other], kept_below = *below;
    cr_assert_not(ref_is_leaf(other));
    root->child[0] = kept.child[1];
    root->child[1] = kept.child[0];
    cr_assert(kit_stops(check_tree, store), "M2: keys on the wrong side");
    *root = kept;
    below->bit = root->bit;
    cr_assert(kit_stops(check_tree, store), "M1: bits do not ascend");
    *below = kept_below;
    below->dirty = 1;
    cr_assert(kit_stops(check_tree, store), "M4: dirty below a clean node");
    *below = kept_below;
    store->dirty_count = 1;
    cr_assert(kit_stops(check_tree, store));
    store->dirty_count = 0;
    cr_assert_not(kit_stops(check_tree, store));
    store->way = (struct way){ .count = 1, .node = { other } };
    cr_assert(kit_stops(check_tree, store), "W1: a node of the way that is clean");
    store->way.count = 0;
    store->cells_count = store->keys_count - 1;
    cr_assert(kit_stops(check_counts, store), "a leaf without a head");
    free(store);
}
