/* state_hint_test.c: a hint names the leaf of its key in the newest tree or another one, never anything else, whatever was put, undone or pinned. */
#include "storage/state_hint.h"

#include "storage/state_store.h"
#include "storage/state_store_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { KEYS = 300 };

static uint64_t random_state = 7;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

/* Short and long keys of few accounts, so that many want the same place. */
static struct bytes key_of(uint32_t number, uint8_t out[STATE_KEY_BYTES_MAX])
{
    memset(out, 0, STATE_KEY_BYTES_MAX);
    out[0] = (uint8_t)(number % 5);
    out[1] = (uint8_t)(number / 50);
    out[36] = (uint8_t)(number / 5);
    return bytes_of(out, out[0] < 2 ? 2 : out[0] == 2 ? 33 : 37);
}

static struct state_store *store_new(uint32_t keys_max)
{
    struct state_limits limits = { .keys_max = keys_max, .cells_max = 4 * keys_max, .journal_bytes = 1 << 16 };
    struct arena measure, arena;

    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    return state_store_init(&arena, &limits);
}

/* Every place that is not empty: a walk from the root for the key of that leaf ends at it, and the key's own place is this one. */
static uint32_t check_all(const struct state_store *store)
{
    uint32_t used = 0;

    for (size_t i = 0; i < ((size_t)1 << store->hints.lines_bits) * STATE_HINT_PLACES; i++) {
        uint32_t ref = store->hints.places[i];
        if (ref == STATE_HINT_NONE) {
            continue;
        }
        struct bytes key = leaf_key(pool_leaf(store, ref));
        cr_assert_neq(store->root, REF_NONE);
        cr_assert_eq(tree_descend(store, store->root, key), ref);
        cr_assert_eq(state_hint_place(&store->hints, key), &store->hints.places[i]);
        used++;
    }
    return used;
}

static void change(struct state_store *store)
{
    uint8_t key_bytes[STATE_KEY_BYTES_MAX], value[300] = { 0 };
    struct bytes key = key_of((uint32_t)draw(KEYS), key_bytes);
    size_t size;

    switch (draw(4)) {
    case 0:
        (void)state_store_remove(store, key);
        break;
    case 1:
        (void)state_store_get(store, key, value, sizeof value, &size);
        break;
    default:
        cr_assert_eq(state_store_put(store, key, bytes_of(value, draw(sizeof value))), ERR_OK);
    }
}

Test(state_hint, names_a_leaf_of_the_newest_tree_or_none)
{
    struct state_store *store = store_new(512);
    uint32_t most = 0;

    for (uint32_t round = 0; round < 400; round++) {
        state_store_savepoint(store);
        for (uint64_t i = draw(30); i > 0; i--) {
            change(store);
        }
        if (draw(2) == 0) {
            state_store_undo(store);
        } else {
            state_store_keep(store);
        }
        if (draw(4) == 0) {
            state_store_pin(store, (uint32_t)draw(STATE_PINS_MAX));
        }
        uint32_t used = check_all(store);
        most = used > most ? used : most;
    }
    cr_assert_gt(most, 20);
    state_store_clear(store);
    cr_assert_eq(check_all(store), 0);
    free(store);
}

Test(state_hint, keys_of_one_account_share_a_line_and_differ_in_place)
{
    struct state_store *store = store_new(1 << 20);
    uint8_t patient[33] = { 4, 1, 2, 3, 4, 5, 6, 7, 8 }, peaks[33] = { 13, 1, 2, 3, 4, 5, 6, 7, 8 }, grant[37] = { 6, 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t other[33] = { 4, 9, 2, 3, 4, 5, 6, 7, 8 };

    grant[36] = 1;
    uint32_t *a = state_hint_place(&store->hints, bytes_of(patient, 33)), *b = state_hint_place(&store->hints, bytes_of(peaks, 33));
    uint32_t *c = state_hint_place(&store->hints, bytes_of(grant, 37)), *d = state_hint_place(&store->hints, bytes_of(other, 33));
    cr_assert_eq((uintptr_t)a / 64, (uintptr_t)b / 64);
    cr_assert_eq((uintptr_t)a / 64, (uintptr_t)c / 64);
    cr_assert_neq((uintptr_t)a / 64, (uintptr_t)d / 64);
    cr_assert_neq(a, b);
    cr_assert_neq(b, c);
    free(store);
}

Test(state_hint, what_was_looked_for_keeps_its_place_when_another_key_is_put)
{
    struct state_store *store = store_new(512);
    uint8_t grant[37] = { 6, 1 }, pointer[37] = { 5, 1 }, value[4] = { 0 };
    size_t size;

    grant[36] = 1;
    pointer[36] = 2;
    struct bytes looked = bytes_of(grant, sizeof grant), put = bytes_of(pointer, sizeof pointer);
    uint32_t *place = state_hint_place(&store->hints, looked);
    cr_assert_eq(state_hint_place(&store->hints, put), place, "both want it");
    cr_assert_eq(state_store_put(store, looked, bytes_of(value, sizeof value)), ERR_OK);
    uint32_t first = *place;
    cr_assert_eq(state_store_put(store, put, bytes_of(value, sizeof value)), ERR_OK);
    cr_assert_eq(*place, first);
    cr_assert(state_store_get(store, put, value, sizeof value, &size));
    cr_assert_neq(*place, first, "now it was looked for");
    free(store);
}

Test(state_hint, every_key_has_a_place_in_the_table)
{
    for (uint32_t keys_max = 1; keys_max <= 1 << 20; keys_max *= 32) {
        struct state_store *store = store_new(keys_max);
        size_t places = ((size_t)1 << store->hints.lines_bits) * STATE_HINT_PLACES;
        for (size_t size = 1; size <= STATE_KEY_BYTES_MAX; size++) {
            uint8_t key[STATE_KEY_BYTES_MAX];
            memset(key, (int)draw(256), sizeof key);
            uint32_t *place = state_hint_place(&store->hints, bytes_of(key, size));
            cr_assert_geq((uintptr_t)place, (uintptr_t)store->hints.places);
            cr_assert_lt((uintptr_t)place, (uintptr_t)(store->hints.places + places));
        }
        free(store);
    }
}
