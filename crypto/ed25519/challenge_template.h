/* challenge_template.h: SHA-512 over LANES messages side by side, written once. Included by one source of each instruction set, which defines before
 *
 *     LANES                   messages at a time
 *     NAME(f)                 the name of a public function: ref_f, avx2_f, ...
 *     words                   a vector of LANES 64-bit words, with + of its own
 *     ROTATE(x, n), SHIFT(x, n)  each word rotated or shifted right
 *     XOR3(x, y, z), CHOOSE(x, y, z), MAJORITY(x, y, z)
 *     words_set(w)            the same word in every lane
 *     words_load(out, at)     out[0..3] = the words at at[lane], four for each lane, big-endian
 *     words_store(out, x)     the words of x as an array
 *
 * It has no state and no other effect than the functions of challenge.h that carry the prefix. */
#ifndef WARD_CRYPTO_ED25519_CHALLENGE_TEMPLATE_H
#define WARD_CRYPTO_ED25519_CHALLENGE_TEMPLATE_H

#include "crypto/ed25519/challenge.h"

#include "base/assert.h"

#include <string.h>

/* A message block of each lane and the state, word by word. */
struct schedule {
    words word[16];
};

struct state {
    words word[8];
};

#define BIG_SIGMA_0(x) XOR3(ROTATE(x, 28), ROTATE(x, 34), ROTATE(x, 39))
#define BIG_SIGMA_1(x) XOR3(ROTATE(x, 14), ROTATE(x, 18), ROTATE(x, 41))
#define SMALL_SIGMA_0(x) XOR3(ROTATE(x, 1), ROTATE(x, 8), SHIFT(x, 7))
#define SMALL_SIGMA_1(x) XOR3(ROTATE(x, 19), ROTATE(x, 61), SHIFT(x, 6))

/* One round; the caller renames the words instead of moving them. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                                                             \
    do {                                                                                                                                             \
        words sum = h + BIG_SIGMA_1(e) + CHOOSE(e, f, g) + (w->word[i] + words_set(round[i]));                                                       \
        d += sum;                                                                                                                                    \
        h = sum + BIG_SIGMA_0(a) + MAJORITY(a, b, c);                                                                                                \
    } while (0)

/* Sixteen rounds with the words of the schedule as they stand. */
static inline void sixteen_rounds(struct state *state, const struct schedule *w, const uint64_t round[16])
{
    words a = state->word[0], b = state->word[1], c = state->word[2], d = state->word[3];
    words e = state->word[4], f = state->word[5], g = state->word[6], h = state->word[7];

    ROUND(a, b, c, d, e, f, g, h, 0);
    ROUND(h, a, b, c, d, e, f, g, 1);
    ROUND(g, h, a, b, c, d, e, f, 2);
    ROUND(f, g, h, a, b, c, d, e, 3);
    ROUND(e, f, g, h, a, b, c, d, 4);
    ROUND(d, e, f, g, h, a, b, c, 5);
    ROUND(c, d, e, f, g, h, a, b, 6);
    ROUND(b, c, d, e, f, g, h, a, 7);
    ROUND(a, b, c, d, e, f, g, h, 8);
    ROUND(h, a, b, c, d, e, f, g, 9);
    ROUND(g, h, a, b, c, d, e, f, 10);
    ROUND(f, g, h, a, b, c, d, e, 11);
    ROUND(e, f, g, h, a, b, c, d, 12);
    ROUND(d, e, f, g, h, a, b, c, 13);
    ROUND(c, d, e, f, g, h, a, b, 14);
    ROUND(b, c, d, e, f, g, h, a, 15);
    *state = (struct state){ { a, b, c, d, e, f, g, h } };
}

/* Replaces the schedule by its next sixteen words. */
static inline void schedule_advance(struct schedule *w)
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        w->word[i] += SMALL_SIGMA_1(w->word[(i + 14) % 16]) + w->word[(i + 9) % 16] + SMALL_SIGMA_0(w->word[(i + 1) % 16]);
    }
}

static void compress(struct state *state, struct schedule *w)
{
    struct state next = *state;

    sixteen_rounds(&next, w, sha512_round);
    for (unsigned i = 16; i < SHA512_ROUNDS; i += 16) {
        schedule_advance(w);
        sixteen_rounds(&next, w, sha512_round + i);
    }
    for (unsigned i = 0; i < 8; i++) {
        state->word[i] += next.word[i];
    }
}

static void state_start(struct state *state)
{
    for (unsigned i = 0; i < 8; i++) {
        state->word[i] = words_set(sha512_start[i]);
    }
}

/* Writes the hash of one lane after the other: the state's words, big-endian. */
static void state_hashes(uint8_t hashes[LANES][SHA512_BYTES], const struct state *state)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word[LANES];

        words_store(word, state->word[i]);
        for (unsigned lane = 0; lane < LANES; lane++) {
            uint64_t turned = __builtin_bswap64(word[lane]);
            memcpy(hashes[lane] + 8 * i, &turned, 8);
        }
    }
}

/* The challenges of the first `n` of LANES items, the rest being copies of the first. */
static void challenge_lanes(struct scalar *k, const struct sig_item *const items[LANES], size_t n)
{
    const uint8_t *r[LANES], *a[LANES], *digest[LANES];
    uint8_t hashes[LANES][SHA512_BYTES];
    struct schedule w;
    struct state state;

    ASSERT(n <= LANES);
    for (unsigned lane = 0; lane < LANES; lane++) {
        r[lane] = items[lane]->signature;
        a[lane] = items[lane]->key;
        digest[lane] = items[lane]->digest;
    }
    words_load(w.word, r);
    words_load(w.word + 4, a);
    words_load(w.word + 8, digest);
    w.word[12] = words_set(UINT64_C(1) << 63); /* the bit after 96 bytes, zeros, the length in bits */
    w.word[13] = words_set(0);
    w.word[14] = words_set(0);
    w.word[15] = words_set(96 * 8);
    state_start(&state);
    compress(&state, &w);
    state_hashes(hashes, &state);
    for (size_t lane = 0; lane < n; lane++) {
        scalar_from_wide(&k[lane], hashes[lane]);
    }
}

void NAME(challenge)(struct scalar *k, const struct sig_item *items, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        const struct sig_item *lane[LANES];
        size_t count = n - i < LANES ? n - i : LANES;

        for (size_t j = 0; j < LANES; j++) {
            lane[j] = &items[j < count ? i + j : i];
        }
        challenge_lanes(k + i, lane, count);
    }
}

/* A message under way: whole blocks as they lie, then one or two that hold the rest and the padding. */
struct message {
    const uint8_t *data;
    size_t whole;  /* blocks that need no padding */
    size_t blocks; /* in all */
    uint8_t tail[2 * SHA512_BLOCK_BYTES];
};

static void message_begin(struct message *message, struct bytes bytes)
{
    size_t rest = bytes.size % SHA512_BLOCK_BYTES;
    size_t tails = rest + 1 + 16 <= SHA512_BLOCK_BYTES ? 1 : 2;
    uint64_t bits = __builtin_bswap64((uint64_t)bytes.size * 8); /* of the 128-bit length, the low half */

    ASSERT(bytes.size < SIZE_MAX / 8);
    message->data = bytes.data;
    message->whole = bytes.size / SHA512_BLOCK_BYTES;
    message->blocks = message->whole + tails;
    memset(message->tail, 0, sizeof message->tail);
    if (rest > 0) {
        memcpy(message->tail, bytes.data + bytes.size - rest, rest);
    }
    message->tail[rest] = 0x80;
    memcpy(message->tail + tails * SHA512_BLOCK_BYTES - 8, &bits, 8);
}

/* Gives block `i`; after its last block a lane hashes that one again, to no effect. */
static const uint8_t *message_block(const struct message *message, size_t i)
{
    size_t at = i < message->blocks ? i : message->blocks - 1;

    return at < message->whole ? message->data + at * SHA512_BLOCK_BYTES : message->tail + (at - message->whole) * SHA512_BLOCK_BYTES;
}

static void sha512_lanes(uint8_t (*hashes)[SHA512_BYTES], const struct message messages[LANES], size_t n, size_t blocks)
{
    uint8_t lanes[LANES][SHA512_BYTES];
    struct state state;

    state_start(&state);
    for (size_t i = 0; i < blocks; i++) {
        struct schedule w;

        for (unsigned part = 0; part < 4; part++) {
            const uint8_t *at[LANES];

            for (unsigned lane = 0; lane < LANES; lane++) {
                at[lane] = message_block(&messages[lane], i) + 32 * part;
            }
            words_load(w.word + 4 * part, at);
        }
        compress(&state, &w);
        state_hashes(lanes, &state);
        for (size_t lane = 0; lane < n; lane++) {
            if (messages[lane].blocks == i + 1) {
                memcpy(hashes[lane], lanes[lane], SHA512_BYTES);
            }
        }
    }
}

void NAME(sha512)(uint8_t (*hashes)[SHA512_BYTES], const struct bytes *messages, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        struct message lanes[LANES];
        size_t count = n - i < LANES ? n - i : LANES;
        size_t blocks = 0;

        for (size_t j = 0; j < LANES; j++) {
            message_begin(&lanes[j], messages[j < count ? i + j : i]);
            blocks = lanes[j].blocks > blocks ? lanes[j].blocks : blocks;
        }
        sha512_lanes(hashes + i, lanes, count, blocks);
    }
}

#endif
