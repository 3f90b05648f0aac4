/* statements_test.c: the second verifier of state proofs takes exactly what the first one takes: of every key and prefix, and of every proof in which a bit is wrong or that is cut. */
#include "sim/oracle/statements.h"

#include "storage/state_store.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct state_limits limits = { .keys_max = 1024, .cells_max = 4096, .journal_bytes = 4096 };
static uint8_t proof_bytes[1 << 16];
static void *memory;

static struct state_store *store_of(unsigned keys)
{
    struct arena measure, arena;

    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    memory = aligned_alloc(ARENA_ALIGN, measure.used);
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

/* both asks both verifiers. Gives: whether they take it; they must agree. */
static bool both(struct statement *statement, size_t size, const struct hash32 *root)
{
    struct state_proof proof;
    struct bytes bytes = bytes_of(proof_bytes, size);
    enum verdict verdict = statement->prefix ? state_proof_check_prefix(&proof, bytes, root, statement->key) : state_proof_check_key(&proof, bytes, root, statement->key);
    const char *wrong = statement_check(statement, bytes, root);

    cr_assert_eq(wrong == NULL, verdict == VERDICT_OK, "%s against %s", wrong == NULL ? "good" : wrong, verdict_name(verdict));
    if (wrong == NULL) {
        cr_assert_eq(statement->found, proof.kind == STATE_PROOF_PRESENT || proof.kind == STATE_PROOF_PREFIX);
    }
    return wrong == NULL;
}

static void assert_rigid(struct statement *statement, size_t size, const struct hash32 *root)
{
    for (size_t bit = 0; bit < size * 8; bit++) {
        proof_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(both(statement, size, root), "bit %zu", bit);
        proof_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_not(both(statement, cut, root), "cut %zu", cut);
    }
    cr_assert_not(both(statement, size + 1, root));
}

static void prove(struct state_store *store, const struct statement *statement, size_t *size)
{
    struct writer writer;

    writer_init(&writer, proof_bytes, sizeof proof_bytes);
    enum err err = statement->prefix ? state_store_prove_prefix(store, STATE_PIN_NONE, statement->key, &writer) : state_store_prove_key(store, STATE_PIN_NONE, statement->key, &writer);
    cr_assert_eq(err, ERR_OK);
    *size = writer.offset;
}

Test(statements, of_keys_are_judged_as_the_first_verifier_does)
{
    struct state_store *store = store_of(100);
    struct hash32 root = state_store_root(store);
    unsigned present = 0;
    size_t size;

    for (unsigned i = 0; i < 160; i++) {
        uint8_t key[4] = { (uint8_t)(i % 3), (uint8_t)(i * 37), (uint8_t)(i / 7), (uint8_t)i }, stranger[4] = { key[0], key[1], key[2], (uint8_t)(key[3] ^ 0x80) };
        struct statement statement = { .key = bytes_of(key, 4) };
        prove(store, &statement, &size);
        cr_assert(both(&statement, size, &root));
        cr_assert_eq(statement.value.size, statement.found ? i % 200 : 0);
        present += statement.found;
        if (i % 20 == 0) {
            assert_rigid(&statement, size, &root);
        }
        statement.key = bytes_of(stranger, 4);
        (void)both(&statement, size, &root);
    }
    cr_assert_eq(present, 100);
    free(memory);
}

Test(statements, of_prefixes_are_judged_as_the_first_verifier_does)
{
    static const struct { uint8_t bytes[4]; size_t size; uint32_t pairs; } prefixes[] = { { { 0 }, 1, 20 }, { { 1 }, 1, 20 }, { { 2 }, 1, 20 }, { { 3 }, 1, 0 }, { { 255 }, 1, 0 },
        { { 1, 37, 0, 1 }, 4, 1 }, { { 1, 37 }, 2, 1 }, { { 1, 38 }, 2, 0 }, { { 2, 74, 0 }, 3, 1 }, { { 2, 74, 9 }, 3, 0 } };
    struct state_store *store = store_of(60);
    struct hash32 root = state_store_root(store);
    size_t size;

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct statement statement = { .key = bytes_of(prefixes[i].bytes, prefixes[i].size), .prefix = true };
        prove(store, &statement, &size);
        cr_assert(both(&statement, size, &root), "row %zu", i);
        cr_assert_eq(statement.pairs_count, prefixes[i].pairs, "row %zu: %u", i, statement.pairs_count);
        if (i % 3 == 2) {
            assert_rigid(&statement, size, &root);
        }
    }
    free(memory);
}

Test(statements, of_an_empty_state_are_that_nothing_is_there)
{
    struct state_store *store = store_of(0);
    struct hash32 root = state_store_root(store), other = root;
    struct statement statement = { .key = bytes_of("a", 1) };
    size_t size;

    other.bytes[3] = 1;
    for (int prefix = 0; prefix < 2; prefix++) {
        statement.prefix = prefix == 1;
        prove(store, &statement, &size);
        cr_assert(both(&statement, size, &root));
        cr_assert_not(statement.found);
        cr_assert_not(both(&statement, size, &other));
    }
    free(memory);
}
