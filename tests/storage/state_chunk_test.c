/* state_chunk_test.c: the cut depends on the content alone, its parts are whole subtrees as large as fit, and together they give the root. */
#include "storage/state_chunk.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 4096, CHUNKS_MAX = 2048 };

struct cut {
    struct state_chunk chunks[CHUNKS_MAX];
    uint8_t *bytes[CHUNKS_MAX];
    uint32_t count;
    struct hash32 root;
};

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static void *memory_take(void (*take)(struct arena *arena, void *context), void *context)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    take(&measure, context);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    cr_assert_not_null(memory);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    take(&arena, context);
    return memory;
}

static void take_store(struct arena *arena, void *context)
{
    struct state_limits limits = { .keys_max = KEYS_MAX, .cells_max = 20 * KEYS_MAX, .journal_bytes = 0 };

    *(struct state_store **)context = state_store_init(arena, &limits);
}

static struct state_chunker chunker;

static void take_chunker(struct arena *arena, void *context)
{
    state_chunker_init(&chunker, arena, *(uint32_t *)context);
}

/* Keys as the ledger's: some kinds with one key, some with long runs in common. */
static void fill(struct state_store *store, uint32_t keys)
{
    uint8_t key[40], value[STATE_VALUE_BYTES_MAX];

    for (uint32_t i = 0; i < keys; i++) {
        size_t size = draw(20) == 0 ? 1000 + draw(1000) : draw(200);
        memset(key, 0x55, sizeof key);
        key[0] = (uint8_t)draw(6);
        key[1] = (uint8_t)(draw(2) * 0xff);
        key[35] = (uint8_t)draw(256);
        key[36] = (uint8_t)draw(256);
        memset(value, (int)draw(256), size);
        cr_assert_eq(state_store_put(store, bytes_of(key, key[0] == 0 ? 1 : 37), bytes_of(value, size)), ERR_OK);
    }
}

static void take_ready(struct cut *cut)
{
    struct bytes bytes;

    while (state_chunker_next(&chunker, &cut->chunks[cut->count], &bytes)) {
        cut->bytes[cut->count] = malloc(bytes.size);
        memcpy(cut->bytes[cut->count], bytes.data, bytes.size);
        cut->count++;
        cr_assert_lt(cut->count, CHUNKS_MAX);
    }
}

static void cut_make(struct state_store *store, struct cut *cut)
{
    struct state_cursor cursor;
    struct state_entry entry;

    cut->count = 0;
    state_chunker_begin(&chunker);
    state_cursor_init(&cursor, bytes_of("", 0), STATE_PIN_NONE);
    while (state_cursor_next(store, &cursor, &entry)) {
        state_chunker_add(&chunker, entry.key, entry.value);
        take_ready(cut);
    }
    cut->root = state_chunker_end(&chunker);
    take_ready(cut);
}

static void cut_free(struct cut *cut)
{
    for (uint32_t i = 0; i < cut->count; i++) {
        free(cut->bytes[i]);
    }
}

static struct hash32 fold_of(const struct cut *cut)
{
    struct state_fold fold;

    state_fold_begin(&fold);
    for (uint32_t i = 0; i < cut->count; i++) {
        cr_assert(state_fold_add(&fold, cut->chunks[i].bit, &cut->chunks[i].hash));
    }
    return state_fold_end(&fold);
}

static struct cut first, second;

Test(state_chunk, chunks_are_whole_subtrees_that_give_the_root)
{
    struct state_store *store;
    uint32_t bytes_max = STATE_CHUNK_BYTES_MIN;
    void *memory = memory_take(take_store, &store), *buffer = memory_take(take_chunker, &bytes_max);

    for (uint32_t round = 0; round < 40; round++) {
        random_state = round + 1;
        state_store_clear(store);
        fill(store, (uint32_t)draw(round < 8 ? 4 : 1500));
        cut_make(store, &first);
        struct hash32 root = state_store_root(store), folded = fold_of(&first);
        cr_assert(hash_equal(&root, &first.root), "round %u", round);
        cr_assert(hash_equal(&root, &folded), "round %u", round);
        uint32_t pairs = 0;
        for (uint32_t i = 0; i < first.count; i++) {
            struct hash32 hash;
            uint32_t found = 0;
            cr_assert_eq(state_chunk_check(bytes_of(first.bytes[i], first.chunks[i].bytes), &hash, &found), VERDICT_OK);
            cr_assert(hash_equal(&hash, &first.chunks[i].hash));
            cr_assert_eq(found, first.chunks[i].pairs);
            cr_assert_leq(first.chunks[i].bytes, bytes_max);
            pairs += found;
        }
        cr_assert_eq(pairs, state_store_keys(store));
        cut_free(&first);
    }
    free(memory);
    free(buffer);
}

/* Two chunks side by side below one node would fit together if a larger chunk had been possible. */
Test(state_chunk, no_two_brothers_would_fit_into_one_chunk)
{
    struct state_store *store;
    uint32_t bytes_max = STATE_CHUNK_BYTES_MIN;
    void *memory = memory_take(take_store, &store), *buffer = memory_take(take_chunker, &bytes_max);

    random_state = 99;
    fill(store, 1500);
    cut_make(store, &first);
    cr_assert_gt(first.count, 10u);
    for (uint32_t i = 0; i + 1 < first.count; i++) {
        uint32_t before = i == 0 ? 0 : first.chunks[i].bit, between = first.chunks[i + 1].bit;
        uint32_t after = i + 2 == first.count ? 0 : first.chunks[i + 2].bit;
        bool brothers = between > before && between > after;
        cr_assert(!brothers || first.chunks[i].bytes + first.chunks[i + 1].bytes > bytes_max, "chunk %u", i);
    }
    cut_free(&first);
    free(memory);
    free(buffer);
}

Test(state_chunk, cut_does_not_depend_on_history)
{
    struct state_store *store;
    uint32_t bytes_max = STATE_CHUNK_BYTES_MIN;
    void *memory = memory_take(take_store, &store), *buffer = memory_take(take_chunker, &bytes_max);
    struct state_cursor cursor;
    struct state_entry entry;

    random_state = 7;
    fill(store, 900);
    cut_make(store, &first);
    struct state_store *other;
    void *others = memory_take(take_store, &other);
    uint8_t gone[37] = { 5, 1, 2, 3 };
    cr_assert_eq(state_store_put(other, bytes_of(gone, sizeof gone), bytes_of("x", 1)), ERR_OK);
    state_cursor_init(&cursor, bytes_of("", 0), STATE_PIN_NONE);
    while (state_cursor_next(store, &cursor, &entry)) {
        cr_assert_eq(state_store_put(other, entry.key, bytes_of("", 0)), ERR_OK);
        cr_assert_eq(state_store_put(other, entry.key, entry.value), ERR_OK);
    }
    cr_assert_eq(state_store_remove(other, bytes_of(gone, sizeof gone)), ERR_OK);
    cut_make(other, &second);
    cr_assert_eq(first.count, second.count);
    for (uint32_t i = 0; i < first.count; i++) {
        cr_assert_eq(first.chunks[i].bytes, second.chunks[i].bytes);
        cr_assert_arr_eq(first.bytes[i], second.bytes[i], first.chunks[i].bytes);
    }
    cut_free(&first);
    cut_free(&second);
    free(memory);
    free(others);
    free(buffer);
}

Test(state_chunk, no_flip_and_no_truncation_has_the_same_hash)
{
    struct state_store *store;
    uint32_t bytes_max = STATE_CHUNK_BYTES_MIN;
    void *memory = memory_take(take_store, &store), *buffer = memory_take(take_chunker, &bytes_max);
    struct hash32 hash;
    uint32_t pairs;

    random_state = 3;
    fill(store, 12);
    cut_make(store, &first);
    pinned_kit_check("chunk of a state", first.bytes[0], first.chunks[0].bytes, "1092 1c80980fd4db47d8");
    pinned_kit_check("root of a state", first.root.bytes, HASH_BYTES, "32 c5f83b76d6fbb6db");
    for (uint32_t i = 0; i < first.chunks[0].bytes; i++) {
        first.bytes[0][i] ^= 0x41;
        enum verdict verdict = state_chunk_check(bytes_of(first.bytes[0], first.chunks[0].bytes), &hash, &pairs);
        cr_assert(verdict != VERDICT_OK || !hash_equal(&hash, &first.chunks[0].hash), "byte %u", i);
        first.bytes[0][i] ^= 0x41;
        verdict = state_chunk_check(bytes_of(first.bytes[0], i), &hash, &pairs);
        cr_assert(verdict != VERDICT_OK || !hash_equal(&hash, &first.chunks[0].hash), "cut at %u", i);
    }
    cut_free(&first);
    free(memory);
    free(buffer);
}

Test(state_chunk, pair_without_a_key_at_the_end_is_refused)
{
    const uint8_t bytes[] = { 1, 0, 0, 7, 0, 0, 0 };
    struct hash32 hash;
    uint32_t pairs;

    cr_assert_eq(state_chunk_check(bytes_of(bytes, 4), &hash, &pairs), VERDICT_OK);
    cr_assert_eq(state_chunk_check(bytes_of(bytes, 7), &hash, &pairs), VERDICT_LENGTH);
    cr_assert_eq(state_chunk_check(bytes_of(bytes, 0), &hash, &pairs), VERDICT_SHORT);
}

Test(state_chunk, bits_of_no_tree_are_refused)
{
    struct state_fold fold;
    struct hash32 hash = { { 1 } };

    state_fold_begin(&fold);
    cr_assert(state_fold_add(&fold, 0, &hash));
    cr_assert(state_fold_add(&fold, 5, &hash));
    cr_assert_not(state_fold_add(&fold, 5, &hash), "a third child");
    state_fold_begin(&fold);
    cr_assert(state_fold_add(&fold, 0, &hash));
    cr_assert_not(state_fold_add(&fold, STATE_PROOF_DEPTH_MAX, &hash));
    state_fold_begin(&fold);
    struct hash32 none = state_fold_end(&fold);
    cr_assert(hash_is_zero(&none));
}
