/* statements.c: see statements.h. */
#include "sim/oracle/statements.h"

#include "base/assert.h"

#include <string.h>

#define STEPS_MAX 512u
#define KEY_MOST 64u
#define VALUE_MOST 2304u

enum { PROOF_PRESENT = 1, PROOF_ABSENT, PROOF_PAIRS, PROOF_NO_PAIRS };

/* --- Answers -------------------------------------------------------------------------------------------------------- */

const char *statements_read(struct statements *statements, struct bytes answer)
{
    struct reader reader;

    *statements = (struct statements){ 0 };
    reader_init(&reader, answer.data, answer.size);
    uint8_t version = read_u8(&reader);
    statements->kind = read_u8(&reader);
    uint8_t flags = read_u8(&reader), zero = read_u8(&reader);
    statements->certified = (flags & 1) != 0;
    statements->height = read_u64_le(&reader);
    statements->time_ms = read_u64_le(&reader);
    read_copy(&reader, statements->root.bytes, HASH_BYTES);
    size_t size = read_u16_le(&reader);
    statements->certificate = bytes_of(read_run(&reader, size), size);
    statements->parts_count = read_u8(&reader);
    if (reader.failed || version != 1 || flags > 1 || zero != 0 || statements->parts_count > STATEMENTS_PARTS_MAX) {
        return "its head is none";
    }
    for (uint32_t i = 0; i < statements->parts_count; i++) {
        statements->parts[i].type = read_u8(&reader);
        size_t bytes = read_u32_le(&reader);
        statements->parts[i].bytes = bytes_of(read_run(&reader, bytes), bytes);
    }
    return reader.failed || reader.offset != reader.size ? "its parts do not fill it" : NULL;
}

/* --- The tree ------------------------------------------------------------------------------------------------------- */

static struct hash32 tagged(const char *tag, struct bytes head, struct bytes more, struct bytes last)
{
    struct hasher hasher;

    hash_plain_init(&hasher);
    hash_update(&hasher, tag, strlen(tag));
    hash_update(&hasher, head.data, head.size);
    hash_update(&hasher, more.data, more.size);
    hash_update(&hasher, last.data, last.size);
    return hash_final(&hasher);
}

static struct hash32 leaf(struct bytes key, struct bytes value)
{
    uint8_t length[2] = { (uint8_t)(key.size >> 8), (uint8_t)key.size };

    return tagged("WARD/leaf", bytes_of(length, 2), key, value);
}

static struct hash32 node(uint32_t bit, const struct hash32 *left, const struct hash32 *right)
{
    uint8_t number[2] = { (uint8_t)(bit >> 8), (uint8_t)bit };

    return tagged("WARD/node", bytes_of(number, 2), bytes_of(left->bytes, HASH_BYTES), bytes_of(right->bytes, HASH_BYTES));
}

static bool bit_of(struct bytes key, uint32_t bit)
{
    return bit / 8 < key.size && (key.data[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

/* differs_at gives the first bit in which two keys differ, STEPS_MAX when they do not. */
static uint32_t differs_at(struct bytes a, struct bytes b)
{
    uint32_t bit = 0;

    while (bit < STEPS_MAX && bit_of(a, bit) == bit_of(b, bit)) {
        bit++;
    }
    return bit;
}

/* --- Proofs --------------------------------------------------------------------------------------------------------- */

struct pair {
    struct bytes key, value;
};

struct proof {
    uint8_t kind;
    uint32_t steps_count, pairs_count;
    uint32_t bits[STEPS_MAX];
    const uint8_t *others[STEPS_MAX];
    struct reader pairs;
};

static bool read_pair(struct reader *reader, struct pair *pair)
{
    size_t key = read_u8(reader), value = read_u16_le(reader);

    pair->key = bytes_of(read_run(reader, key), key);
    pair->value = bytes_of(read_run(reader, value), value);
    return !reader->failed && key >= 1 && key <= KEY_MOST && value <= VALUE_MOST;
}

static bool read_proof(struct proof *proof, struct bytes bytes)
{
    struct pair pair;

    reader_init(&proof->pairs, bytes.data, bytes.size);
    proof->kind = read_u8(&proof->pairs);
    proof->steps_count = read_u16_le(&proof->pairs);
    bool good = proof->kind >= PROOF_PRESENT && proof->kind <= PROOF_NO_PAIRS && proof->steps_count <= STEPS_MAX;
    for (uint32_t i = 0; good && i < proof->steps_count; i++) {
        proof->bits[i] = read_u16_le(&proof->pairs);
        proof->others[i] = read_run(&proof->pairs, HASH_BYTES);
        good = proof->bits[i] < STEPS_MAX && (i == 0 || proof->bits[i] > proof->bits[i - 1]);
    }
    proof->pairs_count = read_u32_le(&proof->pairs);
    struct reader rest = proof->pairs;
    for (uint32_t i = 0; good && !rest.failed && i < proof->pairs_count; i++) {
        good = read_pair(&rest, &pair);
    }
    return good && !rest.failed && rest.offset == rest.size;
}

/* climb goes up from a hash that stands where `key` leads to. */
static struct hash32 climb(const struct proof *proof, struct bytes key, struct hash32 hash)
{
    for (uint32_t i = proof->steps_count; i > 0; i--) {
        struct hash32 other;
        memcpy(other.bytes, proof->others[i - 1], HASH_BYTES);
        hash = bit_of(key, proof->bits[i - 1]) ? node(proof->bits[i - 1], &other, &hash) : node(proof->bits[i - 1], &hash, &other);
    }
    return hash;
}

/* follows: two keys go the same way at each step, of those whose bits are below `end`. */
static bool follows(const struct proof *proof, struct bytes a, struct bytes b, uint32_t end)
{
    bool same = true;

    for (uint32_t i = 0; i < proof->steps_count; i++) {
        same = same && (proof->bits[i] >= end || bit_of(a, proof->bits[i]) == bit_of(b, proof->bits[i]));
    }
    return same;
}

static bool begins(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

/* What stands between two neighbours is the node of the bit in which they differ; the lower bit is above. */
struct spine {
    uint32_t count;
    struct hash32 tops[STEPS_MAX + 1];
    uint32_t gaps[STEPS_MAX + 1]; /* between this one and the one before */
};

/* fold joins, from the right, whatever lies below a bit. */
static void fold(struct spine *spine, uint32_t bit)
{
    while (spine->count > 1 && spine->gaps[spine->count - 1] > bit) {
        spine->count--;
        spine->tops[spine->count - 1] = node(spine->gaps[spine->count], &spine->tops[spine->count - 1], &spine->tops[spine->count]);
    }
}

/* top_of_pairs gives the tree that the pairs alone make. Gives: false when they are out of order, or of another prefix. Needs: one at least. */
static bool top_of_pairs(const struct proof *proof, struct bytes prefix, struct pair *first, struct hash32 *top)
{
    static struct spine spine;
    struct reader reader = proof->pairs;
    struct pair pair, before = { { NULL, 0 }, { NULL, 0 } };

    ASSERT(prefix.size > 0);
    spine.count = 0;
    for (uint32_t i = 0; i < proof->pairs_count; i++) {
        bool read = read_pair(&reader, &pair);
        uint32_t bit = i == 0 ? 0 : differs_at(before.key, pair.key);
        if (!read || !begins(pair.key, prefix) || (i > 0 && (bit == STEPS_MAX || !bit_of(pair.key, bit)))) {
            return false;
        }
        *first = i == 0 ? pair : *first;
        fold(&spine, bit);
        ASSERT(spine.count <= STEPS_MAX); /* gaps ascend, and are below it */
        spine.gaps[spine.count] = bit;
        spine.tops[spine.count++] = leaf(pair.key, pair.value);
        before = pair;
    }
    fold(&spine, 0); /* Keys of one prefix differ behind their first bit. */
    ASSERT(spine.count == 1);
    *top = spine.tops[0];
    return true;
}

static bool is_empty(const struct proof *proof, const struct hash32 *root)
{
    static const struct hash32 zeros;

    return proof->pairs_count == 0 && proof->steps_count == 0 && memcmp(root->bytes, zeros.bytes, HASH_BYTES) == 0;
}

/* check_one looks at a proof of kind 1, 2 or 4, which has one pair. */
static const char *check_one(struct statement *statement, const struct proof *proof, const struct hash32 *root)
{
    struct reader reader = proof->pairs;
    struct pair pair;
    uint32_t end = statement->prefix ? 8 * (uint32_t)statement->key.size : STEPS_MAX;

    if (proof->pairs_count != 1 || !read_pair(&reader, &pair)) {
        return "it has not one pair";
    }
    bool same = pair.key.size == statement->key.size && begins(pair.key, statement->key);
    bool there = proof->kind == PROOF_PRESENT;
    if (there ? !same : statement->prefix ? begins(pair.key, statement->key) : same) {
        return "it is about another key";
    }
    if (!there && !follows(proof, pair.key, statement->key, end)) {
        return "the search does not end there";
    }
    struct hash32 top = climb(proof, pair.key, leaf(pair.key, pair.value));
    statement->found = there;
    statement->pairs_count = there ? 1 : 0;
    statement->value = there ? pair.value : bytes_of(NULL, 0);
    return memcmp(top.bytes, root->bytes, HASH_BYTES) == 0 ? NULL : "it does not lead to the root";
}

static const char *check_pairs(struct statement *statement, const struct proof *proof, const struct hash32 *root)
{
    struct pair first;
    struct hash32 top;

    if (proof->pairs_count == 0 || !top_of_pairs(proof, statement->key, &first, &top)) {
        return "its pairs are not those of the prefix, in order";
    }
    if (proof->steps_count > 0 && proof->bits[proof->steps_count - 1] >= 8 * statement->key.size) {
        return "a step is within the pairs";
    }
    top = climb(proof, statement->key, top);
    statement->found = true;
    statement->pairs_count = proof->pairs_count;
    statement->value = first.value;
    return memcmp(top.bytes, root->bytes, HASH_BYTES) == 0 ? NULL : "it does not lead to the root";
}

const char *statement_check(struct statement *statement, struct bytes bytes, const struct hash32 *root)
{
    static struct proof proof;

    statement->found = false;
    statement->pairs_count = 0;
    statement->value = bytes_of(NULL, 0);
    if (!read_proof(&proof, bytes)) {
        return "it cannot be read";
    }
    bool of_prefix = proof.kind == PROOF_PAIRS || proof.kind == PROOF_NO_PAIRS;
    if (of_prefix != statement->prefix) {
        return "it is of another kind";
    }
    if ((proof.kind == PROOF_ABSENT || proof.kind == PROOF_NO_PAIRS) && is_empty(&proof, root)) {
        return NULL;
    }
    return proof.kind == PROOF_PAIRS ? check_pairs(statement, &proof, root) : check_one(statement, &proof, root);
}
