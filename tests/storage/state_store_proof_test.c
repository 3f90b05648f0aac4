/* state_store_proof_test.c: every true statement about keys and prefixes can be proved, and no altered proof is believed. */
#include "storage/state_store.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct state_limits limits = { .keys_max = 1024, .cells_max = 4096, .journal_bytes = 4096 };
static uint8_t proof_bytes[1 << 16];

static struct state_store *store_of(unsigned keys)
{
    struct arena measure, arena;
    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    struct state_store *store = state_store_init(&arena, &limits);
    for (unsigned i = 0; i < keys; i++) {
        uint8_t key[4] = { (uint8_t)(i % 3), (uint8_t)(i * 37), (uint8_t)(i / 7), (uint8_t)i }, value[200];
        memset(value, (int)i, sizeof value);
        cr_assert_eq(state_store_put(store, bytes_of(key, 4), bytes_of(value, i % 200)), ERR_OK);
    }
    return store;
}

/* Every single-bit flip, truncation and extension must fail. */
static void assert_rigid(enum verdict (*check)(struct state_proof *, struct bytes, const struct hash32 *, struct bytes), size_t size, const struct hash32 *root, struct bytes subject)
{
    struct state_proof proof;
    struct hash32 other = *root;

    cr_assert_eq(check(&proof, bytes_of(proof_bytes, size), root, subject), VERDICT_OK);
    for (size_t bit = 0; bit < size * 8; bit++) {
        proof_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_neq(check(&proof, bytes_of(proof_bytes, size), root, subject), VERDICT_OK, "bit %zu", bit);
        proof_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_neq(check(&proof, bytes_of(proof_bytes, cut), root, subject), VERDICT_OK, "cut %zu", cut);
    }
    cr_assert_eq(check(&proof, bytes_of(proof_bytes, size + 1), root, subject), VERDICT_TRAILING);
    other.bytes[0] ^= 1;
    cr_assert_eq(check(&proof, bytes_of(proof_bytes, size), &other, subject), VERDICT_HASH);
}

Test(state_proof, presence_and_absence_of_every_key)
{
    struct state_store *store = store_of(100);
    struct hash32 root = state_store_root(store);
    unsigned present = 0;

    for (unsigned i = 0; i < 160; i++) {
        uint8_t key[4] = { (uint8_t)(i % 3), (uint8_t)(i * 37), (uint8_t)(i / 7), (uint8_t)i }, value[STATE_VALUE_BYTES_MAX];
        size_t size;
        struct writer writer;
        struct state_proof proof;
        struct state_entry entry;
        bool there = state_store_get(store, bytes_of(key, 4), value, sizeof value, &size);
        writer_init(&writer, proof_bytes, sizeof proof_bytes);
        cr_assert_eq(state_store_prove_key(store, STATE_PIN_NONE, bytes_of(key, 4), &writer), ERR_OK);
        cr_assert_eq(state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of(key, 4)), VERDICT_OK);
        cr_assert_eq(proof.kind, there ? STATE_PROOF_PRESENT : STATE_PROOF_ABSENT);
        cr_assert_eq(state_proof_next(&proof, &entry), there);
        if (there) {
            cr_assert_eq(entry.value.size, size);
            cr_assert_eq(memcmp(entry.value.data, value, size), 0);
            present++;
        }
        if (i % 10 == 0) {
            assert_rigid(state_proof_check_key, writer.offset, &root, bytes_of(key, 4));
        }
        uint8_t stranger[4] = { key[0], key[1], key[2], (uint8_t)(key[3] ^ 0x80) };
        bool also_proves = state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of(stranger, 4)) == VERDICT_OK;
        cr_assert_not(there && also_proves, "a proof that one key is there says nothing of another");
    }
    cr_assert_eq(present, 100);
    free(store);
}

Test(state_proof, root_and_proofs_of_a_known_state_keep_their_bytes)
{
    static const struct { const char *name; uint8_t bytes[4]; size_t size; const char *pinned; } rows[] = {
        { "present", { 1, 37, 0, 1 }, 4, "287 d8a9f4bbb6d24c6c" },
        { "absent", { 1, 38, 0, 1 }, 4, "377 dc2a68b7d1b3c0ed" },
        { "prefix", { 2, 74 }, 2, "254 4200acd908e5496b" },
        { "prefix of nothing", { 2, 75 }, 2, "254 c2790bfe5ed91296" },
    };
    struct state_store *store = store_of(100);
    struct hash32 root = state_store_root(store);

    pinned_kit_check("root", root.bytes, HASH_BYTES, "32 6556132c953dc2bf");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes subject = bytes_of(rows[i].bytes, rows[i].size);
        struct writer writer;
        writer_init(&writer, proof_bytes, sizeof proof_bytes);
        enum err err = rows[i].size == 4 ? state_store_prove_key(store, STATE_PIN_NONE, subject, &writer) : state_store_prove_prefix(store, STATE_PIN_NONE, subject, &writer);
        cr_assert_eq(err, ERR_OK);
        pinned_kit_check(rows[i].name, proof_bytes, writer.offset, rows[i].pinned);
    }
    free(store);
}

Test(state_proof, a_prefix_proof_holds_all_its_pairs)
{
    struct state_store *store = store_of(100);
    struct hash32 root = state_store_root(store);
    static const struct { uint8_t bytes[4]; size_t size; } prefixes[] = {
        { { 0 }, 0 }, { { 0 }, 1 }, { { 1 }, 1 }, { { 2 }, 1 }, { { 3 }, 1 }, { { 255 }, 1 }, { { 1, 37, 0, 1 }, 4 }, { { 1, 37 }, 2 },
        { { 1, 38 }, 2 }, { { 2, 74, 0 }, 3 }, { { 2, 74, 9 }, 3 },
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct bytes prefix = bytes_of(prefixes[i].bytes, prefixes[i].size);
        struct state_cursor cursor;
        struct state_entry entry, proved;
        struct state_proof proof;
        struct writer writer;
        writer_init(&writer, proof_bytes, sizeof proof_bytes);
        cr_assert_eq(state_store_prove_prefix(store, STATE_PIN_NONE, prefix, &writer), ERR_OK);
        cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &root, prefix), VERDICT_OK, "row %zu", i);
        state_cursor_init(&cursor, prefix, STATE_PIN_NONE);
        while (state_cursor_next(store, &cursor, &entry)) {
            cr_assert(state_proof_next(&proof, &proved));
            cr_assert_eq(memcmp(proved.key.data, entry.key.data, 4), 0);
            cr_assert_eq(proved.value.size, entry.value.size);
            cr_assert_eq(memcmp(proved.value.data, entry.value.data, entry.value.size), 0);
        }
        cr_assert_not(state_proof_next(&proof, &proved));
        if (prefix.size > 0) {
            assert_rigid(state_proof_check_prefix, writer.offset, &root, prefix);
        }
    }
    free(store);
}

/* A server that leaves out one pair cannot make up for it: neither by the count nor by proving a longer prefix instead. */
Test(state_proof, a_left_out_pair_is_noticed)
{
    struct state_store *store = store_of(60), *without = store_of(60);
    struct hash32 root = state_store_root(store);
    uint8_t gone[4] = { 1, (uint8_t)(31 * 37), 31 / 7, 31 };
    struct state_proof proof;
    struct writer writer;

    cr_assert_eq(state_store_remove(without, bytes_of(gone, 4)), ERR_OK);
    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    cr_assert_eq(state_store_prove_prefix(without, STATE_PIN_NONE, bytes_of(gone, 1), &writer), ERR_OK);
    cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of(gone, 1)), VERDICT_HASH);
    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    cr_assert_eq(state_store_prove_prefix(store, STATE_PIN_NONE, bytes_of("\1\x25", 2), &writer), ERR_OK);
    cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of("\1\x25", 2)), VERDICT_OK);
    cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of("\1", 1)), VERDICT_HASH);
    cr_assert_eq(state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of("\1", 1)), VERDICT_TYPE);
    free(store);
    free(without);
}

Test(state_proof, the_empty_store_proves_that_nothing_is_there)
{
    struct state_store *store = store_of(0), *one = store_of(1);
    struct hash32 root = state_store_root(store), other = state_store_root(one);
    struct state_proof proof;
    struct writer writer;

    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    cr_assert_eq(state_store_prove_key(store, STATE_PIN_NONE, bytes_of("k", 1), &writer), ERR_OK);
    cr_assert_eq(state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of("k", 1)), VERDICT_OK);
    cr_assert_eq(state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &other, bytes_of("k", 1)), VERDICT_HASH);
    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    cr_assert_eq(state_store_prove_prefix(store, STATE_PIN_NONE, bytes_of("k", 1), &writer), ERR_OK);
    cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &root, bytes_of("k", 1)), VERDICT_OK);
    cr_assert_eq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, writer.offset), &other, bytes_of("k", 1)), VERDICT_HASH);
    free(store);
    free(one);
}

Test(state_proof, a_pin_proves_the_state_as_it_was_and_a_small_writer_is_told)
{
    struct state_store *store = store_of(50);
    struct hash32 old = state_store_root(store), now;
    uint8_t key[4] = { 0, 0, 0, 0 };
    struct state_proof proof;
    struct state_entry entry;
    struct writer writer;

    state_store_pin(store, 1);
    cr_assert_eq(state_store_put(store, bytes_of(key, 4), bytes_of("new", 3)), ERR_OK);
    now = state_store_root(store);
    cr_assert_not(hash_equal(&old, &now));
    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    cr_assert_eq(state_store_prove_key(store, 1, bytes_of(key, 4), &writer), ERR_OK);
    cr_assert_eq(state_proof_check_key(&proof, bytes_of(proof_bytes, writer.offset), &old, bytes_of(key, 4)), VERDICT_OK);
    cr_assert(state_proof_next(&proof, &entry));
    cr_assert_eq(entry.value.size, 0);
    cr_assert_eq(state_store_prove_key(store, 0, bytes_of(key, 4), &writer), ERR_NOT_FOUND);
    writer_init(&writer, proof_bytes, 20);
    cr_assert_eq(state_store_prove_key(store, STATE_PIN_NONE, bytes_of(key, 4), &writer), ERR_FULL);
    free(store);
}

Test(state_proof, random_bytes_are_never_believed)
{
    struct hash32 root = { { 1 } };
    struct state_proof proof;
    uint64_t x = 88172645463325252u;

    for (unsigned i = 0; i < 20000; i++) {
        size_t size = (size_t)(x % 300);
        for (size_t j = 0; j < size; j++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            proof_bytes[j] = (uint8_t)x;
        }
        if (size > 6) {
            proof_bytes[0] = (uint8_t)(1 + x % 4);
            proof_bytes[1] = (uint8_t)(x >> 8 & 3);
            proof_bytes[2] = 0;
        }
        cr_assert_neq(state_proof_check_key(&proof, bytes_of(proof_bytes, size), &root, bytes_of("k", 1)), VERDICT_OK);
        cr_assert_neq(state_proof_check_prefix(&proof, bytes_of(proof_bytes, size), &root, bytes_of("k", 1)), VERDICT_OK);
        x = x * 2862933555777941757u + 3037000493u;
    }
}

/* What the store says about a question, against what a checked proof says. */
static void assert_true_of(struct state_store *store, struct state_proof proof, struct bytes subject, bool is_prefix)
{
    struct state_cursor cursor;
    struct state_entry entry, proved;
    uint8_t value[STATE_VALUE_BYTES_MAX];
    size_t size;

    if (!is_prefix) {
        cr_assert_eq(proof.kind == STATE_PROOF_PRESENT, state_store_get(store, subject, value, sizeof value, &size));
        return;
    }
    state_cursor_init(&cursor, subject, STATE_PIN_NONE);
    while (state_cursor_next(store, &cursor, &entry)) {
        cr_assert(state_proof_next(&proof, &proved), "one is left out");
        cr_assert_eq(proved.key.size, entry.key.size);
        cr_assert_eq(memcmp(proved.key.data, entry.key.data, entry.key.size), 0);
    }
    cr_assert_not(state_proof_next(&proof, &proved), "one is made up");
}

/* A server that answers one question with the proof of another, under its kind or any other, gets away with it only where that is the truth. */
Test(state_proof, no_proof_of_one_question_lies_about_another)
{
    enum { QUESTIONS = 60 };
    struct state_store *store = store_of(40);
    struct hash32 root = state_store_root(store);
    unsigned accepted = 0;

    for (unsigned i = 0; i < QUESTIONS * 2; i++) {
        uint8_t key[4] = { (uint8_t)(i % 3), (uint8_t)(i * 37), (uint8_t)(i / 7), (uint8_t)i };
        struct writer writer;
        writer_init(&writer, proof_bytes, sizeof proof_bytes);
        bool prefix = i >= QUESTIONS;
        enum err err = prefix ? state_store_prove_prefix(store, STATE_PIN_NONE, bytes_of(key, i % 4), &writer)
                              : state_store_prove_key(store, STATE_PIN_NONE, bytes_of(key, 4), &writer);
        cr_assert_eq(err, ERR_OK);
        for (unsigned j = 0; j < QUESTIONS * 4; j++) {
            uint8_t other[4] = { (uint8_t)(j % 3), (uint8_t)(j * 37), (uint8_t)(j / 7), (uint8_t)j };
            for (uint8_t kind = STATE_PROOF_PRESENT; kind <= STATE_PROOF_PREFIX_EMPTY; kind++) {
                bool is_prefix = kind >= STATE_PROOF_PREFIX;
                struct bytes subject = bytes_of(other, is_prefix ? j % 5 : 4);
                struct state_proof proof;
                proof_bytes[0] = kind;
                struct bytes bytes = bytes_of(proof_bytes, writer.offset);
                enum verdict verdict = is_prefix ? state_proof_check_prefix(&proof, bytes, &root, subject) : state_proof_check_key(&proof, bytes, &root, subject);
                if (verdict == VERDICT_OK) {
                    assert_true_of(store, proof, subject, is_prefix);
                    accepted++;
                }
            }
        }
    }
    cr_assert_gt(accepted, QUESTIONS, "every question is answered by its own proof at least");
    free(store);
}
