/* merkle_fuzz.c: proofs of any shape are safe to verify; a true proof with anything changed is refused.
 *
 * Input: choice u8, a u64, b u64 (little-endian), then bytes.
 *   choice bit 0: consistency of a in b, else inclusion of a in b
 *   choice bit 1: the bytes are the proof's nodes; else a and b are taken small, the proof is made, and the bytes are changes
 *                 (position u16, mask u8) of its nodes */
#include "crypto/merkle.h"

#include "tests/fuzz/fuzz.h"

enum { LEAVES_MAX = 300, NODES_MAX = MERKLE_CONSISTENCY_MAX };

static struct hash32 leaves[LEAVES_MAX];

static void leaves_make(void)
{
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        const uint8_t number[2] = { (uint8_t)i, (uint8_t)(i >> 8) };
        leaves[i] = merkle_leaf(number, sizeof number);
    }
}

static struct hash32 root_of(size_t count)
{
    leaves_make();
    return merkle_root(leaves, count);
}

static void fuzz_nodes(bool is_consistency, uint64_t a, uint64_t b, struct reader *input)
{
    struct hash32 nodes[NODES_MAX + 2];
    struct hash32 root = root_of(3);
    size_t length = 0;

    while (length < NODES_MAX + 2 && reader_left(input) >= HASH_BYTES) {
        read_copy(input, nodes[length++].bytes, HASH_BYTES);
    }
    if (is_consistency) {
        (void)merkle_verify_consistency(a, &root, b, &nodes[0], nodes, length);
    } else {
        CHECK(!merkle_verify_inclusion(&root, a, b, &leaves[LEAVES_MAX - 1], nodes, length));
    }
}

/* Gives: whether the nodes are other than before. */
static bool change(struct hash32 *nodes, size_t length, struct reader *input)
{
    struct hash32 before[NODES_MAX];

    memcpy(before, nodes, length * sizeof *nodes);
    while (length > 0 && reader_left(input) >= 3) {
        size_t at = read_u16_le(input) % (length * HASH_BYTES);
        nodes[at / HASH_BYTES].bytes[at % HASH_BYTES] ^= read_u8(input);
    }
    return memcmp(before, nodes, length * sizeof *nodes) != 0;
}

static void fuzz_consistency(size_t old_count, size_t count, struct reader *input)
{
    struct hash32 nodes[NODES_MAX];
    struct hash32 old_root = root_of(old_count), root = root_of(count);
    size_t length;
    bool is_changed;

    leaves_make();
    length = merkle_consistency_of(leaves, count, old_count, nodes);
    is_changed = change(nodes, length, input);
    CHECK(merkle_verify_consistency(old_count, &old_root, count, &root, nodes, length) == !is_changed);
}

static void fuzz_inclusion(size_t index, size_t count, struct reader *input)
{
    struct merkle_path path;
    struct hash32 root = root_of(count), leaf;
    bool is_changed;

    leaves_make();
    leaf = leaves[index];
    merkle_path_of(leaves, count, index, &path);
    is_changed = change(path.nodes, path.length, input);
    CHECK(merkle_verify_inclusion(&leaf, index, count, &root, path.nodes, path.length) == !is_changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader input;
    uint8_t choice;
    uint64_t a, b;

    reader_init(&input, data, size);
    choice = read_u8(&input);
    a = read_u64_le(&input);
    b = read_u64_le(&input);
    if (input.failed) {
        return 0;
    }
    if ((choice & 2) != 0) {
        fuzz_nodes((choice & 1) != 0, a, b, &input);
        return 0;
    }
    b = 1 + b % LEAVES_MAX;
    if ((choice & 1) != 0) {
        fuzz_consistency((size_t)(1 + a % b), (size_t)b, &input);
    } else {
        fuzz_inclusion((size_t)(a % b), (size_t)b, &input);
    }
    return 0;
}
