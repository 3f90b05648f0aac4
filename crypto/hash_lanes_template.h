/* hash_lanes_template.h: BLAKE2b-256 over LANES inputs side by side, written once. Included by one source of each instruction set, which defines before
 *
 *     LANES                inputs at a time
 *     NAME(f)              the name of a public function
 *     words                a vector of LANES 64-bit words, with + and ^ of its own
 *     ROTATE(x, n)         each word rotated right by 16, 24, 32 or 63
 *     words_set(w)         the same word in every lane
 *     words_load(out, at)  out[0..3] = the words at at[lane], four for each lane, little-endian
 *
 * A lane whose input has ended goes on with blocks that no longer count: its hash is taken when its own last block was compressed. */
#ifndef WARD_CRYPTO_HASH_LANES_TEMPLATE_H
#define WARD_CRYPTO_HASH_LANES_TEMPLATE_H

#include "crypto/hash_lanes_priv.h"

#include "base/assert.h"

#include <string.h>

enum { BLOCK_BYTES = 128 };

struct state {
    words word[8];
};

/* One block of each lane, and where it stands in its input. */
struct block {
    words word[16];
    words counter; /* bytes of the input up to the end of this block */
    words last;    /* all ones in the lanes whose input ends here */
};

/* Where each round finds its words, counted in single words of the block. Rounds 10 and 11 are the first two again. */
#define ROW(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                                                                          \
    {                                                                                                                                                \
        (a)*LANES, (b)*LANES, (c)*LANES, (d)*LANES, (e)*LANES, (f)*LANES, (g)*LANES, (h)*LANES, (i)*LANES, (j)*LANES, (k)*LANES, (l)*LANES,          \
            (m)*LANES, (n)*LANES, (o)*LANES, (p)*LANES                                                                                               \
    }
static const uint8_t orders[12][16] = {
    ROW(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    ROW(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    ROW(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    ROW(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    ROW(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    ROW(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    ROW(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    ROW(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    ROW(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
    ROW(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    ROW(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
};

#define MIX(a, b, c, d, x, y)                                                                                                                        \
    do {                                                                                                                                             \
        v[a] += v[b] + (x);                                                                                                                          \
        v[d] = ROTATE(v[d] ^ v[a], 32);                                                                                                              \
        v[c] += v[d];                                                                                                                                \
        v[b] = ROTATE(v[b] ^ v[c], 24);                                                                                                              \
        v[a] += v[b] + (y);                                                                                                                          \
        v[d] = ROTATE(v[d] ^ v[a], 16);                                                                                                              \
        v[c] += v[d];                                                                                                                                \
        v[b] = ROTATE(v[b] ^ v[c], 63);                                                                                                              \
    } while (0)

/* The next two words that a round takes. What an order says is read where it is needed: read all at once, it would take the registers of the rest. */
#define TAKE(at) (*(const words *)(const void *)(m + order[at]))
#define MIX_NEXT(a, b, c, d, at)                                                                                                                     \
    do {                                                                                                                                             \
        __asm__("" : "+r"(order));                                                                                                                   \
        MIX(a, b, c, d, TAKE(at), TAKE((at) + 1));                                                                                                   \
    } while (0)

/* One round. Which words it takes is looked up at run time: unrolled, the rounds would fill a third of the first-level instruction cache. */
static inline void mix_round(words v[16], const words block[16], const uint8_t order[16])
{
    const uint64_t *m = (const uint64_t *)(const void *)block;

    MIX_NEXT(0, 4, 8, 12, 0);
    MIX_NEXT(1, 5, 9, 13, 2);
    MIX_NEXT(2, 6, 10, 14, 4);
    MIX_NEXT(3, 7, 11, 15, 6);
    MIX_NEXT(0, 5, 10, 15, 8);
    MIX_NEXT(1, 6, 11, 12, 10);
    MIX_NEXT(2, 7, 8, 13, 12);
    MIX_NEXT(3, 4, 9, 14, 14);
}

static void compress(struct state *state, const struct block *block)
{
    words v[16];

#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        v[i] = state->word[i];
        v[i + 8] = words_set(blake2b_start[i]);
    }
    v[12] ^= block->counter;
    v[14] ^= block->last;
    for (unsigned round = 0; round < 12; round++) {
        mix_round(v, block->word, orders[round]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        state->word[i] ^= v[i] ^ v[i + 8];
    }
}

/* Copies what block `i` of prefix || input holds; the rest of the block is zero. */
static void block_fill(uint8_t out[BLOCK_BYTES], const struct hash_prefix *prefix, const struct bytes *input, size_t i)
{
    size_t begin = i * BLOCK_BYTES; /* within prefix || input */
    size_t total = prefix->size + input->size;
    size_t at = 0;

    memset(out, 0, BLOCK_BYTES);
    if (i == 0) {
        memcpy(out, prefix->bytes, HASH_PREFIX_MAX); /* of a fixed size, which is cheaper; what lies behind the prefix is zero */
        at = prefix->size;
    }
    if (begin + at < total) {
        size_t left = total - begin - at;
        memcpy(out + at, input->data + (begin + at - prefix->size), left < BLOCK_BYTES - at ? left : BLOCK_BYTES - at);
    }
}

/* Gives where block `i` lies: in the input itself where that fills it, else in `room`. What was just written would be waited for. */
static const uint8_t *block_find(uint8_t room[BLOCK_BYTES], const struct hash_prefix *prefix, const struct bytes *input, size_t i)
{
    if (i > 0 && (i + 1) * BLOCK_BYTES <= prefix->size + input->size) { /* the prefix lies in block 0 */
        return input->data + (i * BLOCK_BYTES - prefix->size);
    }
    block_fill(room, prefix, input, i);
    return room;
}

/* Prepares block `i` of every lane. */
static void block_load(struct block *block, const struct hash_prefix *prefix, const struct bytes *inputs, size_t i)
{
    _Alignas(64) uint8_t bytes[LANES][BLOCK_BYTES];
    _Alignas(64) uint64_t counter[LANES];
    _Alignas(64) uint64_t last[LANES];
    const uint8_t *from[LANES];

    for (unsigned lane = 0; lane < LANES; lane++) {
        size_t total = prefix->size + inputs[lane].size;
        size_t end = (i + 1) * BLOCK_BYTES;

        from[lane] = block_find(bytes[lane], prefix, &inputs[lane], i);
        counter[lane] = total < end ? total : end;
        last[lane] = total <= end ? UINT64_MAX : 0;
    }
#pragma GCC unroll 4
    for (unsigned part = 0; part < 4; part++) {
        const uint8_t *at[LANES];

#pragma GCC unroll 8
        for (unsigned lane = 0; lane < LANES; lane++) {
            at[lane] = from[lane] + 32 * part;
        }
        words_load(block->word + 4 * part, at);
    }
    memcpy(&block->counter, counter, sizeof block->counter);
    memcpy(&block->last, last, sizeof block->last);
}

/* Blocks of prefix || input; nothing at all is one block as well. */
static size_t blocks_of(const struct hash_prefix *prefix, const struct bytes *input)
{
    size_t total = prefix->size + input->size;

    return total == 0 ? 1 : (total + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/* Takes the hash of each lane that ends with block `i`. */
static void state_take(struct hash32 *out, const struct state *state, const size_t blocks[LANES], size_t i)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (blocks[lane] != i + 1) {
            continue;
        }
        for (unsigned w = 0; w < HASH_BYTES / 8; w++) {
            memcpy(out[lane].bytes + 8 * w, (const uint8_t *)&state->word[w] + 8 * lane, 8);
        }
    }
}

void NAME(hash_lanes)(struct hash32 *out, const struct hash_prefix *prefix, const struct bytes *inputs)
{
    size_t blocks[LANES];
    size_t longest = 0;
    struct state state;

    ASSERT(prefix->size <= HASH_PREFIX_MAX);
    for (unsigned lane = 0; lane < LANES; lane++) {
        blocks[lane] = blocks_of(prefix, &inputs[lane]);
        longest = blocks[lane] > longest ? blocks[lane] : longest;
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        state.word[i] = words_set(blake2b_start[i] ^ (i == 0 ? 0x01010000u ^ HASH_BYTES : 0)); /* no key, fan-out and depth 1 */
    }
    for (size_t i = 0; i < longest; i++) {
        struct block block;

        block_load(&block, prefix, inputs, i);
        compress(&state, &block);
        state_take(out, &state, blocks, i);
    }
}

#endif
