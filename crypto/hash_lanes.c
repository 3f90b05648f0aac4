/* hash_lanes.c: which instructions hash several inputs at once.
 *
 * The choice is the one piece of state of this folder: made once, before there are threads. It changes no hash. */
#include "crypto/hash_lanes_priv.h"

#include "base/assert.h"

#include <string.h>

const uint64_t blake2b_start[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
    UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f), UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

struct lanes_set {
    size_t lanes; /* 1: none */
    void (*hash)(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs);
};

static const struct lanes_set sets[] = {
    [HASH_LANES_NONE] = { 1, NULL },
#if defined(__x86_64__)
    [HASH_LANES_AVX2] = { 4, avx2_hash_lanes },
    [HASH_LANES_AVX512] = { 8, avx512_hash_lanes },
#else
    [HASH_LANES_AVX2] = { 1, NULL },
    [HASH_LANES_AVX512] = { 1, NULL },
#endif
    [HASH_LANES_MODEL] = { 8, model_hash_lanes },
};

static const struct lanes_set *chosen = &sets[HASH_LANES_NONE];

static struct hash32 hash_single(const struct hash_prefix *prefix, const struct bytes *input)
{
    struct hasher hasher;

    hash_plain_init(&hasher);
    hash_update(&hasher, prefix->bytes, prefix->size);
    hash_update(&hasher, input->data, input->size);
    return hash_final(&hasher);
}

/* The last lanes may have nothing to do; they repeat the first input, and what they give is dropped. */
static void hash_some(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs, size_t n)
{
    struct bytes lane[HASH_LANES_MAX];
    struct hash32 hashes[HASH_LANES_MAX];

    ASSERT(n > 0);
    ASSERT(n < chosen->lanes);
    for (size_t i = 0; i < chosen->lanes; i++) {
        lane[i] = inputs[i < n ? i : 0];
    }
    chosen->hash(hashes, prefix, lane);
    memcpy(out, hashes, n * sizeof *out);
}

static void hash_all(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs, size_t n)
{
    size_t i = 0;

    for (; chosen->lanes > 1 && n - i >= chosen->lanes; i += chosen->lanes) {
        chosen->hash(out + i, prefix, inputs + i);
    }
    if (chosen->lanes > 1 && n - i >= 2) { /* one alone is cheaper without lanes */
        hash_some(out + i, prefix, inputs + i, n - i);
        return;
    }
    for (; i < n; i++) {
        out[i] = hash_single(prefix, &inputs[i]);
    }
}

void hash_many(struct hash32 *out, enum hash_tag tag, const struct bytes *inputs, size_t n)
{
    const char *text = hash_tag_text(tag);
    struct hash_prefix prefix = { .size = strlen(text), .bytes = { 0 } };

    ASSERT(prefix.size <= HASH_PREFIX_MAX);
    memcpy(prefix.bytes, text, prefix.size);
    hash_all(out, &prefix, inputs, n);
}

void hash_many_after(struct hash32 *out, enum hash_tag tag, const struct hash32 *first, const struct bytes *inputs, size_t n)
{
    const char *text = hash_tag_text(tag);
    size_t size = strlen(text);
    struct hash_prefix prefix = { .size = size + HASH_BYTES, .bytes = { 0 } };

    ASSERT(prefix.size <= HASH_PREFIX_MAX);
    memcpy(prefix.bytes, text, size);
    memcpy(prefix.bytes + size, first->bytes, HASH_BYTES);
    hash_all(out, &prefix, inputs, n);
}

void hash_plain_many(struct hash32 *out, uint8_t prefix, const struct bytes *inputs, size_t n)
{
    const struct hash_prefix one = { .size = 1, .bytes = { prefix } };

    hash_all(out, &one, inputs, n);
}

/* Inputs of no, one and several blocks, all lanes of different lengths. */
static bool lanes_agree(void)
{
    static const uint8_t data[3 * 128] = { 1, 2, 3, 5, 7, 11, [127] = 13, [128] = 17, [255] = 19, [383] = 23 };
    const struct hash_prefix prefix = { .size = 3, .bytes = { 'a', 'b', 'c' } };
    struct bytes inputs[HASH_LANES_MAX];
    struct hash32 hashes[HASH_LANES_MAX];

    for (size_t i = 0; i < HASH_LANES_MAX; i++) {
        inputs[i] = bytes_of(data + i, i * (sizeof data - HASH_LANES_MAX) / (HASH_LANES_MAX - 1));
    }
    hash_all(hashes, &prefix, inputs, HASH_LANES_MAX);
    for (size_t i = 0; i < HASH_LANES_MAX; i++) {
        struct hash32 expected = hash_single(&prefix, &inputs[i]);
        if (!hash_equal(&hashes[i], &expected)) {
            return false;
        }
    }
    return true;
}

bool hash_lanes_use(enum hash_lanes lanes)
{
    ASSERT(lanes <= HASH_LANES_MODEL);
    chosen = &sets[lanes];
    if (!lanes_agree()) {
        chosen = &sets[HASH_LANES_NONE];
        return false;
    }
    return true;
}
