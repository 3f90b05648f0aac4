/* engine.h: what a backend computes, behind one table of functions; all else (rules, scalars, caches, choices) is written once in crypto/ed25519.
 *
 * Every backend is compiled from the headers in crypto/ed25519/lanes/ over its own kernel.h. Points are given and taken in the backend's own
 * forms, which other code only copies: an entry (affine, to be added to others) and a sum (extended). Variable time: public data only. Pure. */
#ifndef WARD_CRYPTO_ED25519_ENGINE_H
#define WARD_CRYPTO_ED25519_ENGINE_H

#include "crypto/ed25519.h"
#include "crypto/ed25519/ref/point.h"

#define ENGINE_ENTRY_BYTES 128
#define ENGINE_SUM_BYTES 192     /* the largest of all backends' buckets */
#define ENGINE_LANES_MAX 8
#define ENGINE_SHORT_BITS 127    /* magnitude of a coefficient, and of half a scalar */
#define ENGINE_LONG_BITS 253     /* of a scalar */
#define ENGINE_WIDTH_MAX 9u      /* of a window of a sum */
#define ENGINE_COMB_WIDTH_MAX 10u /* of a window of a comb */
#define ENGINE_COMB_STEPS_MAX 4u
#define ENGINE_BASE_MULTIPLES 16 /* 1 B .. 16 B, for checks without tables */

struct engine_entry {
    _Alignas(64) uint8_t bytes[ENGINE_ENTRY_BYTES];
};

struct engine_sum {
    _Alignas(64) uint8_t bytes[ENGINE_SUM_BYTES];
};

/* A table of the multiples of one point that comb sums need. A scalar has COMB_WINDOWS(width) windows; `steps` neighbours share a row of the table: for row
 * r and digit d > 0, entry [r << (width - 1) | (d - 1)] is d 2^(width steps r) P. Window steps r + i is added from row r, and the sum of all windows with one i is
 * doubled `width` times before those with i - 1 come: one step takes no doubling and the most memory. */
struct engine_comb {
    const struct engine_entry *entry;
    unsigned width; /* 4 .. ENGINE_COMB_WIDTH_MAX */
    unsigned steps; /* 1 .. ENGINE_COMB_STEPS_MAX */
};

#define COMB_WINDOWS(width) ((ENGINE_LONG_BITS + 1 + (width) - 1) / (width)) /* one bit more than a scalar has, for the last carry */
#define COMB_ROWS(width, steps) ((COMB_WINDOWS(width) + (steps) - 1) / (steps))
#define COMB_ENTRIES(width, steps) ((size_t)COMB_ROWS(width, steps) << ((width) - 1))

/* S B - k A, to be computed by combs of A and B. */
struct engine_direct {
    struct engine_comb key;
    const struct scalar *k, *s;
};

/* The same when A is only known as an entry. */
struct engine_pair {
    const struct engine_entry *key;
    const struct scalar *k, *s;
};

/* A term of a sum: magnitude times point, negated if `minus`. The magnitude of a short term is below 2^ENGINE_SHORT_BITS, of a long one below
 * 2^ENGINE_LONG_BITS. */
struct engine_term {
    uint64_t limb[5]; /* little-endian; the last is zero */
    uint64_t minus;   /* 0 or 1 */
};

struct engine_terms {
    struct engine_term *term;          /* first the long ones, then the short ones; undefined after the sum */
    const struct engine_entry *point;  /* point[i] belongs to term[i] */
    size_t long_count, count;
    unsigned width;                    /* of a window, 4 .. ENGINE_WIDTH_MAX; costs differ, the sum does not */
    void *buckets;                     /* engine->buckets_bytes bytes, aligned to 64 */
};

struct engine {
    enum ed25519_backend backend;
    unsigned lanes;
    size_t buckets_bytes; /* scratch of one sum */

    /* challenge gives k[i] = SHA-512(R || A || digest) mod L of each item. */
    void (*challenge)(struct scalar *k, const struct sig_item *items, size_t n);

    /* pack writes an entry. */
    void (*pack)(struct engine_entry *out, const struct point_affine *a);

    /* decode reads n encodings as ZIP-215 does. Gives: ok[i]; out[i] where ok, something harmless where not. Cost: square roots, two vectors
     * interleaved. */
    void (*decode)(struct engine_entry *out, bool *ok, const uint8_t *const *bytes, size_t n);

    /* multiples writes d points[i] for d = 1 .. count to out[count i + d - 1]. Needs: tight coordinates. Cost: for each group of lanes fifteen
     * multiplications a multiple, and one inversion for every 32. */
    void (*multiples)(struct engine_entry *out, const struct point *points, size_t n, size_t count);

    /* direct gives sums[i] = S B - k A by combs. Items whose tables have the same shape should lie together. Needs: tables of keys that have more than one
     * step have one width; the base has one step. */
    void (*direct)(struct engine_sum *sums, const struct engine_direct *items, size_t n, struct engine_comb base);

    /* pairs gives the same from entries, with doublings; base holds 1 B .. 16 B. */
    void (*pairs)(struct engine_sum *sums, const struct engine_pair *items, size_t n, const struct engine_entry base[ENGINE_BASE_MULTIPLES]);

    /* match tells for each sum whether its encoding is the 32 bytes at encoded[i]. Cost: one inversion for all. Needs: n > 0; scratch for n sums
     * and ENGINE_LANES_MAX more. */
    void (*match)(bool *equal, const struct engine_sum *sums, const uint8_t *const *encoded, size_t n, struct engine_sum *scratch);

    /* settle tells for each whether [8](sums[i] - points[i]) is the identity. */
    void (*settle)(bool *small, const struct engine_sum *const *sums, const struct engine_entry *const *points, size_t n);

    /* sum gives the sum of all terms. */
    void (*sum)(struct point *out, const struct engine_terms *terms);
};

extern const struct engine engine_ref;
extern const struct engine engine_model;
#if defined(__x86_64__)
extern const struct engine engine_avx2;
extern const struct engine engine_ifma;
#endif

/* engine_base writes 1 B .. 16 B, and 2^ENGINE_SHORT_BITS B behind them. */
void engine_base(struct engine_entry out[ENGINE_BASE_MULTIPLES + 1], const struct engine *engine);

/* engine_high writes 2^ENGINE_SHORT_BITS A. Needs: the encoding decodes. Cost: a square root, 127 doublings, an inversion. */
void engine_high(struct engine_entry *out, const struct engine *engine, const uint8_t encoded[POINT_BYTES]);

/* engine_comb_build writes the table of a point, COMB_ENTRIES(width, steps) entries. Cost: 250 doublings, and the engine's multiples. */
void engine_comb_build(struct engine_entry *out, const struct engine *engine, const struct point *a, unsigned width, unsigned steps);

/* engine_of gives the functions of a backend, NULL when this build has none. It does not ask whether the processor can run them. */
const struct engine *engine_of(enum ed25519_backend backend);

/* engine_trial compares what each function of an engine computes with the portable code and libsodium (crypto/ed25519/trial.c). Fails: ERR_CONFLICT.
 * Cost: 160 KiB of stack, and 3 MB that are given back. Threads: any, one after the other. */
enum err engine_trial(const struct engine *engine);

#endif
