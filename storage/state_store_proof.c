/* state_store_proof.c: writing and checking proofs of keys and of prefixes.
 *
 * A search for a key takes, at each node, the side of the key's bit there; the root commits to every node's bit and children. So a path
 * from the root whose sides are those of the key ends where the search ends: at the pair itself, or at another pair, and then the key is
 * absent. All keys with a prefix lie below the first node on the search path whose bit lies beyond the prefix, because keys below a node
 * agree before its bit; and the pairs below it determine its hash, because the content alone decides the tree's shape. */
#include "storage/state_store_priv.h"

#include "base/assert.h"
#include "storage/state_chunk.h"

#include <string.h>

struct step {
    uint32_t bit;
    struct hash32 sibling;
};

struct path {
    uint32_t count;
    struct step steps[STATE_PROOF_DEPTH_MAX];
};

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* The search for `key` from the root, over nodes whose bit is below `end`. Gives: where it stands then. */
static uint32_t find_path(const struct state_store *store, uint32_t root, struct bytes key, uint32_t end, struct path *path)
{
    uint32_t ref = root;

    path->count = 0;
    while (!ref_is_leaf(ref) && pool_inner(store, ref)->bit < end) {
        const struct inner *node = pool_inner(store, ref);
        uint32_t side = key_bit(key.data, key.size, node->bit);
        ASSERT(path->count < STATE_PROOF_DEPTH_MAX);
        path->steps[path->count++] = (struct step){ .bit = node->bit, .sibling = tree_hash(store, node->child[1 - side]) };
        ref = node->child[side];
    }
    return ref;
}

static void write_head(enum state_proof_kind kind, const struct path *path, uint32_t pairs, struct writer *writer)
{
    ASSERT(path->count <= STATE_PROOF_DEPTH_MAX);
    write_u8(writer, (uint8_t)kind);
    write_u16_le(writer, (uint16_t)path->count);
    for (uint32_t i = 0; i < path->count; i++) {
        write_u16_le(writer, (uint16_t)path->steps[i].bit);
        write_run(writer, path->steps[i].sibling.bytes, HASH_BYTES);
    }
    write_u32_le(writer, pairs);
}

static void write_pair(const struct state_store *store, uint32_t ref, struct writer *writer)
{
    const struct leaf_head *leaf = pool_leaf(store, ref);
    uint8_t value[STATE_VALUE_BYTES_MAX];

    ASSERT(leaf->key_bytes >= 1);
    leaf_value(store, leaf, value);
    write_u8(writer, leaf->key_bytes);
    write_u16_le(writer, leaf->value_bytes);
    write_run(writer, leaf->data, leaf->key_bytes);
    write_run(writer, value, leaf->value_bytes);
}

/* All leaves below a node, in order: counted, and written when there is a writer. */
static uint32_t walk_pairs(const struct state_store *store, uint32_t top, struct writer *writer)
{
    uint32_t stack[STATE_PROOF_DEPTH_MAX + 2];
    uint32_t depth = 0;
    uint32_t pairs = 0;

    stack[depth++] = top;
    while (depth > 0) { /* each round leaves one of the finitely many nodes behind */
        uint32_t ref = stack[--depth];
        if (ref_is_leaf(ref)) {
            pairs++;
            if (writer != NULL) {
                write_pair(store, ref, writer);
            }
            continue;
        }
        ASSERT(depth <= STATE_PROOF_DEPTH_MAX);
        stack[depth++] = pool_inner(store, ref)->child[1];
        stack[depth++] = pool_inner(store, ref)->child[0];
    }
    ASSERT(pairs >= 1);
    return pairs;
}

static bool has_prefix(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

/* The root of a view, with every hash in place. Fails: the pin does not stand. */
static enum err view_root(struct state_store *store, uint32_t view, uint32_t *root)
{
    if (view == STATE_PIN_NONE) {
        (void)state_store_root(store);
    }
    return tree_root(store, view, root) ? ERR_OK : ERR_NOT_FOUND;
}

enum err state_store_prove_key(struct state_store *store, uint32_t view, struct bytes key, struct writer *writer)
{
    struct path path = { .count = 0 };
    uint32_t root = REF_NONE;

    ASSERT(key.size >= 1);
    ASSERT(key.size <= STATE_KEY_BYTES_MAX);
    if (view_root(store, view, &root) != ERR_OK) {
        return ERR_NOT_FOUND;
    }
    if (root == REF_NONE) {
        write_head(STATE_PROOF_ABSENT, &path, 0, writer);
        return writer->failed ? ERR_FULL : ERR_OK;
    }
    uint32_t ref = find_path(store, root, key, BIT_NONE, &path);
    struct bytes found = leaf_key(pool_leaf(store, ref));
    bool present = found.size == key.size && has_prefix(found, key);
    write_head(present ? STATE_PROOF_PRESENT : STATE_PROOF_ABSENT, &path, 1, writer);
    write_pair(store, ref, writer);
    return writer->failed ? ERR_FULL : ERR_OK;
}

enum err state_store_prove_prefix(struct state_store *store, uint32_t view, struct bytes prefix, struct writer *writer)
{
    struct path path = { .count = 0 };
    uint32_t root = REF_NONE;

    ASSERT(prefix.size <= STATE_KEY_BYTES_MAX);
    if (view_root(store, view, &root) != ERR_OK) {
        return ERR_NOT_FOUND;
    }
    if (root == REF_NONE) {
        write_head(STATE_PROOF_PREFIX_EMPTY, &path, 0, writer);
        return writer->failed ? ERR_FULL : ERR_OK;
    }
    uint32_t top = find_path(store, root, prefix, (uint32_t)prefix.size * 8, &path);
    uint32_t leaf = tree_descend(store, top, prefix);
    if (has_prefix(leaf_key(pool_leaf(store, leaf)), prefix)) {
        uint32_t pairs = walk_pairs(store, top, NULL);
        write_head(STATE_PROOF_PREFIX, &path, pairs, writer);
        uint32_t written = walk_pairs(store, top, writer);
        ASSERT(written == pairs);
    } else {
        (void)find_path(store, root, prefix, BIT_NONE, &path);
        write_head(STATE_PROOF_PREFIX_EMPTY, &path, 1, writer);
        write_pair(store, leaf, writer);
    }
    return writer->failed ? ERR_FULL : ERR_OK;
}

/* --- Checking ----------------------------------------------------------------------------------------------------- */

/* What a proof says before it is believed. */
struct claim {
    uint8_t kind;
    struct path path;
    uint32_t pairs_count;
    struct reader pairs;
};

static bool read_pair(struct reader *reader, struct state_entry *entry)
{
    size_t key_bytes = read_u8(reader);
    size_t value_bytes = read_u16_le(reader);
    const uint8_t *key = read_run(reader, key_bytes);
    const uint8_t *value = read_run(reader, value_bytes);

    *entry = (struct state_entry){ .key = bytes_of(key, key_bytes), .value = bytes_of(value, value_bytes) };
    return !reader->failed && key_bytes >= 1 && key_bytes <= STATE_KEY_BYTES_MAX && value_bytes <= STATE_VALUE_BYTES_MAX;
}

static enum verdict read_claim(struct claim *claim, struct bytes bytes)
{
    struct reader reader;

    reader_init(&reader, bytes.data, bytes.size);
    claim->kind = read_u8(&reader);
    claim->path.count = read_u16_le(&reader);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (claim->kind < STATE_PROOF_PRESENT || claim->kind > STATE_PROOF_PREFIX_EMPTY) {
        return VERDICT_TYPE;
    }
    if (claim->path.count > STATE_PROOF_DEPTH_MAX) {
        return VERDICT_LENGTH;
    }
    for (uint32_t i = 0; i < claim->path.count; i++) {
        struct step *step = &claim->path.steps[i];
        step->bit = read_u16_le(&reader);
        read_copy(&reader, step->sibling.bytes, HASH_BYTES);
        if (step->bit >= STATE_PROOF_DEPTH_MAX || (i > 0 && step->bit <= claim->path.steps[i - 1].bit)) {
            return reader.failed ? VERDICT_SHORT : VERDICT_ORDER;
        }
    }
    claim->pairs_count = read_u32_le(&reader);
    claim->pairs = reader;
    struct state_entry entry;
    for (uint32_t i = 0; i < claim->pairs_count && !reader.failed; i++) { /* bounded: each pair takes bytes */
        if (!read_pair(&reader, &entry)) {
            return reader.failed ? VERDICT_SHORT : VERDICT_LENGTH;
        }
    }
    return reader_end(&reader);
}

/* The root that follows from a subtree's hash and the path above it, whose sides are those of `key`. */
static struct hash32 climb(const struct path *path, struct bytes key, struct hash32 hash)
{
    ASSERT(path->count <= STATE_PROOF_DEPTH_MAX);
    for (uint32_t i = path->count; i > 0; i--) {
        const struct step *step = &path->steps[i - 1];
        hash = key_bit(key.data, key.size, step->bit) == 0 ? node_hash(step->bit, &hash, &step->sibling) : node_hash(step->bit, &step->sibling, &hash);
    }
    return hash;
}

/* Whether two keys take the same side at every step whose bit is below `end`. */
static bool same_sides(const struct path *path, struct bytes a, struct bytes b, uint32_t end)
{
    for (uint32_t i = 0; i < path->count && path->steps[i].bit < end; i++) {
        if (key_bit(a.data, a.size, path->steps[i].bit) != key_bit(b.data, b.size, path->steps[i].bit)) {
            return false;
        }
    }
    return true;
}

static bool same_key(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* One pair under a path: the hash climbs to the root. */
static enum verdict check_single(const struct claim *claim, const struct hash32 *root, struct state_entry *entry)
{
    struct reader pairs = claim->pairs;

    if (claim->pairs_count != 1 || !read_pair(&pairs, entry)) {
        return VERDICT_LENGTH;
    }
    struct hash32 hash = climb(&claim->path, entry->key, pair_hash(entry->key, entry->value));
    return hash_equal(&hash, root) ? VERDICT_OK : VERDICT_HASH;
}

static enum verdict check_empty(const struct claim *claim, const struct hash32 *root)
{
    return claim->path.count == 0 && hash_is_zero(root) ? VERDICT_OK : VERDICT_HASH;
}

enum verdict state_proof_check_key(struct state_proof *proof, struct bytes bytes, const struct hash32 *root, struct bytes key)
{
    struct claim claim;
    struct state_entry entry;
    enum verdict verdict = read_claim(&claim, bytes);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (claim.kind != STATE_PROOF_PRESENT && claim.kind != STATE_PROOF_ABSENT) {
        return VERDICT_TYPE;
    }
    bool present = claim.kind == STATE_PROOF_PRESENT;
    if (!present && claim.pairs_count == 0) {
        verdict = check_empty(&claim, root);
    } else {
        verdict = check_single(&claim, root, &entry);
        if (verdict == VERDICT_OK && (same_key(entry.key, key) != present || !same_sides(&claim.path, entry.key, key, BIT_NONE))) {
            verdict = VERDICT_HASH;
        }
    }
    *proof = (struct state_proof){ .kind = present ? STATE_PROOF_PRESENT : STATE_PROOF_ABSENT, .pairs_count = present, .pairs = claim.pairs };
    return verdict;
}

/* The hash above all pairs of a claim. Fails: ORDER when they do not ascend, HASH when one lacks the prefix. */
static enum verdict rebuild_hash(const struct claim *claim, struct bytes prefix, struct hash32 *out)
{
    struct state_fold fold;
    struct reader pairs = claim->pairs;
    struct state_entry entry, last = { 0 };

    ASSERT(claim->pairs_count >= 1);
    state_fold_begin(&fold);

    for (uint32_t i = 0; i < claim->pairs_count; i++) {
        bool read = read_pair(&pairs, &entry);
        ASSERT(read); /* read_claim has read them all */
        if (!has_prefix(entry.key, prefix)) {
            return VERDICT_HASH;
        }
        uint32_t bit = i == 0 ? 0 : key_differ(last.key, entry.key);
        if (i > 0 && (bit == BIT_NONE || key_bit(entry.key.data, entry.key.size, bit) == 0)) {
            return VERDICT_ORDER;
        }
        struct hash32 leaf = pair_hash(entry.key, entry.value);
        bool fits = state_fold_add(&fold, bit, &leaf);
        ASSERT(fits); /* ascending keys */
        last = entry;
    }
    *out = state_fold_end(&fold);
    return VERDICT_OK;
}

static enum verdict check_all_pairs(const struct claim *claim, const struct hash32 *root, struct bytes prefix)
{
    struct hash32 hash;

    if (claim->pairs_count == 0) {
        return VERDICT_LENGTH;
    }
    if (claim->path.count > 0 && claim->path.steps[claim->path.count - 1].bit >= prefix.size * 8) {
        return VERDICT_HASH;
    }
    enum verdict verdict = rebuild_hash(claim, prefix, &hash);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    hash = climb(&claim->path, prefix, hash);
    return hash_equal(&hash, root) ? VERDICT_OK : VERDICT_HASH;
}

static enum verdict check_no_pairs(const struct claim *claim, const struct hash32 *root, struct bytes prefix)
{
    struct state_entry entry;

    if (claim->pairs_count == 0) {
        return check_empty(claim, root);
    }
    enum verdict verdict = check_single(claim, root, &entry);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return !has_prefix(entry.key, prefix) && same_sides(&claim->path, entry.key, prefix, (uint32_t)prefix.size * 8) ? VERDICT_OK : VERDICT_HASH;
}

enum verdict state_proof_check_prefix(struct state_proof *proof, struct bytes bytes, const struct hash32 *root, struct bytes prefix)
{
    struct claim claim;
    enum verdict verdict = read_claim(&claim, bytes);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (claim.kind != STATE_PROOF_PREFIX && claim.kind != STATE_PROOF_PREFIX_EMPTY) {
        return VERDICT_TYPE;
    }
    bool empty = claim.kind == STATE_PROOF_PREFIX_EMPTY;
    verdict = empty ? check_no_pairs(&claim, root, prefix) : check_all_pairs(&claim, root, prefix);
    *proof = (struct state_proof){ .kind = empty ? STATE_PROOF_PREFIX_EMPTY : STATE_PROOF_PREFIX, .pairs_count = empty ? 0 : claim.pairs_count,
        .pairs = claim.pairs };
    return verdict;
}

bool state_proof_next(struct state_proof *proof, struct state_entry *entry)
{
    if (proof->pairs_count == 0) {
        return false;
    }
    proof->pairs_count--;
    bool read = read_pair(&proof->pairs, entry);
    ASSERT(read);
    return true;
}
